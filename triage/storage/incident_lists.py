"""The lists of incidents (incident_rows.py). All methods raise azure.core's errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from triage.incidents import IncidentState
from triage.storage.account import StorageAccount
from triage.storage.documents import quoted, unpack_compressed
from triage.storage.incident_rows import LIST, OPEN, SUPPRESSED
from triage.storage.incidents import TABLE
from triage.storage.shards import checked, in_range, page_of, rows_of_all
from triage.wire import epoch_ns, from_newest_first, now

Json = dict[str, Any]
_PLACE = re.compile(r"[01]\|[0-9]\|[0-9]{21}\|[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """Which incidents: the accepted values of each filter, and inclusive bounds of `lastSeen` (nanoseconds since 1970).

    `filters` has `tenantId`, `state`, `scope`, `cause` and `severity`.
    """

    filters: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    since: int | None = None
    until: int | None = None


class IncidentLists:
    """The incidents of all tenants, as lists show them."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def page(self, query: IncidentQuery, top: int, token: str | None) -> tuple[list[Json], str | None]:
        """At most `top` incidents (JSON), the open ones first, worst first, then the newest, and the next page's token.

        InputError if `token` is not valid.
        """
        where = in_range(LIST, checked(token, _PLACE))
        rows, last = await page_of(self._rows(query, where, top + 1), top)
        return [_incident(one) for one in rows], str(last["RowKey"]).removeprefix(LIST) if last else None

    async def open_by_tenant(self) -> Counter[str]:
        """The number of open incidents of each tenant. An empty ID stands for no tenant."""
        found: Counter[str] = Counter()
        async for row in self._rows(IncidentQuery(), in_range(OPEN), 8000, ("RowKey", "tenantId")):
            found[row["tenantId"]] += 1
        return found

    async def with_open_app(self) -> frozenset[str]:
        """The tenants that have an open incident about their app."""
        about_app = IncidentQuery({"scope": ("app",)})
        rows = self._rows(about_app, in_range(OPEN), 8000, ("RowKey", "tenantId"))
        return frozenset([str(row["tenantId"]) async for row in rows])

    async def suppressed(self) -> frozenset[str]:
        """The IDs of the incidents that are suppressed now."""
        found: set[str] = set()
        async for row in rows_of_all(self._account, TABLE, in_range(SUPPRESSED)):
            if epoch_ns(row["until"]) > epoch_ns(now()):
                found.add(str(row["RowKey"]).removeprefix(SUPPRESSED))
        return frozenset(found)

    async def _rows(
        self, query: IncidentQuery, where: str, most: int, select: Sequence[str] = ()
    ) -> AsyncIterator[Any]:
        filters = query.filters.items()
        clauses = [where, *(f"{name} eq '{quoted(values[0])}'" for name, values in filters if len(values) == 1)]
        if select:
            select = (*select, *query.filters)
        async for row in rows_of_all(self._account, TABLE, " and ".join(clauses), most=most, select=select):
            last_seen = from_newest_first(str(row["RowKey"]).split("|")[3])
            if query.since is not None and last_seen < query.since:
                continue
            if query.until is not None and last_seen > query.until:
                continue
            if all(row[name] in values for name, values in filters):
                yield row


def _incident(row: Any) -> Json:
    """An incident as the API shows it. Its suppression may have ended after the row was written."""
    found: Json = unpack_compressed("document", row)
    suppression = found["suppression"]
    if suppression is not None and epoch_ns(suppression["until"]) <= epoch_ns(now()):
        state = IncidentState.ACKNOWLEDGED if found["acknowledgedAt"] else IncidentState.OPEN
        found |= {"suppression": None} | ({} if found["resolvedAt"] else {"state": state.value})
    return found
