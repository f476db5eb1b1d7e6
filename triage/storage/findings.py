"""Table `findings`: one finding for each failure (finding_rows.py), and the lists of findings (query.py).

All methods raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from triage.finding import Finding, merge
from triage.finding.snapshot import Snapshot
from triage.storage.account import StorageAccount, get_entity, is_conflict
from triage.storage.changes import Change
from triage.storage.commits import Commits
from triage.storage.documents import unpack_compressed
from triage.storage.finding_rows import (
    DOCUMENT,
    SUMMARY,
    Stored,
    all_key,
    finding_in,
    first_revision,
    id_key,
    remove_operations,
    write_operations,
)
from triage.storage.query import FILTERS, Query, clauses, matches, ranges
from triage.storage.shards import SHARDS, checked, merged, page_of, shard_of, share_of
from triage.storage.version1 import Version1, finding_of
from triage.wire import epoch_ns

TABLE = "findings"
ATTEMPTS = 50
"""A writer tries this often while others are faster. With fewer writers than this, each of them succeeds."""
_ID = re.compile(r"[0-9a-f]{32}")
_PLACE = re.compile(r"[0-9]{21}\|[0-9a-f]{32}")
_READS_AT_ONCE = 32

Row = dict[str, Any]


class Findings:
    """The findings of all tenants. `written` is called with the shard of each write, when it is stored."""

    def __init__(self, account: StorageAccount, written: Callable[[str], None] = lambda shard: None) -> None:
        self._account = account
        self._commits = Commits(account, TABLE)
        self._written = written
        self._version1 = Version1(account)

    async def open(self) -> None:
        """Loads the client and creates the table, before they are needed."""
        await self._account.load()
        await self._account.table(TABLE)
        await self._version1.is_gone()

    async def get(self, finding_id: str) -> Finding | None:
        """The finding with this id; None if there is none."""
        found = await self.stored(finding_id)
        if found is not None:
            return found.finding
        return await self._version1.get(finding_id) if _ID.fullmatch(finding_id) else None

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
            if row is not None:  # else it was removed, or has got another place, in between
                return Stored(finding_in(row), entity)
        return None

    async def save(
        self, finding: Finding, delivery: str | None, old: Stored | None = None, *, follow_up: bool = False
    ) -> Finding:
        """Stores the finding of one try, merged with the stored one, and returns the result.

        `old` is the stored one where the caller has read it. `follow_up`: the next look is one of the due index, unless
        the finding is resolved by then. The same `delivery` counts once; None (a retriage) does not
        count. Of two writers at the same time, the second merges with the finding of the first (finding.merge).
        """
        from azure.core.exceptions import HttpResponseError

        if old is None and not await self._version1.is_gone() and (entity := await self._version1.entity(finding.id)):
            await self._bring(entity)
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
        """Changes a stored finding, and returns it; None if there is none. `step` is taken again if it was too slow."""
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
        """Writes the rows of a finding again, as it is. One that is written at the same time has its rows already."""
        old = await self.stored(finding_id)
        if old is not None:
            await _unless_conflict(self._write(old.finding, _change(old, old.finding), old.deliveries, old))

    async def bring_forward(self) -> AsyncIterator[str]:
        """Brings every finding of version 1 forward, and yields the id of each. It can be ended and started again."""
        if await self._version1.is_gone():  # asked each minute, and kept
            return
        async for entity in self._version1.entities():
            await self._bring(entity)
            yield str(entity["RowKey"])

    async def _bring(self, entity: Row) -> None:
        """Stores a finding as this version does, then deletes the old one. Whoever comes in between finds the new one."""
        finding, deliveries = finding_of(entity), json.loads(entity["deliveryIds"])
        stored = await self.stored(finding.id)
        if stored is None:
            after = Snapshot.of(finding, max(first_revision(), entity["revision"] + 1))
            await _unless_conflict(self._write(finding, Change.of(None, after), deliveries, None))
        elif epoch_ns(finding.triaged_at) > epoch_ns(stored.finding.triaged_at):
            # After a rollback, version 1 did not know the stored one, and began the finding again.
            for delivery in deliveries or [None]:
                await self.save(finding, delivery, await self.stored(finding.id))
        await self._version1.delete(entity)

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

    async def page(
        self, query: Query, top: int, token: str | None, *, whole: bool = True
    ) -> tuple[list[Row], str | None]:
        """At most `top` findings, newest first, and the token of the next page. InputError if `token` is not valid.

        `whole`: with everything. Otherwise as `fields=summary` shows them.
        """
        after = checked(token, _PLACE)
        rows, last = await page_of(self.rows(query, after, top + 1, whole=whole), top)
        return await self._documents(rows, whole=whole), place_of(last) if last else None

    async def rows(self, query: Query, after: str | None, most: int, *, whole: bool = False) -> AsyncIterator[Row]:
        """The list rows of a query, newest first, after a place. About `most` of them are asked for at a time.

        With `whole`, a row of the list of all has the whole finding as well.
        """
        select = [] if whole else ["RowKey", SUMMARY, *(f"{SUMMARY}{n}" for n in range(1, 4)), *FILTERS]
        sources = [
            self._range(query, clauses(query, shard, prefix, after), share_of(most), select)
            for shard in SHARDS
            for prefix in ranges(query)
        ]
        if not await self._version1.is_gone():
            sources.append(self._version1.rows(query, after))
        last = ""
        async for row in merged(sources, place_of):
            if place_of(row) != last:
                last = place_of(row)
                yield row

    async def _range(self, query: Query, where: str, most: int, select: list[str]) -> AsyncIterator[Row]:
        table = await self._account.table(TABLE)
        options: dict[str, Any] = {"select": select} if select else {}
        async for row in table.query_entities(where, results_per_page=most, **options):
            if matches(query, row):
                yield row

    async def _documents(self, rows: list[Row], *, whole: bool) -> list[Row]:
        """The findings of list rows (JSON). Those that their rows don't hold whole are read one by one."""
        if not whole:
            return [unpack_compressed(SUMMARY, row) for row in rows]
        table = await self._account.table(TABLE)
        limit = asyncio.Semaphore(_READS_AT_ONCE)

        async def document(row: Row) -> Row | None:
            if DOCUMENT in row:
                return unpack_compressed(DOCUMENT, row)
            finding_id = place_of(row).rpartition("|")[2]
            async with limit:
                found = await get_entity(table, shard_of(finding_id), all_key(place_of(row)))
                if found is None:  # it was removed, moved, or is not brought forward
                    finding = await self.get(finding_id)
                    return finding.wire() if finding else None
            return unpack_compressed(DOCUMENT, found)

        found = await asyncio.gather(*(document(row) for row in rows))
        return [one for one in found if one is not None]


def place_of(row: Row) -> str:
    """Where a row is in its list: its time, newest first, and the id of its finding."""
    return str(row["RowKey"]).split("|", 1)[1]


async def _unless_conflict(write: Awaitable[None]) -> bool:
    """Whether a write was done. False if another writer was faster: then there is nothing left to do."""
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
