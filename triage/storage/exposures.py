"""Table `exposures`: each message in one mailbox that can still be opened, however many failures it had.

Its rows are in exposure_rows.py. All methods raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from triage.storage.account import StorageAccount, get_entity, is_conflict
from triage.storage.changes import Change
from triage.storage.documents import decompressed, quoted
from triage.storage.exposure_rows import LIST, Exposure, exposure_ids, exposure_operations
from triage.storage.shards import SHARDS, checked, in_range, page_of, rows_of_all, shard_of
from triage.storage.stored import read_stored
from triage.storage.transactions import submit

TABLE = "exposures"
_ATTEMPTS = 20
_AT_ONCE = 16
# An exposure has at most four operations in a transaction of 100.
_IN_A_TRANSACTION = 25
_PLACE = re.compile(r"[01]\|-?[0-9]+\|[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ExposureQuery:
    """Which exposures. `tenant_ids`: only those of these tenants."""

    tenant_ids: tuple[str, ...] | None = None
    mailbox: str | None = None
    is_read: tuple[str, ...] = ()
    incident_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExposureTotals:
    """How many messages can still be opened, how many of them were read, and in how many mailboxes they are.

    `since`: when the remediation of the one that has been exposed the longest failed, in nanoseconds since 1970.
    `by_tenant` has the number of messages of each tenant; an empty ID stands for no tenant.
    """

    messages: int
    read: int
    mailboxes: int
    since: int | None
    by_tenant: Counter[str]


class Exposures:
    """The exposures of all tenants."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account
        # Failures of all shards can be about one message. The lock avoids conflicts within this process.
        self._locks = {shard: asyncio.Lock() for shard in SHARDS}

    async def apply(self, changes: Sequence[Change]) -> None:
        """Applies changes of findings: a receiver of the projection (projection.Receiver)."""
        shards: defaultdict[str, dict[str, list[Change]]] = defaultdict(dict[str, list[Change]])
        for change in changes:
            for identifier in exposure_ids(change):
                shards[shard_of(identifier)].setdefault(identifier, []).append(change)
        parts = [
            (shard, groups[start : start + _IN_A_TRANSACTION])
            for shard, of_shard in shards.items()
            for groups in [list(of_shard.items())]
            for start in range(0, len(groups), _IN_A_TRANSACTION)
        ]
        await asyncio.gather(*(self._apply(shard, part) for shard, part in parts))

    async def _apply(self, shard: str, groups: list[tuple[str, list[Change]]]) -> None:
        """Applies the changes of some exposures in one transaction, or one by one if another writer was faster."""
        async with self._locks[shard]:
            await self._apply_groups(shard, groups)

    async def _apply_groups(self, shard: str, groups: list[tuple[str, list[Change]]]) -> None:
        from azure.core.exceptions import HttpResponseError

        table = await self._account.table(TABLE)
        # A new failure is usually about a new message. If it is not, the transaction fails.
        new = [group for group in groups if all(change.before is None for change in group[1])]
        try:
            operations = [operation for group in new for operation in exposure_operations(shard, None, *group)]
            if operations:
                await submit(table, operations)
        except HttpResponseError as error:
            if not is_conflict(error):
                raise
            new = []
        limit = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._apply_one(limit, shard, *group) for group in groups if group not in new))

    async def _apply_one(self, limit: asyncio.Semaphore, shard: str, identifier: str, changes: list[Change]) -> None:
        from azure.core.exceptions import HttpResponseError

        table = await self._account.table(TABLE)
        async with limit:
            for attempt in range(_ATTEMPTS):
                operations = exposure_operations(
                    shard, await get_entity(table, shard, f"x|{identifier}"), identifier, changes
                )
                try:
                    if operations:
                        await submit(table, operations)
                    return
                except HttpResponseError as error:
                    if not is_conflict(error) or attempt == _ATTEMPTS - 1:
                        raise

    async def page(self, query: ExposureQuery, top: int, token: str | None) -> tuple[list[Exposure], str | None]:
        """At most `top` exposures, read ones first, then the longest exposed, and the token of the next page.

        InputError if `token` is not valid.
        """
        after = checked(token, _PLACE)
        rows, last = await page_of(self._rows(query, after, top + 1), top)
        return [_exposure(one) for one in rows], str(last["RowKey"]).removeprefix(LIST) if last else None

    async def totals(self, tenant_ids: tuple[str, ...] | None) -> ExposureTotals:
        """The numbers of exposures of some tenants, or all."""
        read = 0
        since: int | None = None
        tenants: Counter[str] = Counter()
        mailboxes: set[tuple[str, str]] = set()
        select = ("RowKey", "tenantId", "mailbox", "isRead")
        async for row in self._rows(ExposureQuery(tenant_ids), None, 8000, select):
            tenants[row.get("tenantId", "")] += 1
            read += row["isRead"] == "true"
            mailboxes.add((row.get("tenantId", ""), row["mailbox"]))
            begun = int(str(row["RowKey"]).split("|")[2])
            since = begun if since is None else min(since, begun)
        return ExposureTotals(tenants.total(), read, len(mailboxes), since, tenants)

    async def _rows(
        self, query: ExposureQuery, after: str | None, most: int, select: Sequence[str] = ()
    ) -> AsyncIterator[Any]:
        clauses = [in_range(LIST, after)]
        for name, value in (("mailbox", query.mailbox), ("incidentId", query.incident_id)):
            if value is not None:
                clauses.append(f"{name} eq '{quoted(value)}'")
        async for row in rows_of_all(self._account, TABLE, " and ".join(clauses), most=most, select=select):
            if query.tenant_ids is not None and row.get("tenantId") not in query.tenant_ids:
                continue
            if not query.is_read or row["isRead"] in query.is_read:
                yield row


def _exposure(row: Any) -> Exposure:
    return read_stored(Exposure, decompressed("document", row))
