"""The lists of findings (query.py). All methods raise azure.core's errors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from triage.storage.account import StorageAccount, get_entity
from triage.storage.documents import unpack_compressed
from triage.storage.finding_rows import DOCUMENT, SUMMARY, all_key
from triage.storage.findings import TABLE, Findings
from triage.storage.query import FILTERS, POINTERS, Query, clauses, matches, ranges
from triage.storage.shards import SHARDS, checked, merged, page_of, shard_of, share_of

_PLACE = re.compile(r"[0-9]{21}\|[0-9a-f]{32}")
_READS_AT_ONCE = 32

Row = dict[str, Any]


class FindingLists:
    """The findings of all tenants, as lists show them."""

    def __init__(self, account: StorageAccount, findings: Findings) -> None:
        self._account = account
        self._findings = findings

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
        """The list rows of a query, newest first, after a place. About `most` of them are read at a time.

        With `whole`, a row of the list of all has the whole finding as well.
        """
        select = [] if whole else ["RowKey", SUMMARY, *(f"{SUMMARY}{n}" for n in range(1, 4)), *FILTERS]
        sources = [
            self._range(
                query, clauses(query, shard, prefix, after), share_of(most), select, points=prefix.startswith(POINTERS)
            )
            for shard in SHARDS
            for prefix in ranges(query)
        ]
        if not await self._findings.version1.is_gone():
            sources.append(self._findings.version1.rows(query, after))
        last = ""
        async for row in merged(sources, place_of):
            if place_of(row) != last:
                last = place_of(row)
                yield row

    async def _range(
        self, query: Query, where: str, most: int, select: list[str], *, points: bool
    ) -> AsyncIterator[Row]:
        """The rows of one range. `points`: each says where the row is that is read for it."""
        table = await self._account.table(TABLE)
        options: dict[str, Any] = {"select": select} if select else {}
        async for row in table.query_entities(where, results_per_page=most, **options):
            found = await _row_of_all(table, place_of(row)) if points else row
            if found is not None and matches(query, found):
                yield found

    async def _documents(self, rows: list[Row], *, whole: bool) -> list[Row]:
        """The findings of list rows (JSON). If a row doesn't have the whole finding, it is read."""
        if not whole:
            return [unpack_compressed(SUMMARY, row) for row in rows]
        table = await self._account.table(TABLE)
        limit = asyncio.Semaphore(_READS_AT_ONCE)

        async def document(row: Row) -> Row | None:
            if DOCUMENT in row:
                return unpack_compressed(DOCUMENT, row)
            finding_id = place_of(row).rpartition("|")[2]
            async with limit:
                found = await _row_of_all(table, place_of(row))
                if found is None:
                    finding = await self._findings.get(finding_id)
                    return finding.wire() if finding else None
            return unpack_compressed(DOCUMENT, found)

        found = await asyncio.gather(*(document(row) for row in rows))
        return [one for one in found if one is not None]


async def _row_of_all(table: Any, place: str) -> Row | None:
    """The row of the list of all at a place; None if the finding was removed or moved, or is not migrated yet."""
    return await get_entity(table, shard_of(place.rpartition("|")[2]), all_key(place))


def place_of(row: Row) -> str:
    """Where a row is in its list: its time, newest first, and the id of its finding."""
    return str(row["RowKey"]).split("|", 1)[1]
