"""The rows of the outbox (outbox.py): keys, columns, and what they mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from triage.notifications.notice import Numbers
from triage.notifications.pending import LastSent, Pending, channel_key
from triage.settings import NotificationEvent
from triage.storage.documents import pack_compressed
from triage.storage.shards import shard_of
from triage.wire import Guid, Instant, Wire, epoch_ns, from_epoch_ns, newest_first

COLUMNS = (
    "PartitionKey", "RowKey", "id", "channel", "event", "subjectId", "number", "at", "due", "tenantId", "severity",
    "scope", "ended", "attempts", "firstTried", "nextTry", "lastError", "unsure",
)  # fmt: skip

Entity = dict[str, Any]


class DeliveryState(StrEnum):
    """The state of a notification."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Wire):
    """A notification to one channel."""

    id: str
    """The ID of the event that the receiver gets."""
    channel: str
    """The name of the channel."""
    event: NotificationEvent
    subject_id: str
    """The ID of the incident, audit or scan."""
    tenant_id: Guid | None
    """The tenant that it is about; null: no tenant."""
    created_at: Instant
    """When it was created."""
    state: DeliveryState
    attempts: int
    """How often it was sent."""
    last_error: str | None
    """The receiver's last answer, if it did not accept the notification."""


def outbox_rows(rows: Iterable[Pending]) -> list[Entity]:
    """The entities of notifications, for the transaction of what they are about."""
    return [
        {**entity_of(row, f"out|{place(row)}"), **pack_compressed("document", row.document)} for row in rows
    ]  # fmt: skip


def shard_of_subject(subject_id: str) -> str:
    """The shard of a subject. Most IDs begin with a hexadecimal digit, as an incident's does."""
    begins_as_one = subject_id[:1] in set("0123456789abcdef")
    return shard_of(subject_id if begins_as_one else hashlib.sha256(subject_id.encode()).hexdigest())


def shard(row: Pending) -> str:
    return shard_of_subject(row.subject_id)


def place(row: Pending) -> str:
    return f"{newest_first(row.at)}|{row.id}"


def last_sent_key(channel: str, subject_id: str) -> str:
    return f"told|{channel_key(channel)}|{subject_id}"


def entity_of(row: Pending, row_key: str) -> Entity:
    """The columns of a row. None is stored as an empty text, because a merge keeps missing columns."""
    return {
        "PartitionKey": shard(row),
        "RowKey": row_key,
        "id": row.id,
        "channel": row.channel,
        "event": row.event.value,
        "subjectId": row.subject_id,
        "number": row.number,
        "at": from_epoch_ns(row.at),
        "due": from_epoch_ns(row.due),
        "tenantId": row.tenant_id or "",
        "severity": row.severity or "",
        "scope": row.scope or "",
        "ended": row.ended,
        "attempts": row.attempts,
        "firstTried": time_text(row.first_tried),
        "nextTry": time_text(row.next_try),
        "lastError": row.last_error or "",
        "unsure": row.unsure,
    }


def pending_of(entity: Any) -> Pending:
    return Pending(
        id=entity["id"],
        channel=entity["channel"],
        event=NotificationEvent(entity["event"]),
        subject_id=entity["subjectId"],
        number=int(entity["number"]),
        at=time_of(entity["at"]),
        due=time_of(entity["due"]),
        tenant_id=entity["tenantId"] or None,
        severity=entity["severity"] or None,
        scope=entity["scope"] or None,
        ended=bool(entity["ended"]),
        attempts=int(entity["attempts"]),
        first_tried=time_of(entity["firstTried"]),
        next_try=time_of(entity["nextTry"]),
        last_error=entity["lastError"] or None,
        unsure=bool(entity.get("unsure")),
    )


def delivery_of(entity: Any) -> Delivery:
    row = pending_of(entity)
    return Delivery(
        id=row.id,
        channel=row.channel,
        event=row.event,
        subject_id=row.subject_id,
        tenant_id=row.tenant_id,
        created_at=from_epoch_ns(row.at),
        state=DeliveryState(entity.get("state") or DeliveryState.PENDING),
        attempts=row.attempts,
        last_error=row.last_error,
    )


def last_sent_entity(channel: str, subject_id: str, last_sent: LastSent) -> Entity:
    return {
        "PartitionKey": shard_of_subject(subject_id),
        "RowKey": last_sent_key(channel, subject_id),
        "at": from_epoch_ns(last_sent.at),
        "open": last_sent.open,
        "severity": last_sent.severity or "",
        "alert": last_sent.alert or "",
        "numbers": json.dumps(last_sent.numbers.wire()) if last_sent.numbers else "",
    }


def last_sent_of(entity: Any) -> LastSent:
    return LastSent(
        at=time_of(entity["at"]),
        open=bool(entity["open"]),
        numbers=Numbers.model_validate_json(entity["numbers"]) if entity["numbers"] else None,
        severity=entity["severity"] or None,
        alert=entity["alert"] or None,
    )


def time_text(nanoseconds: int) -> str:
    return from_epoch_ns(nanoseconds) if nanoseconds else ""


def time_of(text: str | None) -> int:
    return epoch_ns(text) if text else 0
