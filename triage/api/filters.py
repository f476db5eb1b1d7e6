"""The query parameters: the filters, the bounds in time, the page size and the format, each described once.

The reader of a query (queries.py), the OpenAPI description (openapi.py), the options of the command line
(cli/options.py) and the table in docs/api.md come from here. What a finding has for each filter is in
storage/query.py, because storage cannot import this room.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

from triage.addresses import domain_name, guid, mailbox_address
from triage.audit.model import Verdict
from triage.coverage.model import MailboxChange
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.finding import FindingState, Scope
from triage.incidents import IncidentState
from triage.intake.message_id import MAX_MESSAGE_ID_CHARACTERS, repaired
from triage.intake.scenario import Scenario
from triage.storage.outbox_rows import DeliveryState
from triage.storage.query import FILTERS
from triage.wire import epoch_ns

# The usual form of an address, for OpenAPI. Readers also take display names, spaces and Unicode domains.
LOCAL_PATTERN = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
DOMAIN_PATTERN = r"([a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\.){1,3}[a-z]{2,20}"
# The beginning of an address that mailbox_address accepts.
_BEGINNING = re.compile(r"[^\s\x00-\x1f\x7f\"(),:;<>\[\\\]*]{1,320}\*")
MAX_TOP = 1000
DEFAULT_TOP = 100


class Kind(NamedTuple):
    """What a parameter accepts. `read` raises ValueError, and its text reads on from the name: "must be a GUID".

    What a filter reads is a tuple: a finding has one of its values.
    """

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
        return tuple(self.kind.schema.get("items", self.kind.schema).get("enum", ()))


def _any_of(values: Iterable[str]) -> Kind:
    """Some of these values, separated by commas."""
    one = _one_of(values)

    def read(text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.read(part) for part in text.split(",")))

    return Kind(read, {"type": "array", "items": one.schema, "minItems": 1})


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


def _mailbox(text: str) -> tuple[str]:
    """An address, or a pattern: how addresses begin, or their domain."""
    try:
        if text.startswith("*@"):
            return (f"*@{domain_name(text[2:])}",)
        if _BEGINNING.fullmatch(text):
            return (text.lower(),)
        return (mailbox_address(text),)
    except ValueError:
        known = "one mailbox address, such as adele@contoso.com, or a pattern, such as adele* or *@contoso.com"
        raise ValueError(f"must be {known}") from None


def _address(text: str) -> tuple[str]:
    return (mailbox_address(text),)


def _message(text: str) -> tuple[str]:
    """A Message-ID, repaired as that of a failure is."""
    if not text.strip() or len(text) > MAX_MESSAGE_ID_CHARACTERS:
        raise ValueError(f"must be a Message-ID of at most {MAX_MESSAGE_ID_CHARACTERS:,} characters")
    return (repaired(text),)


def _incident(text: str) -> tuple[str]:
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise ValueError("must be an incident's ID: 32 hexadecimal digits")
    return (text,)


def _tenant(text: str) -> tuple[str]:
    return (guid(text),)


_TENANT = Kind(_tenant, {"type": "string", "format": "uuid"})
_MAILBOX = Kind(
    _mailbox,
    {
        "type": "string",
        "pattern": rf"^{LOCAL_PATTERN}@{DOMAIN_PATTERN}$|^[A-Za-z0-9.-]{{1,64}}\*$",
        "examples": ["adele@contoso.com", "adele*", "*@contoso.com"],
    },
)
_INCIDENT = Kind(
    _incident, {"type": "string", "pattern": "^[0-9a-f]{32}$", "examples": ["8d3c5a27f0914be6a1d2c3b4e5f60718"]}
)
_ADDRESS = Kind(
    _address,
    {"type": "string", "pattern": rf"^{LOCAL_PATTERN}@{DOMAIN_PATTERN}$", "examples": ["adele@contoso.com"]},
)
_MESSAGE = Kind(
    _message,
    {
        "type": "string",
        "pattern": r"\S",  # what is no Message-ID is looked for as it is: a failure can have it
        "maxLength": MAX_MESSAGE_ID_CHARACTERS,
        "examples": ["<CAF3d2b7@mail.fabrikam.com>"],
    },
)
_INSTANT = Kind(_instant, {"type": "string", "format": "date-time"})
_TOP = Kind(_top, {"type": "integer", "format": "int32", "minimum": 1, "maximum": MAX_TOP, "default": DEFAULT_TOP})

_USUAL = (
    Parameter("tenantId", _TENANT, "The tenant's ID"),
    Parameter("mailbox", _MAILBOX, "The mailbox: its address, `name*` or `*@domain`"),
    Parameter("scenario", _any_of(Scenario), "What Email Threat Defense reported"),
    Parameter("cause", _any_of(Cause), "Why the remediation failed"),
    Parameter("severity", _any_of(Severity), "How serious the cause is"),
    Parameter("confidence", _any_of(Confidence), "How certain the cause is"),
    Parameter("exposed", _any_of(("true", "false", "null")), "Whether the message can still be opened; null: unknown"),
    Parameter("isRead", _any_of(("true", "false", "null")), "Whether the person has read the message; null: unknown"),
    Parameter("state", _any_of(FindingState), "The state of the finding"),
    Parameter("incidentId", _INCIDENT, "The incident that the finding belongs to"),
    Parameter("internetMessageId", _MESSAGE, "The message, by its Message-ID, in any mailbox"),
    Parameter("verdict", _any_of(Verdict), "The state of Email Threat Defense's app"),
    Parameter("since", _INSTANT, "The start of the period, included"),
    Parameter("until", _INSTANT, "The end of the period, included"),
    Parameter("top", _TOP, "The maximum number of items"),
    Parameter("format", _one_of(("json", "csv", "ocsf")), "The format of the findings"),
    Parameter(
        "fields",
        _one_of(("summary",)),
        "`summary` leaves `checks`, `actions`, `history` and `failure.raw` out of JSON",
    ),
)

# Parameters that mean something else in another collection, under a key of their own.
_OTHERS = {
    "address": Parameter("mailbox", _ADDRESS, "The mailbox's address"),
    "incidentState": Parameter("state", _any_of(IncidentState), "The state of the incident"),
    "deliveryState": Parameter("state", _any_of(DeliveryState), "The state of the notification"),
    "scope": Parameter("scope", _any_of(Scope), "What the incident is about"),
    "changed": Parameter("changed", _any_of(MailboxChange), "What has changed since the previous complete scan"),
    "table": Parameter("format", _one_of(("json", "csv")), "The format"),
}

PARAMETERS = {parameter.name: parameter for parameter in _USUAL} | _OTHERS

# The parameters of each collection. A page also takes `token`, which comes with the link to it.
FINDINGS = (*FILTERS, "since", "until", "top", "format", "fields")
RETRIAGE = (*FILTERS, "since", "until", "top")
AUDITS = ("tenantId", "verdict", "since", "until", "top")
SUMMARY = ("tenantId", "since", "until")
REJECTED = ("top",)
NOTIFICATIONS = ("tenantId", "deliveryState", "top")
EXPOSURES = ("tenantId", "address", "isRead", "incidentId", "top", "table")
MAILBOXES = ("cause", "changed", "top", "table")
INCIDENTS = ("tenantId", "incidentState", "scope", "cause", "severity", "since", "until", "top", "table")
