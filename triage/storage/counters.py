"""Exact counts of findings for `GET /api/summary`, without a row that all writers would have to wait for.

Each write of a finding adds a *change* row in the transaction of its index rows: what the finding counts as now, and
what it counted as before. Changes are *folded*, a number at a time, into rows that count an hour or a day of one
tenant. A fold deletes its changes in the transaction that counts them, so each change is counted once. A summary is
the sum of day rows, hour rows and the changes that are not folded yet.

Row keys, in the partition of the month in the index: `change|<hour>|<tenant>|<id>|<revision>`,
`hour|<hour>|<tenant>`, `day|<day>|<tenant>`, and `folds`, which has the number of the partition's last fold.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from triage.finding import Finding
from triage.storage.account import get_entity, if_unchanged, is_conflict

FIELDS = ("scenario", "cause", "severity", "confidence")
FOLDS = "folds"
# A transaction has at most 100 operations: the changes, 24 hours of a day, the day, and the number of the fold.
_CHANGES_IN_A_FOLD = 70

Counts = Counter[str]
"""Counts by name: `total`, `exposed`, and `<field>.<value>` for each of FIELDS."""


def counted_as(finding: Finding) -> dict[str, str]:
    """What a finding counts as: its hour (`2026-11-20T10`), its tenant, and the values that are counted."""
    return {
        "hour": finding.occurred_at[:13],
        "tenant": finding.tenant_id or "",
        **{field: getattr(finding, field).value for field in FIELDS},
        "exposed": str(finding.exposed is True),
    }


def counts(counted: dict[str, str], sign: int = 1) -> Counts:
    """The counts of one finding; negative with a `sign` of -1."""
    found: Counts = Counter({"total": sign})
    for field in FIELDS:
        found[f"{field}.{counted[field]}"] = sign
    if counted["exposed"] == "True":
        found["exposed"] = sign
    return found


def change_rows(
    month: str, finding_id: str, revision: int, before: dict[str, str] | None, after: dict[str, str] | None
) -> list[dict[str, Any]]:
    """The rows that record a change: none if the counts stay the same, two if the hour or the tenant has changed."""
    if before == after:
        return []
    rows: defaultdict[str, dict[str, Any]] = defaultdict(dict[str, Any])
    for name, counted in (("before", before), ("after", after)):
        if counted is not None:
            key = f"change|{counted['hour']}|{counted['tenant']}|{finding_id}|{revision}"
            rows[key][name] = json.dumps(counted)
    return [{"PartitionKey": month, "RowKey": key, **row} for key, row in rows.items()]


def change_counts(row: Any) -> Counts:
    """The counts of a change row, some of them negative."""
    found: Counts = Counter()
    for name, sign in (("before", -1), ("after", 1)):
        if name in row:
            found.update(counts(json.loads(row[name]), sign))
    return found


def key_parts(row_key: str) -> tuple[str, str]:
    """The hour or day and the tenant in the row key of a count or a change."""
    _, moment, tenant, *_ = row_key.split("|")
    return moment, tenant


@dataclass(frozen=True, slots=True)
class Window:
    """A period of whole hours. Its whole days are counted from day rows, the other hours from hour rows.

    `first` and `end` are hours such as `2026-11-20T10`. `end` is the first hour after the period.
    """

    first: str
    end: str

    def has(self, hour: str) -> bool:
        """Whether an hour is in the period."""
        return self.first <= hour < self.end

    def days(self) -> tuple[str, str]:
        """The whole days in the period: from the first day, up to but not including the second."""
        first = self.first[:10] if self.first.endswith("T00") else f"{self.first[:10]}~"
        return first, self.end[:10]

    def whole_day(self, day: str) -> bool:
        """Whether a whole day is in the period."""
        first, end = self.days()
        return first <= day < end


async def fold(table: Any, month: str, most: int = 20) -> int:
    """Folds changes of a partition, in at most `most` transactions. Returns the number of changes folded.

    Of several folds at the same time one continues. The others see that the number of the fold has changed, and stop.
    Raises azure.core's errors.
    """
    from azure.core.exceptions import HttpResponseError

    folded = 0
    groups: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    async for row in rows_of(table, month, "change|", results_per_page=1000):
        hour, tenant = key_parts(row["RowKey"])
        groups[hour[:10], tenant].append(row)
        if sum(len(rows) for rows in groups.values()) >= most * _CHANGES_IN_A_FOLD:
            break
    for (day, tenant), rows in groups.items():
        for start in range(0, len(rows), _CHANGES_IN_A_FOLD):
            part = rows[start : start + _CHANGES_IN_A_FOLD]
            try:
                await table.submit_transaction(await _fold_operations(table, month, day, tenant, part))
            except HttpResponseError as error:
                if is_conflict(error):
                    return folded
                raise
            folded += len(part)
    return folded


async def _fold_operations(table: Any, month: str, day: str, tenant: str, changes: list[Any]) -> list[Any]:
    hours: defaultdict[str, Counts] = defaultdict(Counter)
    total: Counts = Counter()
    for change in changes:
        numbers = change_counts(change)
        hours[key_parts(change["RowKey"])[0]].update(numbers)
        total.update(numbers)
    operations: list[Any] = [await fold_operation(table, month)]
    rows = {f"day|{day}|{tenant}": total, **{f"hour|{hour}|{tenant}": numbers for hour, numbers in hours.items()}}
    for key, numbers in rows.items():
        old = await get_entity(table, month, key)
        whole: Counts = Counter(json.loads(old["counts"]) if old else {})
        whole.update(numbers)
        kept = {name: number for name, number in whole.items() if number}
        operations.append(("upsert", {"PartitionKey": month, "RowKey": key, "counts": json.dumps(kept)}, _REPLACE))
    operations += [("delete", {"PartitionKey": month, "RowKey": change["RowKey"]}) for change in changes]
    return operations


_REPLACE = {"mode": "replace"}


async def fold_operation(table: Any, month: str) -> Any:
    """The operation that numbers the next fold. Its transaction fails if there was another fold in between."""
    old = await get_entity(table, month, FOLDS)
    if old is None:
        return ("create", {"PartitionKey": month, "RowKey": FOLDS, "number": 1})
    row = {"PartitionKey": month, "RowKey": FOLDS, "number": old["number"] + 1}
    return ("update", row, {**_REPLACE, **if_unchanged(old)})


async def read_counts(
    table: Any, month: str, window: Window, tenants: tuple[str, ...] | None
) -> tuple[dict[str, Counts], int]:
    """The counts of a month by day, for some tenants or all, and the number of changes that are not folded yet.

    Reads again if there was a fold in between: its changes would count twice or not at all.
    """
    found: dict[str, Counts] = {}
    waiting = 0
    for _ in range(5):
        before = await _fold_number(table, month)
        found, waiting = defaultdict[str, Counts](Counter[str]), 0
        async for row in rows_of(table, month, "change|"):
            hour, owner = key_parts(row["RowKey"])
            waiting += 1
            if window.has(hour) and (tenants is None or owner in tenants):
                found[hour[:10]].update(change_counts(row))
        async for row in rows_of(table, month, "day|"):
            day, owner = key_parts(row["RowKey"])
            if window.whole_day(day) and (tenants is None or owner in tenants):
                found[day].update(json.loads(row["counts"]))
        for day in _partial_days(window, month):
            async for row in rows_of(table, month, f"hour|{day}"):
                hour, owner = key_parts(row["RowKey"])
                if window.has(hour) and (tenants is None or owner in tenants):
                    found[day].update(json.loads(row["counts"]))
        if before == await _fold_number(table, month):
            break
    return found, waiting


def _partial_days(window: Window, month: str) -> Iterable[str]:
    """The days at either end of a window that are not whole days of it."""
    days = {window.first[:10], window.end[:10]}
    return sorted(day for day in days if day[:7] == month and not window.whole_day(day))


async def _fold_number(table: Any, month: str) -> int:
    row = await get_entity(table, month, FOLDS)
    return row["number"] if row else 0


def rows_of(table: Any, month: str, prefix: str, **options: Any) -> Any:
    """The rows of a partition whose keys start with a prefix."""
    return table.query_entities(
        f"PartitionKey eq '{month}' and RowKey ge '{prefix}' and RowKey lt '{prefix}~'", **options
    )
