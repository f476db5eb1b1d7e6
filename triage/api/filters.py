"""The query parameters: the filters, the bounds in time, the page size and the format, each described once.

The reader of a query (queries.py), the OpenAPI description (openapi.py), the options of the command line
(cli/options.py) and the table in docs/api.md come from here. What a finding has for each filter is in
storage/index.py, because storage cannot import this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

from triage.addresses import guid, mailbox_address
from triage.audit.model import Verdict
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.intake.scenario import Scenario
from triage.storage.index import FILTERS
from triage.wire import epoch_ns

MAX_TOP = 1000
DEFAULT_TOP = 100


class Kind(NamedTuple):
    """What a parameter accepts. `read` raises ValueError, and its text reads on from the name: "must be a GUID"."""

    read: Callable[[str], Any]
    schema: dict[str, Any]


class Parameter(NamedTuple):
    """A query parameter. `description` is a phrase without a period, for OpenAPI, `--help` and docs/api.md."""

    name: str
    kind: Kind
    description: str

    @property
    def values(self) -> tuple[str, ...]:
        """The accepted values; empty if there is no list of them."""
        return tuple(self.kind.schema.get("enum", ()))


def _one_of(values: Iterable[str]) -> Kind:
    words = [str(value) for value in values]

    def read(text: str) -> str:
        if text in words:
            return text
        close = get_close_matches(text.lower(), words, n=1)
        known = f"a known value (did you mean {close[0]}?)" if close else f"one of {', '.join(words)}"
        raise ValueError(f"must be {known}")

    return Kind(read, {"type": "string", "enum": words})


def _top(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_TOP:
        raise ValueError(f"must be a whole number from 1 to {MAX_TOP}")
    return int(text)


def _instant(text: str) -> int:
    """Nanoseconds since 1970. A `+` that was not encoded arrives as a space."""
    return epoch_ns(text.replace(" ", "+") if "T" in text.upper() else text)


_GUID = Kind(guid, {"type": "string", "format": "uuid"})
_MAILBOX = Kind(mailbox_address, {"type": "string", "format": "email"})
_INSTANT = Kind(_instant, {"type": "string", "format": "date-time"})
_TOP = Kind(_top, {"type": "integer", "minimum": 1, "maximum": MAX_TOP, "default": DEFAULT_TOP})

PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter("tenantId", _GUID, "The tenant's ID"),
        Parameter("mailbox", _MAILBOX, "The address of the mailbox"),
        Parameter("scenario", _one_of(Scenario), "What Email Threat Defense reported"),
        Parameter("cause", _one_of(Cause), "Why the remediation failed"),
        Parameter("severity", _one_of(Severity), "How serious the cause is"),
        Parameter("confidence", _one_of(Confidence), "How certain the cause is"),
        Parameter(
            "exposed", _one_of(("true", "false", "null")), "Whether the message can still be opened; null: unknown"
        ),
        Parameter("verdict", _one_of(Verdict), "The state of Email Threat Defense's app"),
        Parameter("since", _INSTANT, "The start of the period, included"),
        Parameter("until", _INSTANT, "The end of the period, included"),
        Parameter("top", _TOP, "The maximum number of items"),
        Parameter("format", _one_of(("json", "csv", "ocsf")), "The format of the findings"),
    )
}

# The parameters of each collection. A page also takes `token`, which comes with the link to it.
FINDINGS = (*FILTERS, "since", "until", "top", "format")
RETRIAGE = (*FILTERS, "since", "until", "top")
AUDITS = ("tenantId", "verdict", "since", "until", "top")
SUMMARY = ("tenantId", "since", "until")
REJECTED = ("top",)
