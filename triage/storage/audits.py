"""Table `audits`. PartitionKey: the tenant's id. RowKey: newest first. `document`: the audit as JSON.

All methods raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
import heapq
import re
from typing import Any

from triage.audit.model import Audit
from triage.storage.account import StorageAccount
from triage.storage.documents import pack_text, quoted, unpack_text
from triage.storage.shards import checked
from triage.wire import newest_first

TABLE = "audits"
# An audit is compared with the newest of this many earlier audits that could read the grants.
_EARLIER = 20
_PLACE = re.compile(r"[0-9]{21}\.[0-9a-f]+")


class Audits:
    """The audits of the configured tenants, and of other tenants that a caller names."""

    def __init__(self, account: StorageAccount, tenant_ids: tuple[str, ...]) -> None:
        self._account = account
        self._tenant_ids = tenant_ids

    async def save(self, audit: Audit) -> None:
        """Stores an audit."""
        table = await self._account.table(TABLE)
        partition, _, row_key = audit.id.partition(".")
        row = {
            "PartitionKey": partition,
            "RowKey": row_key,
            "verdict": audit.verdict.value,
            **pack_text("document", audit.wire()),
        }
        await table.upsert_entity(row, mode="replace")

    async def get(self, identifier: str) -> Audit | None:
        """The audit with this id; None if there is none."""
        from azure.core.exceptions import HttpResponseError

        table = await self._account.table(TABLE)
        partition, _, row_key = identifier.partition(".")
        try:
            return _audit(await table.get_entity(partition, row_key))
        except HttpResponseError as error:
            if error.status_code in (400, 404):  # 400: the id is not a valid key of a table
                return None
            raise

    async def earlier(self, tenant_id: str) -> list[Audit]:
        """The last 20 audits of a tenant, newest first."""
        return [_audit(entity) for entity in await self._entities(tenant_id, "", _EARLIER)]

    async def latest(self, tenant_ids: tuple[str, ...] | None = None) -> list[Audit]:
        """The newest audit of each tenant that has one. The configured tenants, unless others are named."""
        ids = self._tenant_ids if tenant_ids is None else tenant_ids
        found = await asyncio.gather(*(self._entities(tenant_id, "", 1) for tenant_id in ids))
        return [_audit(entities[0]) for entities in found if entities]

    async def page(  # noqa: PLR0913 - each is a filter of the route
        self, top: int, token: str | None, *, tenant_ids: tuple[str, ...] | None = None,
        verdicts: tuple[str, ...] = (), since: int | None = None, until: int | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
        """At most `top` audits, newest first, and the token of the next page. Of the configured tenants, unless others
        are named; with any of the verdicts, if there are any.

        `since` and `until` are nanoseconds since 1970, both included. InputError if `token` is not valid.
        """
        clauses = ""
        if checked(token, _PLACE):
            clauses += f" and RowKey gt '{token}'"
        if until is not None:
            clauses += f" and RowKey ge '{newest_first(until)}'"
        if since is not None:
            clauses += f" and RowKey lt '{newest_first(since)}/'"
        if verdicts:
            wanted = " or ".join(f"verdict eq '{quoted(verdict)}'" for verdict in verdicts)
            clauses += f" and ({wanted})"
        tenants = self._tenant_ids if tenant_ids is None else tenant_ids
        found = await asyncio.gather(*(self._entities(one, clauses, top + 1) for one in tenants))
        merged = list(heapq.merge(*found, key=lambda entity: str(entity["RowKey"])))
        page = merged[:top]
        following = str(page[-1]["RowKey"]) if len(merged) > top else None
        return [_audit(entity).wire() for entity in page], following

    async def _entities(self, tenant_id: str, clauses: str, most: int) -> list[Any]:
        table = await self._account.table(TABLE)
        query = f"PartitionKey eq '{quoted(tenant_id)}'{clauses}"
        entities: list[Any] = []
        async for entity in table.query_entities(query, results_per_page=min(most, 1000)):
            entities.append(entity)
            if len(entities) == most:
                break
        return entities


def _audit(entity: Any) -> Audit:
    return Audit.model_validate_json(unpack_text("document", entity))
