"""Table `findings`: one entity for each failure, and its rows in the index (index.py).

PartitionKey: the first two characters of the id. RowKey: the id. `document` (and `document1`, …): the finding as JSON
(docs/api.md). `deliveryIds`: the last deliveries that were counted, as JSON. `revision` grows with each write, also when
a finding comes again after its removal: old rows in the index are never newer than the finding.

All methods raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import time
from typing import Any

from triage.finding import Finding, merge
from triage.problems import InputError
from triage.storage.account import StorageAccount, get_entity, if_unchanged, is_conflict
from triage.storage.documents import pack_text, unpack_text
from triage.storage.index import ATTEMPTS, FindingsIndex, Query
from triage.storage.index import TABLE as INDEX_TABLE
from triage.storage.stored_finding import read_finding
from triage.wire import epoch_ns

TABLE = "findings"
_ID = re.compile(r"[0-9a-f]{32}")
_REMEMBERED_DELIVERIES = 50


class Findings:
    """The findings of all tenants."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account
        self.index = FindingsIndex(account)

    async def open(self) -> None:
        """Loads the client and creates the tables, before they are needed."""
        await self._account.load()
        await asyncio.gather(self._account.table(TABLE), self._account.table(INDEX_TABLE))

    async def get(self, finding_id: str) -> Finding | None:
        """The finding with this id; None if there is none."""
        if not _ID.fullmatch(finding_id):
            return None
        entity = await self._entity(finding_id)
        return _finding(entity) if entity else None

    async def save(self, finding: Finding, delivery: str | None) -> Finding:
        """Stores the finding of one try, merged with the stored one, and returns the result.

        The same `delivery` counts once; None (a retriage) does not count. Of two writers at the same time, the second
        merges with the finding of the first (finding.merge).
        """
        from azure.core.exceptions import HttpResponseError

        table = await self._account.table(TABLE)
        for attempt in range(ATTEMPTS):
            entity = await self._entity(finding.id)
            counted: list[str] = json.loads(entity["deliveryIds"]) if entity else []
            delivered = delivery is not None and delivery not in counted
            merged = merge(_finding(entity), finding, delivered=delivered) if entity else finding
            revision = (entity["revision"] if entity else _first_revision()) + 1
            counted += [delivery] if delivery is not None and delivered else []
            row = _row(merged, revision, counted[-_REMEMBERED_DELIVERIES:])
            try:
                if entity is None:
                    await table.create_entity(row)
                else:
                    await table.update_entity(row, mode="replace", **if_unchanged(entity))
            except HttpResponseError as error:
                if not is_conflict(error) or attempt == ATTEMPTS - 1:
                    raise
                continue
            await self.index.write(merged, revision)
            return merged
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def remove(self, finding_id: str, month: str, before: int) -> bool:
        """Removes a finding that was last seen before `before` (nanoseconds since 1970), and its rows in a month's index.

        A finding that is written at the same time stays. The finding is deleted before its rows: if a run ends in
        between, the next run finds the rows. Rows without a finding are removed as well. False if there was no such
        finding.
        """
        from azure.core.exceptions import HttpResponseError

        revision = await self.index.revision(finding_id, month)
        entity = await self._entity(finding_id)
        finding = _finding(entity) if entity else None
        expired = finding is not None and finding.occurred_at[:7] == month
        if finding is not None and expired:
            if epoch_ns(finding.last_seen) >= before:
                return False
            table = await self._account.table(TABLE)
            try:
                await table.delete_entity(finding_id[:2], finding_id, **if_unchanged(entity))
            except HttpResponseError as error:
                if not is_conflict(error):
                    raise
                return False
            revision = max(revision, entity["revision"])
        await self.index.remove(finding_id, month, revision)
        return expired

    async def page(self, query: Query, top: int, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """At most `top` findings, newest first, and the token of the next page. InputError if `token` is not valid."""
        after = _read_token(token) if token else None
        rows: list[dict[str, Any]] = []
        last: tuple[str, str] | None = None
        async for row in self.index.rows(query, after, top + 1):
            if len(rows) == top and last:
                return rows, _write_token(last)
            rows.append(row.finding)
            last = (row.month, row.row_key)
        return rows, None

    async def _entity(self, finding_id: str) -> Any:
        return await get_entity(await self._account.table(TABLE), finding_id[:2], finding_id)


def _first_revision() -> int:
    """Seconds since 2026: more than an earlier finding with this id can have had, and small enough for an Int32."""
    return max(0, int(time.time()) - 1_767_225_600)


def _row(finding: Finding, revision: int, deliveries: list[str]) -> dict[str, Any]:
    return {
        "PartitionKey": finding.id[:2],
        "RowKey": finding.id,
        "revision": revision,
        "deliveryIds": json.dumps(deliveries),
        **pack_text("document", finding.wire()),
    }


def _finding(entity: Any) -> Finding:
    return read_finding(unpack_text("document", entity))


def _write_token(place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[str, str]:
    try:
        month, row_key = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise InputError("is not the token of a page") from None
    if not isinstance(month, str) or not isinstance(row_key, str):
        raise InputError("is not the token of a page")
    return month, row_key
