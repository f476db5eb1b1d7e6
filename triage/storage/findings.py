"""Table `findings`: one finding for each failure (finding_rows.py). Its lists are in finding_lists.py.

All methods raise azure.core's errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from triage.finding import Finding, merge
from triage.finding.snapshot import Snapshot
from triage.storage.account import StorageAccount, get_entity, is_conflict
from triage.storage.changes import Change
from triage.storage.commits import Commits
from triage.storage.finding_rows import (
    Stored,
    all_key,
    finding_in,
    first_revision,
    id_key,
    remove_operations,
    write_operations,
)
from triage.storage.shards import BEGINNING, shard_of, whole_id
from triage.storage.version1 import Version1, finding_of
from triage.wire import epoch_ns

TABLE = "findings"
ATTEMPTS = 50
"""How often a writer tries if others are faster. With fewer writers than this, each of them succeeds."""
_ID = re.compile(r"[0-9a-f]{32}")

Row = dict[str, Any]


class Findings:
    """The findings of all tenants. `written` is called with the shard of each write, when it is stored."""

    def __init__(self, account: StorageAccount, written: Callable[[str], None] = lambda shard: None) -> None:
        self._account = account
        self._commits = Commits(account, TABLE)
        self._written = written
        self.version1 = Version1(account)

    async def open(self) -> None:
        """Loads the client and creates the table, before they are needed."""
        await self._account.load()
        await self._account.table(TABLE)
        await self.version1.is_gone()

    async def get(self, finding_id: str) -> Finding | None:
        """The finding with this id; None if there is none."""
        found = await self.stored(finding_id)
        if found is not None:
            return found.finding
        return await self.version1.get(finding_id) if _ID.fullmatch(finding_id) else None

    async def named(self, text: str) -> Finding | None:
        """The finding with this id, or the only one whose id begins like this; None if there is none, or several."""
        if not BEGINNING.fullmatch(text):
            return await self.get(text)
        finding_id = await whole_id(await self._account.table(TABLE), id_key(""), text)
        return await self.get(finding_id) if finding_id is not None else None

    async def stored(self, finding_id: str) -> Stored | None:
        """The finding with this id and its rows; None if there is none."""
        if not _ID.fullmatch(finding_id):
            return None
        table, shard = await self._account.table(TABLE), shard_of(finding_id)
        for _ in range(ATTEMPTS):
            entity = await get_entity(table, shard, id_key(finding_id))
            if entity is None:
                return None
            row = await get_entity(table, shard, all_key(entity["place"]))
            if row is not None:  # otherwise it was removed or moved in between
                return Stored(finding_in(row), entity)
        return None

    async def save(
        self, finding: Finding, delivery: str | None, old: Stored | None = None, *, follow_up: bool = False
    ) -> Finding:
        """Stores the finding of one try, merged with the stored one, and returns the result.

        `old` is the stored finding, if the caller has read it. With `follow_up`, the next look goes into the due index,
        unless the finding is resolved. The same `delivery` counts once; None (a retriage) doesn't count. If two writers
        save at the same time, the second merges with the finding of the first (finding.merge).
        """
        from azure.core.exceptions import HttpResponseError

        if old is None and not await self.version1.is_gone() and (entity := await self.version1.entity(finding.id)):
            await self._migrate(entity)
        for attempt in range(ATTEMPTS):
            counted = old.deliveries if old else []
            delivered = delivery is not None and delivery not in counted
            kept = merge(old.finding, finding, delivered=delivered) if old else finding
            counted += [delivery] if delivery is not None and delivered else []
            after = Snapshot.of(kept, old.revision + 1 if old else first_revision())
            try:
                change = Change.of(old.snapshot if old else None, after, follow_up=follow_up)
                await self._write(kept, change, counted, old, blind=attempt == 0 and old is None)
                return kept
            except HttpResponseError as error:
                if not is_conflict(error) or attempt == ATTEMPTS - 1:
                    raise
            old = await self.stored(finding.id)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def change(self, finding_id: str, step: Callable[[Finding], Finding]) -> Finding | None:
        """Changes a stored finding, and returns it; None if there is none. `step` runs again if another writer was faster."""
        from azure.core.exceptions import HttpResponseError

        for attempt in range(ATTEMPTS):
            old = await self.stored(finding_id)
            if old is None:
                return None
            kept = step(old.finding)
            if kept == old.finding:
                return kept
            try:
                await self._write(kept, _change(old, kept), old.deliveries, old)
                return kept
            except HttpResponseError as error:
                if not is_conflict(error) or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def rewrite(self, finding_id: str) -> None:
        """Writes the rows of a finding again, unless it is written at the same time."""
        old = await self.stored(finding_id)
        if old is not None:
            await _unless_conflict(self._write(old.finding, _change(old, old.finding), old.deliveries, old))

    async def migrate(self) -> AsyncIterator[str]:
        """Migrates every finding of version 1, and yields the ID of each. It can be interrupted and started again."""
        if await self.version1.is_gone():  # called each minute; the answer is cached
            return
        async for entity in self.version1.entities():
            await self._migrate(entity)
            yield str(entity["RowKey"])

    async def _migrate(self, entity: Row) -> None:
        """Stores a finding as this version does, and then deletes the old one. In between, readers find the new one."""
        finding, deliveries = finding_of(entity), json.loads(entity["deliveryIds"])
        stored = await self.stored(finding.id)
        if stored is None:
            after = Snapshot.of(finding, max(first_revision(), entity["revision"] + 1))
            await _unless_conflict(self._write(finding, Change.of(None, after), deliveries, None))
        elif epoch_ns(finding.triaged_at) > epoch_ns(stored.finding.triaged_at):
            # After a rollback, version 1 did not know the stored finding, and started a new one.
            for delivery in deliveries or [None]:
                await self.save(finding, delivery, await self.stored(finding.id))
        await self.version1.delete(entity)

    async def _write(
        self, kept: Finding, change: Change, counted: list[str], old: Stored | None, *, blind: bool = False
    ) -> None:
        shard, operations = shard_of(kept.id), write_operations(kept, change.either, counted, old)
        await self._commits.write(shard, operations, change, blind=blind)
        self._written(shard)

    async def remove(self, finding_id: str, before: int) -> bool:
        """Removes a finding that was last seen before `before` (nanoseconds since 1970). False if there is none.

        A finding that is written at the same time stays.
        """
        old = await self.stored(finding_id)
        if old is None or epoch_ns(old.finding.last_seen) >= before:
            return False
        shard, change = shard_of(finding_id), Change.of(old.snapshot, None)
        removed = await _unless_conflict(self._commits.write(shard, remove_operations(old), change))
        if removed:
            self._written(shard)
        return removed


async def _unless_conflict(write: Awaitable[None]) -> bool:
    """Whether a write succeeded. False if another writer was faster, and there is nothing left to do."""
    from azure.core.exceptions import HttpResponseError

    try:
        await write
    except HttpResponseError as error:
        if not is_conflict(error):
            raise
        return False
    return True


def _change(old: Stored, kept: Finding) -> Change:
    return Change.of(old.snapshot, Snapshot.of(kept, old.revision + 1))
