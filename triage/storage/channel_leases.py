"""The channels for notifications in table `incidents`, partition `channels`: who delivers now, and the channel's state.

Only one run at a time delivers to a channel. So it can count the messages to it, an incident has at most one message on
its way, and a failing channel is tried by one run only. All methods raise azure.core's errors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from triage.notifications.pending import SECOND, channel_key
from triage.notifications.rules import ChannelState
from triage.storage.account import StorageAccount, get_entity
from triage.storage.leases import release, take
from triage.storage.outbox import TABLE
from triage.storage.outbox_rows import Entity, time_of, time_text
from triage.wire import epoch_ns, from_epoch_ns

_PARTITION = "channels"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to deliver to a channel, until it ends or is released."""

    entity: Any
    state: ChannelState


class ChannelLeases:
    """The leases on all channels."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def lease(self, channel: str, now: int, seconds: float) -> Lease | None:
        """The lease on a channel for some seconds; None if another run has it."""
        table = await self._account.table(TABLE)
        key = channel_key(channel)
        entity = await get_entity(table, _PARTITION, key)
        if entity is not None and time_of(entity.get("leaseUntil")) > now:
            return None
        state = _state(entity) if entity is not None else ChannelState()
        fresh = {
            "PartitionKey": _PARTITION,
            "RowKey": key,
            "name": channel,
            "leaseId": uuid4().hex,
            **_state_columns(state),
        }
        fresh["leaseUntil"] = from_epoch_ns(now + int(seconds * SECOND))
        held = await take(table, entity, fresh)
        return Lease(held, state) if held is not None else None

    async def release(self, lease: Lease, state: ChannelState) -> None:
        """Ends a lease, and stores the state of the channel. Does nothing if another run has the lease by now."""
        changes = {**_state_columns(state), "leaseUntil": ""}
        await release(await self._account.table(TABLE), lease.entity, changes)

    async def states(self) -> dict[str, ChannelState]:
        """The state of each channel that something was sent to, by its name."""
        table = await self._account.table(TABLE)
        rows = table.query_entities(f"PartitionKey eq '{_PARTITION}'")
        return {str(entity["name"]): _state(entity) async for entity in rows}


def _state_columns(state: ChannelState) -> Entity:
    return {
        "failures": state.failures,
        "failingSince": time_text(state.failing_since),
        "notBefore": time_text(state.not_before),
        "stormAt": time_text(state.storm_at),
        "sent": json.dumps([from_epoch_ns(at) for at in state.sent]),
        "lastError": state.last_error or "",
    }


def _state(entity: Any) -> ChannelState:
    return ChannelState(
        failures=int(entity["failures"]),
        failing_since=time_of(entity["failingSince"]),
        not_before=time_of(entity["notBefore"]),
        storm_at=time_of(entity["stormAt"]),
        sent=tuple(epoch_ns(at) for at in json.loads(entity["sent"])),
        last_error=entity["lastError"] or None,
    )
