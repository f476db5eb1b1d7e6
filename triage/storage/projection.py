"""Applies the changes of all shards to everything that is derived from findings. Each change counts once, even if retried.

1. An instance takes the leases of the shards for 30 seconds, so that instances don't do the same work. Correctness does
   not depend on the leases.
2. It reads up to 50 rows of changes of each shard, and each receiver applies all of them together, because what a receiver
   writes has its own shards. Changes that a receiver gets twice count once.
3. One transaction of each shard deletes the rows, adds them to the counts (counters.py), writes the later looks
   (due.py), and numbers the fold. If another instance was faster, the transaction fails as a whole.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from triage.storage.account import StorageAccount, get_entity, if_etag, is_conflict
from triage.storage.changes import Change, changes_of, waiting_rows
from triage.storage.counters import FOLDS, Counts, count_row, count_rows, new_counts
from triage.storage.due import due_looks, due_rows, rows_needed
from triage.storage.transactions import submit

TABLE = "findings"
LEASE_SECONDS = 30.0
_ROWS = 50
_OPERATIONS = 99  # and the lease with the number of the fold
_KNOWN = 2000

Receiver = Callable[[Sequence[Change]], Awaitable[None]]
"""Applies changes to derived data. Applying them again has no effect. Raises azure.core's errors."""


class Lease(NamedTuple):
    """The row of folds as this instance wrote or read it: the number of folds, and its ETag (None: no row yet)."""

    number: int
    etag: str | None


class _Row(NamedTuple):
    """A row of changes, and its content."""

    key: str
    changes: list[Change]


class _Page(NamedTuple):
    """Rows of changes of a shard that are applied together."""

    shard: str
    lease: Lease
    rows: list[_Row]

    @property
    def full(self) -> bool:
        """Whether more rows may wait."""
        return len(self.rows) == _ROWS


class Projection:
    """The changes of all shards, and their receivers."""

    def __init__(self, account: StorageAccount, receivers: Sequence[Receiver]) -> None:
        self._account = account
        self._receivers = receivers
        self._owner = uuid4().hex[:12]
        self._lock = asyncio.Lock()
        # What this instance wrote last is valid until another instance writes the row of folds: its ETag, the counts.
        self._leases: dict[str, Lease] = {}
        self._counts: dict[str, tuple[int, dict[str, Counts]]] = {}

    async def run(self, shards: Iterable[str], until: float) -> int:
        """Applies waiting changes of some shards until there are none, or until `until` (time.monotonic).

        Returns the number of changes that were applied. Skips shards that another instance works on. Raises azure.core's
        errors.
        """
        applied = 0
        left = list(shards)
        async with self._lock:
            while left:
                pages = [page for page in await asyncio.gather(*map(self._page, left)) if page is not None]
                changes = [change for page in pages for row in page.rows for change in row.changes]
                for receiver in self._receivers if changes else ():
                    await receiver(changes)
                more = time.monotonic() < until
                numbers = await asyncio.gather(*(self._fold(page, more=more) for page in pages))
                applied += sum(numbers)
                left = [page.shard for page in pages if page.full] if more else []
        return applied

    async def _page(self, shard: str) -> _Page | None:
        """Rows of changes of a shard, and its lease; None if there are none, or another instance works on it."""
        rows = await waiting_rows(self._account, TABLE, shard, _ROWS)
        if not rows or (lease := await self.take(shard)) is None:
            return None
        return _Page(shard, lease, [_Row(row["RowKey"], changes_of(row)) for row in rows])

    async def _fold(self, page: _Page, *, more: bool) -> int:
        """Counts and deletes the rows of a page. Returns the number of changes. The lease ends if no page follows."""
        lease, rows = page.lease, page.rows
        applied = 0
        while rows:
            part = _fitting(rows)
            rows = rows[len(part) :]
            seconds = LEASE_SECONDS if rows or (page.full and more) else 0.0
            following = await self._count(page.shard, lease, part, seconds)
            if following is None:
                break
            lease = following
            applied += sum(len(row.changes) for row in part)
        return applied

    async def take(self, shard: str) -> Lease | None:
        """The lease of a shard; None if another instance has it."""
        if (known := self._leases.get(shard)) is not None:
            taken = await self.transact(shard, known, LEASE_SECONDS, [])
            if taken is not None:
                return taken
        old = await get_entity(await self._account.table(TABLE), shard, FOLDS)
        if old is None:
            return await self.transact(shard, Lease(0, None), LEASE_SECONDS, [])
        if old["owner"] != self._owner and old["until"] > time.time():
            return None
        return await self.transact(shard, Lease(old["number"], old.metadata["etag"]), LEASE_SECONDS, [])

    async def _count(self, shard: str, lease: Lease, rows: list[_Row], seconds: float) -> Lease | None:
        """Counts and deletes rows of changes. Returns the lease as it is now; None if another instance was faster."""
        changes = [change for row in rows for change in row.changes]
        number, known = self._counts.get(shard, (-1, {}))
        known = known if number == lease.number and len(known) < _KNOWN else {}
        counts = await new_counts(await self._account.table(TABLE), shard, count_rows(changes), known)
        operations = [
            *(("upsert", count_row(shard, key, numbers), {"mode": "replace"}) for key, numbers in counts.items()),
            *(("create", row) for row in due_rows(shard, changes)),
            *(("delete", {"PartitionKey": shard, "RowKey": row.key}) for row in rows),
        ]
        following = await self.transact(shard, lease._replace(number=lease.number + 1), seconds, operations)
        if following is not None:
            self._counts[shard] = (following.number, known | counts)
        return following

    async def transact(self, shard: str, lease: Lease, seconds: float, operations: list[Any]) -> Lease | None:
        """Writes the lease for some seconds, together with other rows. None if another instance was faster."""
        from azure.core.exceptions import HttpResponseError

        row = {
            "PartitionKey": shard,
            "RowKey": FOLDS,
            "number": lease.number,
            "owner": self._owner,
            "until": time.time() + seconds,
        }
        first = ("create", row) if lease.etag is None else ("update", row, if_etag(lease.etag))
        table = await self._account.table(TABLE)
        try:
            written = await submit(table, [first, *operations])
        except HttpResponseError as error:
            if not is_conflict(error):
                raise
            self._leases.pop(shard, None)
            return None
        self._leases[shard] = lease._replace(etag=written[0]["etag"])
        return self._leases[shard]


def _fitting(rows: list[_Row]) -> list[_Row]:
    """The first rows, as many as one transaction can count. One row always fits: it has at most 16 changes."""
    counts: set[str] = set()
    looks: Counter[int] = Counter()
    for number, row in enumerate(rows):
        counts.update(count_rows(row.changes))
        looks.update({minute: len(due) for minute, due in due_looks(row.changes).items()})
        needed = len(counts) + sum(map(rows_needed, looks.values())) + number + 1
        if needed > _OPERATIONS and number:
            return rows[:number]
    return rows
