"""Reads message rows of Email Threat Defense's Log Export (developer.cisco.com, Message Search API, Log Export).

`{"logType": "message", "message": {"id", "internetMessageId", "mailboxes", "verdict": {}, "action": {}, ...}}`. A row
says what was to be done with a message, not whether it worked: `error`, `errorCode` or `tenantId` may be added to it,
beside `logType` or inside `message`.
"""

from __future__ import annotations

from typing import Any, cast

Json = dict[str, Any]

_ADDED = ("id", "tenantId", "error", "errorCode", "mailbox", "occurredAt")


def is_log_export(event: Json) -> bool:
    """Whether an object is a row of the message log."""
    return event.get("logType") == "message" and isinstance(event.get("message"), dict)


def read_log_export(event: Json) -> tuple[Json, dict[str, str], Json]:
    """The fields of a failure in a row, the place of each (the end of its JSON pointer), and the rest of the row."""
    message = cast("Json", event["message"])
    places: dict[str, str] = {}
    fields: Json = {}
    used: set[str] = set()

    def take(name: str, value: object, place: str) -> None:
        if value is not None and fields.get(name) is None:
            fields[name] = value
            places[name] = place
            used.add(place)

    for name in _ADDED:
        take(name, event.get(name), name)
    for name in ("tenantId", "error", "errorCode", "mailbox", "internetMessageId", "mailboxes", "subject"):
        take(name, message.get(name), f"message/{name}")
    take("messageId", message.get("id"), "message/id")
    for name, key in (("action", "action"), ("folder", "folder"), ("initiator", "remediatedBy")):
        take(name, _member(message, "action", key), f"message/action/{key}")
    for key in ("verdict", "category"):
        take("verdict", _member(message, "verdict", key), f"message/verdict/{key}")
    take("occurredAt", _member(message, "action", "timestamp"), "message/action/timestamp")
    take("occurredAt", message.get("timestamp"), "message/timestamp")
    places.setdefault("mailboxes", "message/mailboxes")
    places.setdefault("messageId", "message/id")
    return fields, places, _rest(event, used)


def _member(message: Json, name: str, key: str) -> object:
    member = message.get(name)
    return cast("Json", member).get(key) if isinstance(member, dict) else None


def _rest(event: Json, used: set[str], prefix: str = "") -> Json:
    """The row without the members that were read from it."""
    rest: Json = {}
    for name, value in event.items():
        if prefix + name in used:
            continue
        if isinstance(value, dict) and value and (not prefix or name in ("verdict", "action")):
            if left := _rest(cast("Json", value), used, f"{prefix}{name}/"):
                rest[name] = left
        else:
            rest[name] = value
    return rest
