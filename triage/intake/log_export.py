"""Reads message rows of Email Threat Defense's Log Export (developer.cisco.com, Message Search API, Log Export).

`{"logType": "message", "message": {"id", "internetMessageId", "mailboxes", "verdict": {}, "action": {}, ...}}`. A row
says what was to be done with a message, not whether it worked: `error`, `errorCode` or `tenantId` may be added to it,
beside `logType` or inside `message`. A message has a row when it arrives (`eventType` `create`), and one for each change
(`update`) that has only what changed: rows of one body are joined by the message's id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

Json = dict[str, Any]

_ADDED = ("id", "tenantId", "error", "errorCode", "mailbox", "occurredAt")


# What an `update` row takes from the `create` row of its message.
_JOINED = ("internetMessageId", "subject", "direction")


@dataclass(frozen=True, slots=True)
class LogRows:
    """The rows of one body: the messages of `create` rows by their id, and the ids of `update` rows."""

    created: dict[str, Json]
    updated: frozenset[str]

    @classmethod
    def of(cls, body: object) -> LogRows:
        """The rows in a body: alone, in an array, and in the data of events."""
        created: dict[str, Json] = {}
        updated: set[str] = set()
        for item in _rows_in(body):
            message = cast("Json", item["message"])
            name, kind = message.get("id"), message.get("eventType")
            if isinstance(name, str) and kind == "create":
                created.setdefault(name, message)
            elif isinstance(name, str) and kind == "update":
                updated.add(name)
        return cls(created, frozenset(updated))

    def is_context(self, event: Json) -> bool:
        """Whether a row only says what a message is: nothing was done in it, and an `update` row says what was."""
        message = cast("Json", event["message"])
        name, kind = message.get("id"), message.get("eventType")
        failed = any(part.get(key) for part in (event, message) for key in ("error", "errorCode"))
        changed = isinstance(name, str) and name in self.updated
        return kind == "create" and changed and not failed and not message.get("action")

    def create_row(self, message: Json) -> Json:
        """The message of the `create` row that an `update` row belongs to; empty if there is none."""
        name = message.get("id")
        if message.get("eventType") != "update" or not isinstance(name, str):
            return {}
        return self.created.get(name) or {}


def _rows_in(body: object) -> Iterator[Json]:
    """The rows in a value and in the data of the events in it."""
    for item in _items(body):
        if isinstance(item, dict):
            event = cast("Json", item)
            for one in (event, *_items(event.get("data"))):
                if isinstance(one, dict) and is_log_export(row := cast("Json", one)):
                    yield row


def _items(data: object) -> list[object]:
    return cast("list[object]", data) if isinstance(data, list) else [data]


def is_log_export(event: Json) -> bool:
    """Whether an object is a row of the message log."""
    return event.get("logType") == "message" and isinstance(event.get("message"), dict)


def read_log_export(event: Json, rows: LogRows) -> tuple[Json, dict[str, str], Json]:
    """The fields of a failure in a row joined with its `create` row, and the rest of the row.

    Between them, the place of each field: the end of its JSON pointer.
    """
    message = cast("Json", event["message"])
    places: dict[str, str] = {}
    fields: Json = {}
    used: set[str] = set()

    def take(name: str, value: object, place: str) -> None:
        if isinstance(value, str) and not value.strip():
            used.add(place)  # it says nothing
        elif value is not None and fields.get(name) is None:
            fields[name] = value
            places[name] = place
            used.add(place)

    for name in _ADDED:
        take(name, event.get(name), name)
    for name in ("tenantId", "error", "errorCode", "mailbox", "internetMessageId", "mailboxes", "subject", "direction"):
        take(name, message.get(name), f"message/{name}")
    take("messageId", message.get("id"), "message/id")
    for name, key in (("action", "action"), ("folder", "folder"), ("initiator", "remediatedBy")):
        take(name, _member(message, "action", key), f"message/action/{key}")
    for key in ("verdict", "category"):
        take("verdict", _member(message, "verdict", key), f"message/verdict/{key}")
    take("occurredAt", _member(message, "action", "timestamp"), "message/action/timestamp")
    take("occurredAt", message.get("timestamp"), "message/timestamp")
    created = rows.create_row(message)
    if not fields.get("mailboxes") and fields.get("mailbox") is None:
        fields.pop("mailboxes", None)
        take("mailboxes", created.get("mailboxes"), "message/mailboxes")
    for name in _JOINED:
        take(name, created.get(name), f"message/{name}")
    for key in ("verdict", "category"):
        take("verdict", _member(created, "verdict", key), f"message/verdict/{key}")
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
