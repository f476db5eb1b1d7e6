"""Rebuilds what is derived from findings: the rows of their lists, and the counts.

Both may run while findings are written, in one process at a time, and can be started again after an interruption. Both
raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from triage.storage.account import StorageAccount
from triage.storage.changes import Change, changes_of
from triage.storage.counters import PREFIXES, Counts, count_row, counted, rows_of
from triage.storage.documents import unpack_compressed
from triage.storage.finding_lists import FindingLists, place_of
from triage.storage.finding_rows import SUMMARY
from triage.storage.findings import TABLE, Findings
from triage.storage.projection import LEASE_SECONDS, Lease, Projection
from triage.storage.query import ALL, Query
from triage.storage.shards import SHARDS

# A transaction has at most 100 operations, and one of them is the lease.
_ROWS_AT_ONCE = 90
_ATTEMPTS = 10
_FOREVER = float("inf")

Progress = Callable[[int], None]


async def rebuild_lists(findings: Findings, lists: FindingLists, progress: Progress) -> int:
    """Migrates findings of version 1, and writes the rows of every finding again. Returns their number.

    `progress` is called with the number so far, after each finding.
    """
    number = 0
    async for _ in findings.migrate():
        progress(number := number + 1)
    number = 0
    async for row in lists.rows(Query({}), None, 1000):
        await findings.rewrite(place_of(row).rpartition("|")[2])
        progress(number := number + 1)
    return number


async def rebuild_counts(account: StorageAccount, projection: Projection) -> int:
    """Counts the findings of every shard again. Returns the number of findings."""
    return sum([await _rebuild(account, projection, shard) for shard in SHARDS])


async def _rebuild(account: StorageAccount, projection: Projection, shard: str) -> int:
    """Counts one shard. Starts again if another instance folded changes in between."""
    for _ in range(_ATTEMPTS):
        await projection.run([shard], _FOREVER)
        if (lease := await projection.take(shard)) is None:
            await asyncio.sleep(LEASE_SECONDS / 2)
            continue
        number, rows = await _count(await account.table(TABLE), shard)
        if await _replace(projection, shard, lease, rows):
            return number
    raise TimeoutError("other instances fold the changes of this shard all the time")


async def _replace(projection: Projection, shard: str, lease: Lease, operations: list[Any]) -> bool:
    for start in range(0, len(operations), _ROWS_AT_ONCE):
        part = operations[start : start + _ROWS_AT_ONCE]
        following = await projection.transact(shard, lease._replace(number=lease.number + 1), LEASE_SECONDS, part)
        if following is None:
            return False
        lease = following
    await projection.transact(shard, lease, 0.0, [])
    return True


async def _count(table: Any, shard: str) -> tuple[int, list[Any]]:
    """The number of findings of a shard, and the operations that write its counts.

    A write during the count leaves a change that is not folded yet. The finding then counts as it did before the first such
    change, whatever was read, and the fold adds the rest.
    """
    found: dict[str, tuple[str, str, Any]] = {}
    async for row in rows_of(table, shard, ALL, select=["RowKey", SUMMARY, f"{SUMMARY}1"]):
        wire = unpack_compressed(SUMMARY, row)
        found[wire["id"]] = (wire["occurredAt"][:13], wire["tenantId"] or "", counted(wire))
    for change in await _first_changes(table, shard):
        before = change.before
        if before is None:
            found.pop(change.finding_id, None)
        else:
            found[change.finding_id] = (before.occurred_at[:13], before.tenant_id or "", counted(before.wire()))
    rows: defaultdict[str, Counts] = defaultdict(Counter[str])
    for hour, tenant, numbers in found.values():
        rows[f"hour|{hour}|{tenant}"].update(numbers)
        rows[f"day|{hour[:10]}|{tenant}"].update(numbers)
    gone = [key for prefix in PREFIXES for key in await _keys(table, shard, prefix) if key not in rows]
    return len(found), [
        *(("upsert", count_row(shard, key, numbers), {"mode": "replace"}) for key, numbers in rows.items()),
        *(("delete", {"PartitionKey": shard, "RowKey": key}) for key in gone),
    ]


async def _first_changes(table: Any, shard: str) -> list[Change]:
    """The first change of each finding that is not folded yet."""
    first: dict[str, Change] = {}
    async for row in rows_of(table, shard, "chg|"):
        for change in changes_of(row):
            known = first.get(change.finding_id)
            if known is None or change.revision < known.revision:
                first[change.finding_id] = change
    return list(first.values())


async def _keys(table: Any, shard: str, prefix: str) -> list[str]:
    return [row["RowKey"] async for row in rows_of(table, shard, prefix, select=["RowKey"])]
