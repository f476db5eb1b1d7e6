"""Table `rejected`: queue messages that could not be read, stored in full. All methods raise azure.core's errors."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Any

from triage.storage.account import StorageAccount
from triage.storage.documents import pack_text, unpack_text
from triage.storage.shards import checked, page_of
from triage.wire import Instant, Wire, epoch_ns, newest_first

TABLE = "rejected"
_PARTITION = "rejected"
_PLACE = re.compile(r"[0-9]{21}-[0-9a-f]{16}")


class RejectedReason(StrEnum):
    """Why an event was rejected (docs/runbook.md#rejected)."""

    NOT_JSON = "not_json"
    NOT_A_FAILURE = "not_a_failure"
    TOO_LARGE = "too_large"
    POISON = "poison"


class RejectedEvent(Wire):
    """A queue message that is not a failure."""

    id: str
    """The event's ID."""
    received_at: Instant
    """When it arrived."""
    reason: RejectedReason
    detail: str
    """What is wrong with it."""
    body: str
    """Its whole text, decoded from base64."""


def rejected_event(body: str, message_id: str, received_at: str, reason: RejectedReason, detail: str) -> RejectedEvent:
    """The event of a message. Its ID is the same each time, so the event is stored once."""
    digest = hashlib.sha256(f"{message_id}\n{body}".encode(errors="surrogatepass")).hexdigest()[:16]
    identifier = f"{newest_first(epoch_ns(received_at))}-{digest}"
    return RejectedEvent(id=identifier, received_at=received_at, reason=reason, detail=detail, body=body)


class Rejected:
    """The rejected events."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def save(self, event: RejectedEvent) -> None:
        """Stores an event. Storing it again has no effect."""
        table = await self._account.table(TABLE)
        columns = {"receivedAt": event.received_at, "reason": event.reason.value, "detail": event.detail[:8000]}
        row = {"PartitionKey": _PARTITION, "RowKey": event.id, **columns, **pack_text("body", event.body)}
        await table.upsert_entity(row, mode="replace")

    async def page(self, top: int, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """At most `top` events, newest first, and the token of the next page. InputError if `token` is not valid."""
        table = await self._account.table(TABLE)
        after = f" and RowKey gt '{token}'" if checked(token, _PLACE) else ""
        query = table.query_entities(f"PartitionKey eq '{_PARTITION}'{after}", results_per_page=min(top + 1, 1000))
        entities, last = await page_of(query, top)
        return [_event(entity).wire() for entity in entities], str(last["RowKey"]) if last else None


def _event(entity: Any) -> RejectedEvent:
    return RejectedEvent(
        id=entity["RowKey"],
        received_at=entity["receivedAt"],
        reason=RejectedReason(entity["reason"]),
        detail=entity["detail"],
        body=unpack_text("body", entity),
    )
