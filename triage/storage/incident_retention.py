"""Removes old incidents, which have mail addresses and can have the subject of a message."""

from __future__ import annotations

from typing import Any

from triage.storage.account import StorageAccount, get_entity, if_etag, is_conflict
from triage.storage.incident_rows import LIST, head_key, head_of, member_key, member_of
from triage.storage.incidents import TABLE
from triage.storage.retention import MOST_OPERATIONS, Expiry, delete_rows, in_parts, last_to_keep
from triage.storage.shards import SHARDS
from triage.storage.transactions import submit


async def remove_incidents(account: StorageAccount, expiry: Expiry) -> int:
    """Removes resolved incidents whose last failure is older than the limit, and whose findings have all been removed.

    Returns the number of removed entities. Raises azure.core's errors. It stops when time is up, and the next run removes
    the rest.
    """
    table = await account.table(TABLE)
    removed = 0
    for shard in SHARDS:
        old = f"RowKey gt '{LIST}1|0|{last_to_keep(expiry)}' and RowKey lt '{LIST}1}}' and state eq 'resolved'"
        query = f"PartitionKey eq '{shard}' and {old}"
        async for row in table.query_entities(query, select=["RowKey"], results_per_page=1000):
            if expiry.over:
                return removed
            removed += await _remove(table, shard, str(row["RowKey"]))
    return removed


async def _remove(table: Any, shard: str, list_key: str) -> int:
    """Removes an incident after its members, so that an interrupted removal is found again.

    A finding that joins meanwhile keeps the incident: its member is not `gone`, and the ETag of the head has changed.
    """
    from azure.core.exceptions import HttpResponseError

    incident_id = list_key.rpartition("|")[2]
    entity = await get_entity(table, shard, head_key(incident_id))
    if entity is None:
        return 0
    incident = head_of(entity).incident
    if incident.findings or incident.suppression is not None:  # its end has a row of its own
        return 0
    first, end = member_key(incident_id, ""), member_key(incident_id, "~")
    query = f"PartitionKey eq '{shard}' and RowKey gt '{first}' and RowKey lt '{end}'"
    members = (row async for row in table.query_entities(query, results_per_page=1000) if member_of(row).gone)
    removed = 0
    async for part in in_parts(members, MOST_OPERATIONS):
        removed += await delete_rows(table, part)
    head = {"PartitionKey": shard, "RowKey": head_key(incident_id)}
    listed = {"PartitionKey": shard, "RowKey": list_key}
    try:
        await submit(table, [("delete", head, if_etag(entity.metadata["etag"])), ("delete", listed)])
    except HttpResponseError as error:
        if not is_conflict(error):
            raise
        return removed
    return removed + 2
