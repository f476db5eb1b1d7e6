"""Table `coverage`: the scans of each tenant, and the mailboxes that they found (coverage_rows.py).

All methods raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence
from typing import Any

from triage.coverage.compare import Standing
from triage.coverage.model import CoverageScan, MailboxChange, ScanState, UncoveredMailbox
from triage.diagnosis.causes import Cause
from triage.storage.account import StorageAccount, get_entity
from triage.storage.coverage_rows import (
    TABLE,
    StoredScan,
    mailbox_of,
    place_of,
    rows_of,
    scans_of,
    stored_scan,
)
from triage.storage.documents import quoted
from triage.storage.shards import page_of

_ID = re.compile(r"[0-9a-f-]{36}\.[0-9]{21}\.[0-9a-f]{8}")


class Coverages:
    """The coverage scans."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def latest(self, tenant_ids: Sequence[str], *states: ScanState) -> list[CoverageScan]:
        """The newest scan of each tenant that has one; with `states`, the newest in any of these."""
        found = await asyncio.gather(*(self._newest(tenant_id, states) for tenant_id in tenant_ids))
        return [one.scan for one in found if one is not None]

    async def last_complete(self, tenant_id: str) -> StoredScan | None:
        """The newest scan of a tenant that has seen all users; None if there is none."""
        return await self._newest(tenant_id, (ScanState.COMPLETE,))

    async def get(self, scan_id: str) -> CoverageScan | None:
        """The scan with this id; None if there is none."""
        found = await self.stored(scan_id)
        return found.scan if found is not None else None

    async def stored(self, scan_id: str) -> StoredScan | None:
        """A scan and its progress; None if there is none."""
        if not _ID.fullmatch(scan_id):
            return None
        entity = await get_entity(await self._account.table(TABLE), *place_of(scan_id))
        return stored_scan(entity) if entity is not None else None

    async def mailboxes(
        self, scan_id: str, *, causes: Collection[Cause] = (), changed: Collection[MailboxChange] = (),
        top: int = 100, token: str | None = None,
    ) -> tuple[list[UncoveredMailbox], str | None]:  # fmt: skip
        """At most `top` mailboxes of a scan in the order of their addresses, and the token of the next page.

        By default the uncovered ones. With `changed`, those with such a change; recovered ones come first. With `causes`,
        those with these causes; a recovered mailbox has the cause that it had before.
        """
        scan = await self.stored(scan_id)
        if scan is None:
            return [], None
        clauses = [f"PartitionKey eq '{quoted(scan.mailboxes)}'"]
        if token is not None:
            clauses.append(f"RowKey gt '{quoted(token)}'")
        if not changed:
            clauses.append(rows_of(Standing.UNCOVERED))
        for name, values in (("change", changed), ("cause", causes)):
            if values:
                wanted = " or ".join(f"{name} eq '{value}'" for value in values)
                clauses.append(f"({wanted})")
        table = await self._account.table(TABLE)
        rows = table.query_entities(" and ".join(clauses), results_per_page=min(top + 1, 1000))
        page, last = await page_of(rows, top)
        return [mailbox_of(row) for row in page], str(last["RowKey"]) if last else None

    async def _newest(self, tenant_id: str, states: Sequence[ScanState]) -> StoredScan | None:
        table = await self._account.table(TABLE)
        rows: Any = table.query_entities(scans_of(tenant_id, *states), results_per_page=1)
        async for row in rows:
            return stored_scan(row)
        return None
