"""Exact counts of findings for `GET /api/summary`, without a row that all writers would have to wait for.

Changes (changes.py) are *folded*, several at a time, into rows that count an hour or a day of one tenant in one shard.
A fold deletes its changes in the transaction that counts them, so each change is counted once. A summary is the sum of
day rows, hour rows and the changes that are not folded yet.

Row keys, in a shard of table `findings`: `hour|<hour>|<tenant>`, `day|<day>|<tenant>`, and `folds`, which has the
number of the shard's last fold, and the lease on the next one (projection.py).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, log
from typing import Any

from triage.finding.snapshot import Snapshot
from triage.storage.account import get_entity
from triage.storage.changes import PREFIX, Change, changes_of
from triage.storage.query import flag

FIELDS = ("scenario", "cause", "severity", "confidence", "state", "exposed")
FOLDS = "folds"
PREFIXES = ("hour|", "day|")

Counts = Counter[str]
"""Counts by name: `total`, `<field>.<value>` for each of FIELDS, and `reach.<step>` for the time in reach."""

# The time in reach is counted in steps of 10 %, starting at a minute, so a percentile is exact to 10 %.
_STEP = 1.1


def reach_step(seconds: float) -> int:
    """The step of a time in reach: 0 up to a minute, and one more for each 10 %."""
    return max(0, ceil(log(max(seconds, 1) / 60) / log(_STEP)))


def reach_seconds(step: int) -> int:
    """The longest time of a step, in seconds."""
    return round(60 * _STEP**step)


def counted(wire: dict[str, Any], sign: int = 1) -> Counts:
    """The counts of one finding or snapshot (JSON); negative with a `sign` of -1."""
    found: Counts = Counter({"total": sign})
    for field in FIELDS:
        value = wire[field]
        found[f"{field}.{value if isinstance(value, str) else flag(value)}"] = sign
    if wire["timeInReach"] is not None:
        found[f"reach.{reach_step(wire['timeInReach']['atMost'])}"] = sign
    return found


def key_of(snapshot: Snapshot) -> tuple[str, str]:
    """Where a finding is counted: its hour (`2026-11-20T10`) and its tenant."""
    return snapshot.occurred_at[:13], snapshot.tenant_id or ""


def hours_of(changes: Iterable[Change]) -> dict[tuple[str, str], Counts]:
    """What changes add to the counts of each hour and tenant. Some numbers are negative."""
    hours: defaultdict[tuple[str, str], Counts] = defaultdict(Counter[str])
    for change in changes:
        for snapshot, sign in ((change.before, -1), (change.after, 1)):
            if snapshot is not None:
                hours[key_of(snapshot)].update(counted(snapshot.wire(), sign))
    return {key: Counter({name: n for name, n in counts.items() if n}) for key, counts in hours.items()}


def key_parts(row_key: str) -> tuple[str, str]:
    """The hour or day and the tenant in the row key of a count."""
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


def count_rows(changes: Iterable[Change]) -> dict[str, Counts]:
    """The row keys of the counts that change, and what is added to each."""
    rows: defaultdict[str, Counts] = defaultdict(Counter[str])
    for (hour, tenant), numbers in hours_of(changes).items():
        rows[f"hour|{hour}|{tenant}"].update(numbers)
        rows[f"day|{hour[:10]}|{tenant}"].update(numbers)
    return dict(rows)


async def new_counts(table: Any, shard: str, added: dict[str, Counts], known: dict[str, Counts]) -> dict[str, Counts]:
    """The counts of some rows, with what is added to them. `known` are those that need not be read."""
    found: dict[str, Counts] = {}
    for key, numbers in added.items():
        if key in known:
            before = known[key]
        else:
            row = await get_entity(table, shard, key)
            before = Counter(json.loads(row["counts"]) if row else {})
        found[key] = Counter(before)
        found[key].update(numbers)
    return found


def count_row(shard: str, key: str, numbers: Counts) -> dict[str, Any]:
    """The row of the counts of an hour or a day."""
    kept = {name: number for name, number in sorted(numbers.items()) if number}
    return {"PartitionKey": shard, "RowKey": key, "counts": json.dumps(kept)}


async def read_counts(table: Any, shard: str, window: Window, tenants: tuple[str, ...] | None) -> dict[str, Counts]:
    """The counts of a shard by day, for some tenants or all.

    Reads again if there was a fold in between: its changes could count twice or not at all.
    """
    found: dict[str, Counts] = {}
    for _ in range(5):
        before = await _fold_number(table, shard)
        found = defaultdict[str, Counts](Counter[str])
        async for row in rows_of(table, shard, PREFIX):
            for (hour, owner), numbers in hours_of(changes_of(row)).items():
                if window.has(hour) and _wanted(owner, tenants):
                    found[hour[:10]].update(numbers)
        async for row in _day_rows(table, shard, window):
            day, owner = key_parts(row["RowKey"])
            if window.whole_day(day) and _wanted(owner, tenants):
                found[day].update(json.loads(row["counts"]))
        for day in _partial_days(window):
            async for row in rows_of(table, shard, f"hour|{day}"):
                hour, owner = key_parts(row["RowKey"])
                if window.has(hour) and _wanted(owner, tenants):
                    found[day].update(json.loads(row["counts"]))
        if before == await _fold_number(table, shard):
            break
    return found


def _wanted(tenant: str, tenants: tuple[str, ...] | None) -> bool:
    return tenants is None or tenant in tenants


def _partial_days(window: Window) -> Iterable[str]:
    """The days at both ends of a window that are not entirely in it."""
    days = {window.first[:10], window.end[:10]}
    return sorted(day for day in days if not window.whole_day(day))


async def _fold_number(table: Any, shard: str) -> int:
    row = await get_entity(table, shard, FOLDS)
    return row["number"] if row else 0


def _day_rows(table: Any, shard: str, window: Window) -> Any:
    """The rows of the days of a window."""
    first, end = window.days()
    return table.query_entities(f"PartitionKey eq '{shard}' and RowKey ge 'day|{first}' and RowKey lt 'day|{end}'")


def rows_of(table: Any, shard: str, prefix: str, **options: Any) -> Any:
    """The rows of a shard whose keys start with a prefix."""
    return table.query_entities(
        f"PartitionKey eq '{shard}' and RowKey ge '{prefix}' and RowKey lt '{prefix}~'", **options
    )
