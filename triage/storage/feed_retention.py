"""Removes old rows of table `feeds`, of every tenant, even if its feed is no longer configured.

An action is kept for 14 days after its last change. Message Search is read again for 8 days, and an action that is known is
not posted again.
"""

from __future__ import annotations

from triage.feeds.lanes import DAY
from triage.storage.account import StorageAccount
from triage.storage.feeds import TABLE, key_range
from triage.storage.retention import Expiry, delete_found, each_tenant
from triage.wire import from_epoch_ns

ACTIONS, DAYS, GAPS = 14 * DAY, 35 * DAY, 90 * DAY


async def remove_feed_rows(account: StorageAccount, now: int, expiry: Expiry) -> int:
    """Removes rows that are too old for their kind. Of `expiry`, only `until` is used. Raises azure.core's errors."""
    table = await account.table(TABLE)
    removed = 0
    async for tenant, _ in each_tenant(table, expiry):
        for where in _old(now):
            removed += await delete_found(table, f"PartitionKey eq '{tenant}' and {where}", expiry)
    return removed


def _old(now: int) -> list[str]:
    """The old rows: by the time in their key, or, if the key has none, by the time of the last write."""
    changed = {"act|": ACTIONS, "orphan|": ACTIONS, "gap|": GAPS}
    written = [
        f"{key_range(prefix)} and Timestamp lt datetime'{from_epoch_ns(now - age)}'" for prefix, age in changed.items()
    ]
    last = from_epoch_ns(now - DAYS)
    keyed = [key_range(prefix, f"{prefix}{last[:13]}") for prefix in ("hour|", "file|", "count|", "quota|")]
    return written + keyed
