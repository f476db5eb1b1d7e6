"""Removes old coverage scans: a few of each tenant are enough to see changes."""

from __future__ import annotations

from typing import Any

from triage.coverage.model import ScanState
from triage.storage.account import StorageAccount
from triage.storage.coverage_rows import TABLE, StoredScan, place_of, scans_of, stored_scan
from triage.storage.documents import quoted
from triage.storage.retention import Expiry, delete_found, each_tenant, first_row
from triage.wire import epoch_ns

KEPT_SCANS = 7
"""Scans of each tenant that stay: a week of nights. The last complete one also stays, for comparison with the next."""


async def remove_scans(account: StorageAccount, expiry: Expiry) -> int:
    """Removes old scans of every tenant with their mailboxes, even if the tenant is no longer configured.

    Scans that have expired are removed even if there are few. Returns the number of removed entities.
    Raises azure.core's errors. It stops when time is up, and the next run removes the rest.
    """
    table = await account.table(TABLE)
    removed = 0
    async for tenant, _ in each_tenant(table, expiry):
        removed += await _remove_of(table, tenant, expiry)
    return removed


async def _remove_of(table: Any, tenant: str, expiry: Expiry) -> int:
    removed = 0
    newer, complete = 0, False
    async for row in table.query_entities(scans_of(tenant), results_per_page=100):
        one = stored_scan(row)
        if one.scan.state is not ScanState.RUNNING:
            expired = epoch_ns(one.scan.started_at) < expiry.before
            is_last_complete = one.scan.state is ScanState.COMPLETE and not complete
            complete = complete or is_last_complete
            newer += 1
            if expired or (newer > KEPT_SCANS and not is_last_complete):
                removed += await _remove(table, one, expiry)
                continue
        removed += await _remove_mailboxes(
            table, one.scan.id, f" and PartitionKey lt '{quoted(one.mailboxes)}'", expiry
        )
    return removed


async def _remove(table: Any, one: StoredScan, expiry: Expiry) -> int:
    """Removes a scan after its mailboxes, so that an interrupted removal is found again."""
    removed = await _remove_mailboxes(table, one.scan.id, f" and PartitionKey lt '{one.scan.id}/'", expiry)
    if expiry.over:
        return removed
    partition, row_key = place_of(one.scan.id)
    keys = f"PartitionKey eq '{partition}' and RowKey eq '{row_key}'"
    return removed + await delete_found(table, keys, expiry)


async def _remove_mailboxes(table: Any, scan_id: str, up_to: str, expiry: Expiry) -> int:
    """Removes the mailboxes of a scan, one partition after another."""
    removed = 0
    while not expiry.over:
        found = await first_row(table, f"PartitionKey gt '{scan_id}.'{up_to}")
        if found is None:
            break
        removed += await delete_found(table, f"PartitionKey eq '{quoted(found['PartitionKey'])}'", expiry)
    return removed
