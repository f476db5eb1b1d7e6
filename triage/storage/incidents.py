"""Table `incidents`: what must be fixed or decided, and the findings that show it (incident_rows.py).

All methods raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from triage.incidents import Change, Incident, apply, split, without_ended_suppression
from triage.incidents.transitions import Step
from triage.settings import Channel
from triage.storage import changes as stored
from triage.storage.account import StorageAccount, get_entity, is_conflict
from triage.storage.incident_rows import (
    SUPPRESSED,
    Head,
    head_key,
    head_of,
    incident_operations,
    list_key,
    member_key,
    member_of,
    member_operations,
)
from triage.storage.shards import BEGINNING, SHARDS, in_range, rows_of_all, shard_of, whole_id
from triage.storage.transactions import submit
from triage.wire import epoch_ns, now

TABLE = "incidents"
_ID = re.compile(r"[0-9a-f]{32}")
_ATTEMPTS = 20
_READS_AT_ONCE = 16
_OPERATIONS = 100
# Findings of one incident in a transaction; the rest is for the incident and its notifications.
_MEMBERS = 60
_KNOWN = 1000

Changes = dict[str, list[Change]]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The operations that change an incident, and the incident after them; None: it stays as it is."""

    operations: list[Any]
    incident: Incident | None


class Incidents:
    """The incidents of all tenants. Each transition is stored together with its notifications for `channels`."""

    def __init__(self, account: StorageAccount, channels: Sequence[Channel]) -> None:
        self._account = account
        self._channels = channels
        # What this instance wrote last, so that the next write needs no read. The ETag shows if it is out of date.
        self._known: OrderedDict[str, Head] = OrderedDict()
        # Findings of all shards can belong to one incident. The lock avoids conflicts within this process.
        self._locks = {shard: asyncio.Lock() for shard in SHARDS}

    async def apply(self, changes: Sequence[stored.Change]) -> None:
        """Applies changes of findings: a receiver of the projection (projection.Receiver)."""
        shards: defaultdict[str, Changes] = defaultdict(lambda: defaultdict(list[Change]))
        removed_at = now()
        for change in changes:
            for incident_id, one in split(change.before, change.after, removed_at=removed_at).items():
                shards[shard_of(incident_id)][incident_id].append(one)
        await asyncio.gather(*(self._apply(shard, groups) for shard, groups in shards.items()))

    async def _apply(self, shard: str, groups: Changes) -> None:
        """Applies the changes of the incidents of one shard, several incidents in a transaction."""
        async with self._locks[shard]:
            await self._apply_groups(groups)

    async def _apply_groups(self, groups: Changes) -> None:
        waiting: list[tuple[str, list[Change]]] = [
            (incident_id, changes[start : start + _MEMBERS])
            for incident_id, changes in groups.items()
            for start in range(0, len(changes), _MEMBERS)
        ]
        while waiting:
            now_ones = dict(reversed(waiting))  # the first part of each incident
            part = list(now_ones.items())[-_READS_AT_ONCE:]
            planned = await asyncio.gather(*(self._plan(*each, blind=True) for each in part))
            for transaction in _packed([incident_id for incident_id, _ in part], planned):
                if not await self._submit(list(transaction.values())):
                    for incident_id in transaction:
                        await self._apply_alone(incident_id, now_ones[incident_id])
            waiting = [each for each in waiting if each not in part]

    async def _apply_alone(self, incident_id: str, changes: list[Change]) -> None:
        """Applies the changes of one incident, until no other writer is faster."""
        for _ in range(_ATTEMPTS):
            self._known.pop(incident_id, None)
            if await self._submit([await self._plan(incident_id, changes, blind=False)]):
                return
        raise TimeoutError("other writers change this incident all the time")

    async def _plan(self, incident_id: str, changes: list[Change], *, blind: bool) -> _Plan:
        """How to apply changes to an incident.

        With `blind`, a new finding, and an incident that has only new findings, are assumed to be new without reading.
        If they are not, the transaction fails.
        """
        new = blind and all(change.first for change in changes)
        head = self._known.get(incident_id) or (None if new else await self._head(incident_id))
        found = await self._members(incident_id, [one.finding_id for one in changes if not (blind and one.first)])
        known = {finding_id: member_of(entity) for finding_id, entity in found.items()}
        applied = apply(head.incident if head else None, known, changes, now())
        etags = {finding_id: entity.metadata["etag"] for finding_id, entity in found.items()}
        operations = member_operations(incident_id, etags, applied.members)
        unchanged = not operations and head is not None and applied.incident == head.incident
        if applied.incident is None or unchanged:
            return _Plan(operations, None)
        # Also if only members change: the ETag shows whether the incident is still as it was when they were counted.
        operations = [*incident_operations(self._channels, head, applied.incident, applied.events), *operations]
        return _Plan(operations, applied.incident)

    async def _submit(self, plans: Sequence[_Plan]) -> bool:
        """Changes some incidents in one transaction. False if another writer was faster."""
        from azure.core.exceptions import HttpResponseError

        operations = [operation for plan in plans for operation in plan.operations]
        if not operations:
            return True
        table = await self._account.table(TABLE)
        try:
            written = await submit(table, operations)
        except HttpResponseError as error:
            if not is_conflict(error):
                raise
            return False
        etags = {
            row["RowKey"]: result.get("etag", "") for (_, row, *_), result in zip(operations, written, strict=True)
        }
        for plan in plans:
            if plan.incident is not None:
                incident = plan.incident
                self._remember(Head(incident, list_key(incident), etags[head_key(incident.id)]))
        return True

    def _remember(self, head: Head) -> None:
        self._known[head.incident.id] = head
        self._known.move_to_end(head.incident.id)
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)

    async def _head(self, incident_id: str) -> Head | None:
        entity = await get_entity(await self._account.table(TABLE), shard_of(incident_id), head_key(incident_id))
        return head_of(entity) if entity is not None else None

    async def _members(self, incident_id: str, finding_ids: list[str]) -> dict[str, Any]:
        table = await self._account.table(TABLE)
        limit = asyncio.Semaphore(_READS_AT_ONCE)

        async def member(finding_id: str) -> Any:
            async with limit:
                return await get_entity(table, shard_of(incident_id), member_key(incident_id, finding_id))

        ids = list(dict.fromkeys(finding_ids))
        found = await asyncio.gather(*map(member, ids))
        return {one: entity for one, entity in zip(ids, found, strict=True) if entity is not None}

    async def get(self, incident_id: str) -> Incident | None:
        """The incident with this ID; None if there is none."""
        head = await self._head(incident_id) if _ID.fullmatch(incident_id) else None
        return without_ended_suppression(head.incident, now())[0] if head else None

    async def named(self, text: str) -> Incident | None:
        """The incident with this ID, or the only one whose ID begins like this; None if there is none, or several."""
        if not BEGINNING.fullmatch(text):
            return await self.get(text)
        incident_id = await whole_id(await self._account.table(TABLE), head_key(""), text)
        return await self.get(incident_id) if incident_id is not None else None

    async def change(self, incident_id: str, step: Callable[[Incident], Step]) -> Incident | None:
        """Changes an incident with `step`, which may raise. None if there is no such incident."""
        for _ in range(_ATTEMPTS):
            head = await self._head(incident_id)
            if head is None:
                return None
            incident, events = step(head.incident)
            if incident == head.incident:
                return incident
            if await self._submit([_Plan(incident_operations(self._channels, head, incident, events), incident)]):
                return incident
        raise TimeoutError("other writers change this incident all the time")

    async def end_suppressions(self) -> None:
        """Ends the suppressions whose time is over, and notifies the channels that knew of their incidents."""
        async for row in rows_of_all(self._account, TABLE, in_range(SUPPRESSED)):
            if epoch_ns(row["until"]) <= epoch_ns(now()):
                incident_id = str(row["RowKey"]).removeprefix(SUPPRESSED)
                await self.change(incident_id, lambda incident: without_ended_suppression(incident, now()))

    async def open_findings(self, incident_id: str) -> AsyncIterator[str]:
        """The IDs of the open findings of an incident."""
        async for finding_id in self._findings(incident_id, "open eq true"):
            yield finding_id

    async def other_findings(self, incident_id: str, after: str = "") -> AsyncIterator[str]:
        """The IDs of the findings of an incident that are not open, starting after `after`."""
        where = f"open eq false and RowKey gt '{member_key(incident_id, after)}'"
        async for finding_id in self._findings(incident_id, where):
            yield finding_id

    async def _findings(self, incident_id: str, clause: str) -> AsyncIterator[str]:
        table = await self._account.table(TABLE)
        prefix = member_key(incident_id, "")
        where = f"PartitionKey eq '{shard_of(incident_id)}' and {in_range(prefix)} and {clause}"
        async for row in table.query_entities(where, select=["RowKey"], results_per_page=1000):
            yield str(row["RowKey"]).removeprefix(prefix)


def _packed(ids: list[str], plans: list[_Plan]) -> list[dict[str, _Plan]]:
    """The plans of incidents as transactions."""
    transactions: list[dict[str, _Plan]] = []
    size = _OPERATIONS
    for incident_id, plan in zip(ids, plans, strict=True):
        size += len(plan.operations)
        if size > _OPERATIONS or not transactions:
            transactions.append({})
            size = len(plan.operations)
        transactions[-1][incident_id] = plan
    return transactions
