"""What came in, over HTTP or on the queue, read as remediation failures.

A body is one failure, an array of 1 to 1,000, a Log Export row of Email Threat Defense, or any of these in a
CloudEvents 1.0 envelope (https://github.com/cloudevents/spec) or an Event Grid event. Errors point at the place
(RFC 6901), and a body with an error is refused whole.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from pydantic import ValidationError

from triage.intake.failure import RemediationFailure
from triage.intake.log_export import is_log_export, read_log_export

MAX_FAILURES = 1000
MAX_BODY_BYTES = 1024 * 1024
# A failure is kept in a finding and read back by pydantic, which goes 200 levels deep.
MAX_DEPTH = 100
_MAX_ERRORS = 100

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a body."""

    pointer: str
    detail: str


class IntakeError(ValueError):
    """A body that cannot be read as failures. `reason` is one of the contract's for rejected events."""

    def __init__(self, reason: str, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.pointer or '(body)'}: {problem.detail}" for problem in problems[:3]))
        self.reason = reason
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Accepted:
    """A failure, the place that it was read from, and what tells it apart under its sender's id."""

    pointer: str
    failure: RemediationFailure
    part: str | None = None


@dataclass(slots=True)
class _Envelope:
    """What the envelope around a failure says of it."""

    id: str | None = None
    source: str | None = None
    attributes: Json = field(default_factory=dict[str, Any])


def read_body(body: bytes, headers: Mapping[str, str] | None = None) -> list[Accepted]:
    """The failures of a body, in order; IntakeError where one of them, or the body, cannot be read.

    `headers` are those of an HTTP request, in lower case: they carry a CloudEvent in binary mode.
    """
    if len(body) > MAX_BODY_BYTES:
        raise IntakeError("too_large", [Problem("", f"is over {MAX_BODY_BYTES:,} bytes; send it in parts")])
    value = _parse(body)
    problems: list[Problem] = []
    accepted: list[Accepted] = []
    envelope = _binary_envelope(headers or {}, problems)
    for read in _read(value, "", envelope, problems):
        accepted.append(read)
        if len(accepted) > MAX_FAILURES:
            detail = f"has over {MAX_FAILURES:,} failures (one for each mailbox); send it in parts"
            raise IntakeError("too_large", [Problem("", detail)])
    if problems:
        raise IntakeError("not_a_failure", problems[:_MAX_ERRORS])
    return accepted


def validation_code(body: bytes) -> str | None:
    """The code that Event Grid wants back when a body is its subscription handshake, else None."""
    if len(body) > MAX_BODY_BYTES or b"SubscriptionValidationEvent" not in body:
        return None
    value = _parse(body)
    events = cast("list[object]", value) if isinstance(value, list) else [value]
    event = cast("Json", events[0]) if len(events) == 1 and isinstance(events[0], dict) else {}
    data: object = event.get("data")
    if event.get("eventType") != "Microsoft.EventGrid.SubscriptionValidationEvent" or not isinstance(data, dict):
        return None
    code = cast("Json", data).get("validationCode")
    return code if isinstance(code, str) else None


def _parse(body: bytes) -> object:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(body, parse_constant=refuse)
        # Half of a surrogate pair is JSON to a parser, and text to no one else.
        json.dumps(value, ensure_ascii=False).encode()
        if _deeper(value, MAX_DEPTH):
            raise RecursionError
    except RecursionError:
        raise IntakeError("not_json", [Problem("", "is nested too deeply")]) from None
    except UnicodeEncodeError:
        raise IntakeError("not_json", [Problem("", "has half a character (an unpaired surrogate)")]) from None
    except ValueError as error:
        raise IntakeError("not_json", [Problem("", f"is not JSON: {error}")]) from None
    return value


def _deeper(value: object, most: int) -> bool:
    """Whether arrays and objects are nested in more than so many levels."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in cast("list[object]", outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _read(value: object, pointer: str, envelope: _Envelope, problems: list[Problem]) -> Iterator[Accepted]:
    """The failures in a value; nested arrays do not occur, nor do envelopes in envelopes."""
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
    item: object, pointer: str, envelope: _Envelope, problems: list[Problem], *, many: bool
) -> Iterator[Accepted]:
    if not isinstance(item, dict):
        problems.append(Problem(pointer, "must be a failure: a JSON object"))
        return
    event = cast("Json", item)
    if envelope.id is None and ("specversion" in event or ("eventType" in event and "data" in event)):
        count = len(problems)
        inner, data, key = _open(event, pointer, problems)
        if len(problems) == count:
            yield from _read(data, f"{pointer}/{key}", inner, problems)
        return
    yield from _read_failure(event, pointer, envelope, problems, many=many)


def _open(event: Json, pointer: str, problems: list[Problem]) -> tuple[_Envelope, object, str]:
    """A CloudEvent (structured mode) or an Event Grid event: its envelope, its data, and the data's key."""
    cloud = "specversion" in event
    if cloud and event["specversion"] != "1.0":
        problems.append(Problem(f"{pointer}/specversion", "must be 1.0, the version of CloudEvents that is read"))
    for name in ("id", "source", "type") if cloud else ("id",):
        if not isinstance(event.get(name), str) or not event[name].strip():
            problems.append(Problem(f"{pointer}/{name}", "is missing: the envelope needs it"))
    key = "data_base64" if "data_base64" in event and "data" not in event else "data"
    data: object = event.get(key)
    if data is None:
        problems.append(Problem(f"{pointer}/data", "is missing: it holds the failure"))
    elif isinstance(data, str):
        try:
            data = _parse(base64.b64decode(data, validate=True) if key == "data_base64" else data.encode())
        except (IntakeError, binascii.Error):
            problems.append(Problem(f"{pointer}/{key}", "must hold a failure in JSON"))
    known = {"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", key}
    known |= set() if cloud else {"topic", "eventType", "eventTime", "dataVersion", "metadataVersion"}
    attributes = {name: value for name, value in event.items() if name not in known}
    source = event.get("source") if cloud else None
    return _Envelope(cast("str | None", event.get("id")), cast("str | None", source), attributes), data, key


def _binary_envelope(headers: Mapping[str, str], problems: list[Problem]) -> _Envelope:
    """The envelope of a CloudEvent whose attributes are HTTP headers (binary mode), or an empty one."""
    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    if "specversion" not in attributes:
        return _Envelope()
    if attributes["specversion"] != "1.0":
        problems.append(Problem("", "the header ce-specversion must be 1.0"))
    for name in ("id", "source", "type"):
        if not attributes.get(name, "").strip():
            problems.append(Problem("", f"the header ce-{name} is missing: a CloudEvent needs it"))
    known = ("specversion", "id", "source", "type", "time", "subject", "dataschema")
    extensions = {name: value for name, value in attributes.items() if name not in known}
    return _Envelope(attributes.get("id"), attributes.get("source"), extensions)


def _read_failure(
    event: Json, pointer: str, envelope: _Envelope, problems: list[Problem], *, many: bool
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
        # One event may carry many failures; its id alone would make those of one mailbox the same.
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
    """Whether one of the fields says something; what is no text counts, and is refused for its type."""
    values = (fields.get(name) for name in names)
    return any(value.strip() if isinstance(value, str) else value is not None for value in values)


def _mailboxes(fields: Json, places: dict[str, str], pointer: str, problems: list[Problem]) -> list[tuple[str, object]]:
    """The mailboxes of a failure with their places; `mailbox` and `mailboxes` are taken out of the fields."""
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
