"""Rebuilds the index from the findings, and the counts from the index.

Either may run while findings are written, in one process at a time. A run that was interrupted can be started again.
Both raise azure.core's errors.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from triage.storage.account import StorageAccount, is_conflict
from triage.storage.counters import Counts, counts, fold_operation, rows_of
from triage.storage.documents import unpack_text
from triage.storage.findings import TABLE as FINDINGS
from triage.storage.findings import Findings
from triage.storage.index import TABLE, Query
from triage.storage.stored_finding import read_finding

# A transaction has at most 100 operations, and one of them numbers the fold.
_ROWS_AT_ONCE = 90
_ATTEMPTS = 5

Progress = Callable[[int], None]


async def rebuild_index(account: StorageAccount, findings: Findings, progress: Progress) -> int:
    """Writes the index rows of every finding again. Returns the number of findings.

    `progress` is called with the number so far, after each finding.
    """
    table = await account.table(FINDINGS)
    number = 0
    async for entity in table.query_entities("PartitionKey ge ''", results_per_page=500):
        finding = read_finding(unpack_text("document", entity))
        await findings.index.write(finding, entity["revision"])
        number += 1
        progress(number)
    return number


async def rebuild_counts(account: StorageAccount, findings: Findings) -> int:
    """Counts the findings of every month again, from the index. Returns the number of findings."""
    table = await account.table(TABLE)
    return sum([await _rebuild_month(table, month) for month in await findings.index.months(Query({}))])


async def _rebuild_month(table: Any, month: str) -> int:
    """Counts one month. Starts again if there was a fold in between."""
    from azure.core.exceptions import HttpResponseError

    for attempt in range(_ATTEMPTS):
        number, operations = await _count_month(table, month)
        try:
            for start in range(0, len(operations), _ROWS_AT_ONCE):
                part = operations[start : start + _ROWS_AT_ONCE]
                await table.submit_transaction([await fold_operation(table, month), *part])
            return number
        except HttpResponseError as error:
            if not is_conflict(error) or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _count_month(table: Any, month: str) -> tuple[int, list[Any]]:
    """The number of findings of a month, and the operations that write its counts."""
    revisions: dict[str, int] = {}
    hours: defaultdict[tuple[str, str], Counts] = defaultdict(Counter[str])
    days: defaultdict[tuple[str, str], Counts] = defaultdict(Counter[str])
    async for anchor in rows_of(table, month, "id|", select=["RowKey", "revision", "counted"]):
        counted = json.loads(anchor["counted"])
        revisions[anchor["RowKey"].removeprefix("id|")] = anchor["revision"]
        hours[counted["hour"], counted["tenant"]].update(counts(counted))
        days[counted["hour"][:10], counted["tenant"]].update(counts(counted))
    rows = {f"hour|{hour}|{tenant}": numbers for (hour, tenant), numbers in hours.items()}
    rows |= {f"day|{day}|{tenant}": numbers for (day, tenant), numbers in days.items()}
    operations: list[Any] = [
        ("upsert", {"PartitionKey": month, "RowKey": key, "counts": json.dumps(numbers)}, {"mode": "replace"})
        for key, numbers in rows.items()
    ]
    gone = [key for prefix in ("hour|", "day|") for key in await _keys(table, month, prefix) if key not in rows]
    gone += await _counted_changes(table, month, revisions)
    return len(revisions), [*operations, *(("delete", {"PartitionKey": month, "RowKey": key}) for key in gone)]


async def _counted_changes(table: Any, month: str, revisions: dict[str, int]) -> list[str]:
    """The keys of the changes that are in the new counts: they were made before the anchors were read.

    A finding without an anchor was removed before that, or was written after it. Its last change tells which.
    """
    changes: defaultdict[str, list[tuple[int, str, bool]]] = defaultdict(list[tuple[int, str, bool]])
    async for row in rows_of(table, month, "change|"):
        *_, finding_id, revision = row["RowKey"].split("|")
        changes[finding_id].append((int(revision), row["RowKey"], "after" in row))
    counted: list[str] = []
    for finding_id, made in changes.items():
        _, _, there = max(made)
        last = revisions.get(finding_id, 0 if there else max(made)[0])
        counted += [key for revision, key, _ in made if revision <= last]
    return counted


async def _keys(table: Any, month: str, prefix: str) -> list[str]:
    return [row["RowKey"] async for row in rows_of(table, month, prefix, select=["RowKey"])]
