"""The uncovered mailboxes of an earlier scan: what the next one is compared with."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from urllib.parse import unquote

from triage.coverage.compare import Standing
from triage.coverage.model import UncoveredMailbox
from triage.storage.account import StorageAccount, get_entity
from triage.storage.coverage_rows import TABLE, mailbox_key, mailbox_of, rows_of
from triage.storage.documents import quoted

_STANDINGS = (Standing.UNCOVERED, Standing.UNKNOWN)


class EarlierMailboxes:
    """The uncovered mailboxes of a scan. Eight bytes of each are in memory, which distinguish nearly all mailboxes.

    All methods raise azure.core's errors.
    """

    def __init__(self, account: StorageAccount, partition: str | None) -> None:
        self._account = account
        self.partition = partition
        self._hashes: array[int] | None = None

    async def get(self, mailbox: str) -> UncoveredMailbox | None:
        """What the scan said about a mailbox; None if it was not uncovered."""
        if self.partition is None:
            return None
        if self._hashes is None:
            self._hashes = await self._load(self.partition)
        wanted = _hash(mailbox)
        place = bisect_left(self._hashes, wanted)
        if place == len(self._hashes) or self._hashes[place] != wanted:
            return None
        table = await self._account.table(TABLE)
        for standing in _STANDINGS:
            entity = await get_entity(table, self.partition, mailbox_key(standing, mailbox))
            if entity is not None:
                return mailbox_of(entity)
        return None

    async def _load(self, partition: str) -> array[int]:
        table = await self._account.table(TABLE)
        found = array("Q")
        for standing in _STANDINGS:
            where = f"PartitionKey eq '{quoted(partition)}' and {rows_of(standing)}"
            async for row in table.query_entities(where, select=["RowKey"], results_per_page=1000):
                found.append(_hash(unquote(str(row["RowKey"]).partition("|")[2])))
        return array("Q", sorted(found))


def _hash(mailbox: str) -> int:
    return int.from_bytes(hashlib.blake2b(mailbox.encode(), digest_size=8).digest())
