"""Which parts of the service are degraded, in table `incidents`, partition `service`. Raises azure.core's errors."""

from __future__ import annotations

from triage.notifications.degraded import Degraded
from triage.storage.account import StorageAccount
from triage.storage.outbox import TABLE
from triage.wire import epoch_ns, from_epoch_ns

_PARTITION = "service"


async def read_degraded(account: StorageAccount) -> dict[str, Degraded]:
    """The degraded parts, by name."""
    table = await account.table(TABLE)
    rows = table.query_entities(f"PartitionKey eq '{_PARTITION}'")
    return {
        str(row["RowKey"]): Degraded(str(row["RowKey"]), epoch_ns(row["since"]), bool(row["told"]))
        async for row in rows
    }


async def keep_degraded(account: StorageAccount, part: str, known: Degraded | None) -> None:
    """Stores the state of a part; None: it works."""
    table = await account.table(TABLE)
    if known is None:
        await table.delete_entity(_PARTITION, part)
        return
    row = {"PartitionKey": _PARTITION, "RowKey": part, "since": from_epoch_ns(known.since), "told": known.notified}
    await table.upsert_entity(row, mode="replace")
