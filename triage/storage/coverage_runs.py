"""Running scans, in table `coverage` (coverage_rows.py): at most one for each tenant, with one worker at a time.

The row `running` of a tenant names its scan and holds the lease on it. It is written in one transaction with the scan,
so two starts at the same time lead to one scan. A part of a scan is stored in two steps: first its mailboxes, then the
scan, which says where to continue. If the worker is killed in between, the next one removes what the part has written,
and does the part again. All methods raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from triage.coverage.model import CoverageScan
from triage.coverage.work import Work
from triage.storage.account import StorageAccount, get_entity, if_etag, is_conflict
from triage.storage.coverage import Coverages
from triage.storage.coverage_earlier import EarlierMailboxes
from triage.storage.coverage_rows import RUNNING, TABLE, Entity, StoredScan, scan_row
from triage.storage.documents import quoted
from triage.storage.leases import release, take
from triage.storage.retention import MOST_OPERATIONS
from triage.storage.transactions import submit
from triage.wire import epoch_ns, from_epoch_ns

_SECOND = 1_000_000_000


@dataclass(slots=True)
class Run:
    """The right to work on the scan of a tenant, and the scan as it was last stored.

    `clean`: no part has left rows behind that the scan does not know.
    """

    stored: StoredScan
    lease: Entity
    clean: bool = True


class CoverageRuns:
    """The running scans."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account
        self._earlier: dict[str, EarlierMailboxes] = {}

    async def begin(self, scan: CoverageScan, work: Work) -> StoredScan:
        """Starts a scan. If one is already running in the tenant, returns that one."""
        from azure.core.exceptions import HttpResponseError

        table = await self._account.table(TABLE)
        row = scan_row(scan, work)
        running = {"PartitionKey": row["PartitionKey"], "RowKey": RUNNING, "scanId": scan.id, "leaseUntil": ""}
        while True:
            try:
                await submit(table, [("create", running), ("create", row)])
            except HttpResponseError as error:
                if not is_conflict(error):
                    raise
            found = await self.running(scan.tenant_id)
            if found is not None:  # otherwise it has ended meanwhile
                return found

    async def running(self, tenant_id: str) -> StoredScan | None:
        """The running scan of a tenant; None if there is none."""
        entity = await get_entity(await self._account.table(TABLE), tenant_id, RUNNING)
        return await Coverages(self._account).stored(entity["scanId"]) if entity is not None else None

    async def tenants(self, tenant_ids: Sequence[str]) -> frozenset[str]:
        """Those of the tenants that have a running scan."""
        table = await self._account.table(TABLE)
        found = await asyncio.gather(*(get_entity(table, tenant_id, RUNNING) for tenant_id in tenant_ids))
        return frozenset(str(one["PartitionKey"]) for one in found if one is not None)

    def earlier(self, run: Run) -> EarlierMailboxes:
        """The mailboxes that a scan is compared with, cached until it ends."""
        tenant_id, partition = run.stored.scan.tenant_id, run.stored.work.earlier
        known = self._earlier.get(tenant_id)
        if known is None or known.partition != partition:
            known = self._earlier[tenant_id] = EarlierMailboxes(self._account, partition)
        return known

    async def lease(self, tenant_id: str, seconds: float) -> Run | None:
        """The lease on the scan of a tenant for some seconds; None if none is running, or another worker has it."""
        from azure.core.exceptions import HttpResponseError

        table = await self._account.table(TABLE)
        entity = await get_entity(table, tenant_id, RUNNING)
        now = time.time_ns()
        if entity is None or (entity["leaseUntil"] and epoch_ns(entity["leaseUntil"]) > now):
            return None
        killed = bool(entity["leaseUntil"])
        until = from_epoch_ns(now + int(seconds * _SECOND))
        lease = await take(table, entity, {**entity, "leaseUntil": until, "leaseId": uuid4().hex})
        if lease is None:
            return None
        stored = await Coverages(self._account).stored(entity["scanId"])
        if stored is None:
            await table.delete_entity(lease)
            return None
        run = Run(stored, lease)
        if killed:
            try:
                await self._take_back(run)
            except HttpResponseError as error:
                if is_conflict(error):
                    return None
                raise
        return run

    async def store(self, run: Run, scan: CoverageScan, work: Work, rows: Iterable[Entity] = ()) -> None:
        """Stores the mailboxes of a part, and then the scan. Raises a conflict if the lease is lost."""
        table = await self._account.table(TABLE)
        run.clean = False
        await self._write("upsert", list(rows))
        row = scan_row(scan, work)
        written = await table.update_entity(row, **if_etag(run.stored.etag))
        run.stored = StoredScan(scan, work, written["etag"])
        run.clean = True

    async def release(self, run: Run) -> None:
        """Ends the lease, so that the next worker need not wait. Does nothing if another worker has it by now."""
        if not run.clean:
            return  # as if the worker had been killed, so that the next one removes what was left
        await release(await self._account.table(TABLE), run.lease, {"leaseUntil": ""})

    async def end(self, run: Run) -> None:
        """Stores that the scan has ended, so that another one can start."""
        self._earlier.pop(run.stored.scan.tenant_id, None)
        await release(await self._account.table(TABLE), run.lease)

    async def _take_back(self, run: Run) -> None:
        """Removes what an unfinished part has written.

        Its worker may still be alive. Writing the scan again keeps that worker from finishing the part.
        """
        await self.store(run, run.stored.scan, run.stored.work)
        table = await self._account.table(TABLE)
        where = f"PartitionKey eq '{quoted(run.stored.mailboxes)}' and part eq {run.stored.work.part}"
        rows = [row async for row in table.query_entities(where, select=["PartitionKey", "RowKey"])]
        await self._write("delete", rows)

    async def _write(self, kind: str, rows: list[Any]) -> None:
        table = await self._account.table(TABLE)
        for start in range(0, len(rows), MOST_OPERATIONS):
            await submit(table, [(kind, row) for row in rows[start : start + MOST_OPERATIONS]])
