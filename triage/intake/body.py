"""What came in, over HTTP or on the queue, read as remediation failures.

A body is one failure, an array of 1 to 1,000, a Log Export row of Email Threat Defense, or any of these in an
envelope (envelope.py). Errors point at the place (RFC 6901). A body with an error is refused as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import ValidationError

from triage.intake.envelope import Envelope, binary_envelope, is_event, open_event
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import MAX_BODY_BYTES, IntakeError, Json, parse_json
from triage.intake.log_export import is_log_export, read_log_export
from triage.problems import Problem

MAX_FAILURES = 1000
_MAX_ERRORS = 100


@dataclass(frozen=True, slots=True)
class Accepted:
    """A failure, the place that it was read from, and what distinguishes it under its sender's id."""

    pointer: str
    failure: RemediationFailure
    part: str | None = None


def read_body(body: bytes, headers: Mapping[str, str] | None = None) -> list[Accepted]:
    """The failures of a body, in order; IntakeError if one of them, or the body, can't be read.

    `headers` are those of an HTTP request, in lower case: they carry a CloudEvent in binary mode.
    """
    if len(body) > MAX_BODY_BYTES:
        raise IntakeError("too_large", [Problem("", f"is over {MAX_BODY_BYTES:,} bytes; send it in parts")])
    value = parse_json(body)
    problems: list[Problem] = []
    accepted: list[Accepted] = []
    envelope = binary_envelope(headers or {}, problems)
    for read in _read(value, "", envelope, problems):
        accepted.append(read)
        if len(accepted) > MAX_FAILURES:
            detail = f"has over {MAX_FAILURES:,} failures (one for each mailbox); send it in parts"
            raise IntakeError("too_large", [Problem("", detail)])
    if problems:
        raise IntakeError("not_a_failure", problems[:_MAX_ERRORS])
    return accepted


def _read(value: object, pointer: str, envelope: Envelope, problems: list[Problem]) -> Iterator[Accepted]:
    """The failures in a value. Arrays in arrays and envelopes in envelopes are refused."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        if not items:
            problems.append(Problem(pointer, "is an empty array; give 1 to 1,000 failures"))
        if len(items) > MAX_FAILURES:
            detail = f"has over {MAX_FAILURES:,} failures; send it in parts"
            raise IntakeError("too_large", [Problem(pointer, detail)])
        for index, item in enumerate(items):
            if isinstance(item, list):
                problems.append(Problem(f"{pointer}/{index}", "is an array; a failure is an object"))
            else:
                yield from _read_item(item, f"{pointer}/{index}", envelope, problems, many=True)
    else:
        yield from _read_item(value, pointer, envelope, problems, many=False)


def _read_item(
    item: object, pointer: str, envelope: Envelope, problems: list[Problem], *, many: bool
) -> Iterator[Accepted]:
    if not isinstance(item, dict):
        problems.append(Problem(pointer, "must be a failure: a JSON object"))
        return
    event = cast("Json", item)
    if envelope.id is None and is_event(event):
        count = len(problems)
        inner, data, key = open_event(event, pointer, problems)
        if len(problems) == count:
            yield from _read(data, f"{pointer}/{key}", inner, problems)
        return
    yield from _read_failure(event, pointer, envelope, problems, many=many)


def _read_failure(
    event: Json, pointer: str, envelope: Envelope, problems: list[Problem], *, many: bool
) -> Iterator[Accepted]:
    log_export = is_log_export(event)
    fields, places, raw = read_log_export(event) if log_export else _read_plain(event)
    count = len(problems)
    mailboxes = _mailboxes(fields, places, pointer, problems)
    if not log_export and not _given(fields, "error", "errorCode"):
        problems.append(Problem(f"{pointer}/error", "is missing: give error or errorCode"))
    if not _given(fields, "messageId", "internetMessageId"):
        place = places.get("messageId", "messageId")
        problems.append(Problem(f"{pointer}/{place}", "is missing: give messageId or internetMessageId"))
    part = None
    if envelope.id is not None:
        # One event may carry many failures: by its id alone, those of one mailbox would be the same.
        if many:
            part = json.dumps([fields.get(name) for name in ("id", "messageId", "internetMessageId", "occurredAt")])
        fields = {**fields, "id": envelope.id, "source": envelope.source}
        raw = {**raw, "envelope": envelope.attributes} if envelope.attributes else raw
    seen: set[str] = set()
    for place, mailbox in mailboxes:
        try:
            failure = RemediationFailure.model_validate({**fields, "mailbox": mailbox, "raw": raw})
        except ValidationError as error:
            for problem in error.errors():
                name = str(problem["loc"][0])
                where = place if name == "mailbox" else places.get(name, name)
                entry = Problem(f"{pointer}/{where}", problem["msg"].removeprefix("Value error, "))
                if entry not in problems[count:]:
                    problems.append(entry)
            continue
        if len(problems) == count and failure.mailbox not in seen:
            seen.add(failure.mailbox)
            yield Accepted(pointer, failure, part)


_FIELDS = (
    "id", "tenantId", "messageId", "internetMessageId", "mailbox", "mailboxes", "error", "errorCode",
    "action", "folder", "initiator", "verdict", "subject", "occurredAt",
)  # fmt: skip


def _read_plain(event: Json) -> tuple[Json, dict[str, str], Json]:
    fields = {name: event[name] for name in _FIELDS if name in event}
    return fields, {}, {name: value for name, value in event.items() if name not in fields}


def _given(fields: Json, *names: str) -> bool:
    """Whether one of the fields has a value. One that is not text counts: it is refused later, for its type."""
    values = (fields.get(name) for name in names)
    return any(value.strip() if isinstance(value, str) else value is not None for value in values)


def _mailboxes(fields: Json, places: dict[str, str], pointer: str, problems: list[Problem]) -> list[tuple[str, object]]:
    """The mailboxes of a failure with their places. Takes `mailbox` and `mailboxes` out of the fields."""
    one, several = fields.pop("mailbox", None), fields.pop("mailboxes", None)
    place = places.get("mailboxes", "mailboxes")
    found: list[tuple[str, object]] = [] if one is None else [(places.get("mailbox", "mailbox"), one)]
    if isinstance(several, list):
        found += [(f"{place}/{index}", mailbox) for index, mailbox in enumerate(cast("list[object]", several))]
    elif several is not None:
        problems.append(Problem(f"{pointer}/{place}", "must be an array of addresses"))
    if not found and not isinstance(several, str | dict):
        where = place if several is not None or "mailboxes" in places else "mailbox"
        problems.append(Problem(f"{pointer}/{where}", "is missing: give mailbox or mailboxes"))
    return found
