"""Reads a body, from HTTP or from the queue, as remediation failures.

A body is one failure, an array of 1 to 1,000, a Log Export row of Email Threat Defense, or any of these in an
envelope (envelope.py). Problems point at their place (RFC 6901). A body with a problem is refused as a whole.
Reading takes time in proportion to the size of the body, whatever is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from triage.intake.envelope import Envelope, binary_envelope, is_event, open_event
from triage.intake.failure import POLLER, Mailbox, RemediationFailure
from triage.intake.json_text import MAX_BODY_BYTES, IntakeError, Json, parse_json
from triage.intake.log_export import LogRows, is_log_export, read_log_export
from triage.intake.message_id import MAX_MESSAGE_ID_CHARACTERS
from triage.intake.problem_list import ProblemList
from triage.problems import Problem

MAX_FAILURES = 1000
_MAILBOX: TypeAdapter[str] = TypeAdapter(Mailbox)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A failure, the place that it was read from, and what distinguishes it under its sender's id."""

    pointer: str
    failure: RemediationFailure
    part: str | None = None


def read_body(body: bytes, headers: Mapping[str, str] | None = None) -> list[Accepted]:
    """The failures of a body, in order. IntakeError if the body, or a failure in it, can't be read.

    `headers` are those of an HTTP request, with names in lower case: they carry a CloudEvent in binary mode.
    """
    if len(body) > MAX_BODY_BYTES:
        raise _too_large("", f"is over {MAX_BODY_BYTES:,} bytes")
    value = parse_json(body)
    reader = _Reader(LogRows.of(value))
    reader.read(value, "", binary_envelope(headers or {}, reader.problems))
    reader.problems.raise_if_any()
    return reader.accepted


class _Reader:
    """Goes through one body and collects its failures and its problems."""

    def __init__(self, rows: LogRows) -> None:
        self._rows = rows
        self.accepted: list[Accepted] = []
        self.problems = ProblemList()

    def read(self, value: object, pointer: str, envelope: Envelope) -> None:
        """A value that may be an array. Arrays in arrays and envelopes in envelopes are refused."""
        if not isinstance(value, list):
            self._read_item(value, pointer, envelope, many=False)
            return
        items = cast("list[object]", value)
        if not items:
            self.problems.add(pointer, "is an empty array; give 1 to 1,000 failures")
        if len(items) > MAX_FAILURES:
            raise _too_large(pointer, f"has over {MAX_FAILURES:,} failures")
        for index, item in enumerate(items):
            if isinstance(item, list):
                self.problems.add(f"{pointer}/{index}", "is an array; a failure is an object")
            else:
                self._read_item(item, f"{pointer}/{index}", envelope, many=True)

    def _read_item(self, item: object, pointer: str, envelope: Envelope, *, many: bool) -> None:
        if not isinstance(item, dict):
            self.problems.add(pointer, "must be a failure: a JSON object")
            return
        event = cast("Json", item)
        if envelope.id is not None or not is_event(event):
            self._read_failure(event, pointer, envelope, many=many)
            return
        count = len(self.problems)
        inner, data, key = open_event(event, pointer, self.problems)
        if len(self.problems) == count:
            self.read(data, f"{pointer}/{key}", inner)

    def _read_failure(self, event: Json, pointer: str, envelope: Envelope, *, many: bool) -> None:
        log_export = is_log_export(event)
        if log_export and self._rows.is_context(event):
            return
        fields, places, raw = read_log_export(event, self._rows) if log_export else _read_plain(event)
        mailboxes = _mailboxes(fields, places, pointer, self.problems)
        if len(self.accepted) + len(mailboxes) > MAX_FAILURES:
            raise _too_large("", f"has over {MAX_FAILURES:,} failures (one for each mailbox)")
        if not log_export and envelope.source != POLLER and not _given(fields, "error", "errorCode"):
            self.problems.add(f"{pointer}/error", "is missing: give error or errorCode")
        message_id = fields.get("internetMessageId")
        if isinstance(message_id, str) and len(message_id) > MAX_MESSAGE_ID_CHARACTERS:
            place = places.get("internetMessageId", "internetMessageId")
            self.problems.add(f"{pointer}/{place}", f"is longer than {MAX_MESSAGE_ID_CHARACTERS:,} characters")
            return
        if not _given(fields, "messageId", "internetMessageId"):
            place = places.get("messageId", "messageId")
            self.problems.add(f"{pointer}/{place}", "is missing: give messageId or internetMessageId")
        part = None
        if envelope.id is not None:
            # One event may carry many failures: by its id alone, those of one mailbox would be the same.
            if many:
                part = json.dumps([fields.get(name) for name in ("id", "messageId", "internetMessageId", "occurredAt")])
            fields |= {"id": envelope.id, "source": envelope.source}
            raw = {**raw, "envelope": envelope.attributes} if envelope.attributes else raw
        if mailboxes:
            failures = self._validate({**fields, "raw": raw}, mailboxes, places, pointer)
            self.accepted += [Accepted(pointer, failure, part) for failure in failures]

    def _validate(
        self, fields: Json, mailboxes: list[tuple[str, object]], places: dict[str, str], pointer: str
    ) -> list[RemediationFailure]:
        """A failure for each mailbox, none twice. The other fields are the same for all: they are validated once."""
        (first_place, first), *others = mailboxes
        failure: RemediationFailure | None = None
        try:
            failure = RemediationFailure.model_validate({**fields, "mailbox": first})
        except ValidationError as error:
            for details in error.errors():
                name = str(details["loc"][0])
                place = first_place if name == "mailbox" else places.get(name, name)
                self.problems.add(f"{pointer}/{place}", _detail(details))
        addresses: dict[str, None] = {}
        for place, mailbox in others:
            try:
                addresses[_MAILBOX.validate_python(mailbox)] = None
            except ValidationError as error:
                self.problems.add(f"{pointer}/{place}", _detail(error.errors()[0]))
        if failure is None:
            return []
        addresses.pop(failure.mailbox, None)
        return [failure, *(failure.model_copy(update={"mailbox": address}) for address in addresses)]


def _too_large(pointer: str, detail: str) -> IntakeError:
    return IntakeError("too_large", [Problem(pointer, f"{detail}; send it in parts")])


def _detail(details: ErrorDetails) -> str:
    return details["msg"].removeprefix("Value error, ")


_FIELDS = (
    "id", "tenantId", "messageId", "internetMessageId", "mailbox", "mailboxes", "error", "errorCode",
    "action", "folder", "initiator", "verdict", "subject", "direction", "occurredAt",
)  # fmt: skip


def _read_plain(event: Json) -> tuple[Json, dict[str, str], Json]:
    fields = {name: event[name] for name in _FIELDS if name in event}
    return fields, {}, {name: value for name, value in event.items() if name not in fields}


def _given(fields: Json, *names: str) -> bool:
    """Whether one of the fields has a value. One that is not text counts: it is refused later, for its type."""
    values = (fields.get(name) for name in names)
    return any(value.strip() if isinstance(value, str) else value is not None for value in values)


_NO_MAILBOX_IN_ROW = (
    "is missing: neither this row nor a create row of the same message in the body names a mailbox. Add mailbox beside "
    "logType"
)


def _mailboxes(fields: Json, places: dict[str, str], pointer: str, problems: ProblemList) -> list[tuple[str, object]]:
    """The mailboxes of a failure with their places. Takes `mailbox` and `mailboxes` out of the fields."""
    one, several = fields.pop("mailbox", None), fields.pop("mailboxes", None)
    if isinstance(one, str) and not one.strip():
        one = None
    place = places.get("mailboxes", "mailboxes")
    found: list[tuple[str, object]] = [] if one is None else [(places.get("mailbox", "mailbox"), one)]
    if isinstance(several, list):
        found += [(f"{place}/{index}", mailbox) for index, mailbox in enumerate(cast("list[object]", several))]
    elif several is not None:
        problems.add(f"{pointer}/{place}", "must be an array of addresses")
    if not found and not isinstance(several, str | dict):
        row = "mailboxes" in places
        where = place if several is not None or row else "mailbox"
        problems.add(f"{pointer}/{where}", _NO_MAILBOX_IN_ROW if row else "is missing: give mailbox or mailboxes")
    return found
