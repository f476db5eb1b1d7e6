"""Removes what has expired: findings with all their rows, audits, and rejected events.

Each function returns the number of removed entities and raises azure.core's errors. It stops when time is up, and the
next run removes the rest. An entity-group transaction takes 100 operations of one partition
(https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeVar

from triage.storage.account import StorageAccount
from triage.storage.audits import TABLE as AUDITS
from triage.storage.documents import unpack_compressed
from triage.storage.finding_lists import FindingLists, place_of
from triage.storage.finding_rows import SUMMARY
from triage.storage.findings import Findings
from triage.storage.outbox import TABLE as OUTBOX
from triage.storage.query import Query
from triage.storage.rejected import TABLE as REJECTED
from triage.storage.shards import SHARDS
from triage.storage.transactions import submit
from triage.wire import epoch_ns, from_epoch_ns, newest_first

T = TypeVar("T")

MOST_OPERATIONS = 100
_FINDINGS_AT_ONCE = 16
_MONTH = 31 * 86400 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Expiry:
    """What to remove: everything from before `before` (nanoseconds since 1970). `until` (time.monotonic) ends the run."""

    before: int
    until: float

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return time.monotonic() >= self.until


async def remove_findings(findings: Findings, lists: FindingLists, expiry: Expiry) -> int:
    """Removes the findings that were last seen before the limit.

    They are listed by `occurredAt`, which is before `lastSeen` unless a sender's clock is wrong. A clock can be wrong by
    years, so the future is searched too.
    """
    removed = 0
    for query in (Query({}, until=expiry.before - 1), Query({}, since=time.time_ns() + _MONTH)):
        rows = lists.rows(query, None, 1000)
        expired = (row async for row in rows if epoch_ns(unpack_compressed(SUMMARY, row)["lastSeen"]) < expiry.before)
        async for part in in_parts(expired, _FINDINGS_AT_ONCE):
            ids = [place_of(row).rpartition("|")[2] for row in part]
            removed += sum(await asyncio.gather(*(findings.remove(one, expiry.before) for one in ids)))
            if expiry.over:
                return removed
    return removed


async def remove_audits(account: StorageAccount, expiry: Expiry) -> int:
    """Removes old audits of every tenant, even if it is no longer configured. The newest of each tenant stays."""
    table = await account.table(AUDITS)
    removed = 0
    async for tenant, newest in each_tenant(table, expiry):
        last = max(str(newest["RowKey"]), last_to_keep(expiry))
        removed += await _remove_after(table, tenant, last, expiry)
    return removed


async def remove_rejected(account: StorageAccount, expiry: Expiry) -> int:
    """Removes old rejected events."""
    return await _remove_after(await account.table(REJECTED), REJECTED, last_to_keep(expiry), expiry)


async def remove_notifications(account: StorageAccount, expiry: Expiry) -> int:
    """Removes old deliveries, and old rows of what was sent to channels. Waiting notifications stay."""
    table = await account.table(OUTBOX)
    told = f"RowKey gt 'told|' and RowKey lt 'told}}' and at lt '{from_epoch_ns(expiry.before)}'"
    done = f"RowKey gt 'done|{last_to_keep(expiry)}' and RowKey lt 'done}}'"
    removed = 0
    for query in (f"PartitionKey eq '{shard}' and {clause}" for shard in SHARDS for clause in (done, told)):
        if expiry.over:
            break
        removed += await delete_found(table, query, expiry)
    return removed


def last_to_keep(expiry: Expiry) -> str:
    """A key that sorts after those of all rows to keep, and before those of older rows: keys are newest first."""
    return newest_first(expiry.before) + "~"


async def _remove_after(table: Any, partition: str, row_key: str, expiry: Expiry) -> int:
    """Deletes the rows of a partition after a key."""
    return await delete_found(table, f"PartitionKey eq '{partition}' and RowKey gt '{row_key}'", expiry)


async def delete_found(table: Any, query: str, expiry: Expiry) -> int:
    """Deletes the rows of one partition that a query finds, 100 in a transaction."""
    removed = 0
    rows = table.query_entities(query, select=["PartitionKey", "RowKey"], results_per_page=1000)
    async for part in in_parts(rows, MOST_OPERATIONS):
        if expiry.over:
            break
        removed += await delete_rows(table, part)
    return removed


async def delete_rows(table: Any, rows: list[Any]) -> int:
    """Deletes rows of one partition. Rows that another run has deleted meanwhile don't count."""
    from azure.core.exceptions import HttpResponseError

    try:
        await submit(table, [("delete", row) for row in rows])
    except HttpResponseError as error:
        if error.status_code != 404:
            raise
        return sum([await delete_rows(table, [row]) for row in rows]) if len(rows) > 1 else 0
    return len(rows)


async def each_tenant(table: Any, expiry: Expiry) -> AsyncIterator[tuple[str, Any]]:
    """Each tenant that has rows in a table, and the keys of its first row, until time is up.

    The partitions of a tenant are its id, and those that begin with its id and a period.
    """
    query = ""
    while not expiry.over and (found := await first_row(table, query)) is not None:
        tenant = str(found["PartitionKey"]).partition(".")[0]
        yield tenant, found
        query = f"PartitionKey gt '{tenant}~'"


async def first_row(table: Any, query: str) -> Any:
    """The keys of the first row that a query finds; None if there is none."""
    async for row in table.query_entities(query, select=["PartitionKey", "RowKey"], results_per_page=1):
        return row
    return None


async def in_parts(items: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    """The items in lists of at most `size`."""
    part: list[T] = []
    async for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
