"""Findings as version 1 stored them, until they are migrated. Until then, both versions are read.

Version 1 stored a finding in table `findings`, with the first two characters of its ID as the partition key, and a whole
copy for each filter in table `findingsindex`, with a partition for each month. A migrated finding is stored as this version
does it, and then deleted from `findings`. The index is not changed; it can be deleted as a whole.

All methods raise azure.core's errors.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from triage.finding import Finding, Snapshot
from triage.storage.account import StorageAccount, get_entity
from triage.storage.documents import decompressed, pack_compressed, unpack_text
from triage.storage.finding_rows import SUMMARY, summary_of
from triage.storage.query import Query, columns_of, matches
from triage.storage.stored import read_finding
from triage.wire import epoch_ns, from_newest_first, newest_first

_FINDINGS, _INDEX = "findings", "findingsindex"
# The partition keys of version 1 begin with a hexadecimal digit, those of shards with `s`.
_OLD = "PartitionKey ge '0' and PartitionKey lt 'g'"


class Version1:
    """What is left of version 1."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account
        self._gone = False

    async def is_gone(self) -> bool:
        """Whether nothing is left. Once it is so, the answer is cached, because nothing writes version 1."""
        if not self._gone:
            table = await self._account.table(_FINDINGS)
            rows = table.query_entities(_OLD, select=["PartitionKey"], results_per_page=1)
            self._gone = await anext(aiter(rows), None) is None
        return self._gone

    async def get(self, finding_id: str) -> Finding | None:
        """The finding with this id; None if there is none."""
        entity = None if await self.is_gone() else await self.entity(finding_id)
        return finding_of(entity) if entity is not None else None

    async def entity(self, finding_id: str) -> dict[str, Any] | None:
        """The entity of a finding; None if there is none."""
        return await get_entity(await self._account.table(_FINDINGS), finding_id[:2], finding_id)

    async def entities(self) -> AsyncIterator[dict[str, Any]]:
        """The entities of all findings that are not migrated."""
        table = await self._account.table(_FINDINGS)
        async for entity in table.query_entities(_OLD, results_per_page=500):
            yield entity

    async def delete(self, entity: dict[str, Any]) -> None:
        """Deletes a finding that was migrated."""
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._account.table(_FINDINGS)
        with contextlib.suppress(ResourceNotFoundError):
            await table.delete_entity(entity["PartitionKey"], entity["RowKey"])

    async def rows(self, query: Query, after: str | None) -> AsyncIterator[dict[str, Any]]:
        """The list rows of a query, newest first, in the form of this version, for findings that are not migrated."""
        from azure.core.exceptions import ResourceNotFoundError

        table: Any = self._account.tables().get_table_client(_INDEX)
        try:
            months = [str(row["RowKey"]) async for row in table.query_entities("PartitionKey eq 'months'")]
        except ResourceNotFoundError:
            return
        low = newest_first(query.until) if query.until is not None else ""
        for month in sorted(months, reverse=True):
            keys = f"PartitionKey eq '{month}' and RowKey ge 'all|{after or low}' and RowKey lt 'all|~'"
            async for entity in table.query_entities(keys, results_per_page=200):
                place = str(entity["RowKey"]).removeprefix("all|")
                if query.since is not None and from_newest_first(place[:21]) < query.since:
                    return
                if place != after and await self.entity(place[22:]) is not None:
                    row = _list_row(entity)
                    if matches(query, row):
                        yield row


def finding_of(entity: dict[str, Any]) -> Finding:
    """The finding of an entity."""
    return read_finding(unpack_text("document", entity))


def _list_row(entity: dict[str, Any]) -> dict[str, Any]:
    """A row of the index as a row of the list of all findings."""
    finding = read_finding(decompressed("document", entity))
    place = f"{newest_first(epoch_ns(finding.occurred_at))}|{finding.id}"
    columns = columns_of(Snapshot.of(finding, 0))
    return {"RowKey": f"all|{place}", **columns, **pack_compressed(SUMMARY, summary_of(finding.wire()))}
