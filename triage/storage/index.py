"""Where findings are found: for each filter a range of row keys, newest first, in one partition a month.

An index row holds the whole finding, compressed, so that a page is one request. All rows of a finding are in one
partition and are written in one transaction with its anchor row, whose revision says which writing was the last: of
two writers the older one changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from triage.finding import Finding
from triage.storage.account import StorageAccount
from triage.storage.documents import newest_first, pack_compressed, unpack_compressed
from triage.wire import epoch_ns

TABLE = "findingsindex"
MONTHS = "months"

# The filters of GET /api/findings, the most selective first: it picks the range, the others are columns of its rows.
FILTERS = ("mailbox", "cause", "exposed", "scenario", "confidence", "severity", "tenantId")


@dataclass(frozen=True, slots=True)
class Query:
    """What findings are wanted: filters by name, and the bounds of `occurredAt` in nanoseconds, both inclusive."""

    filters: dict[str, str]
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One finding of a page, and the place after which the next page begins."""

    finding: dict[str, Any]
    month: str
    row_key: str


class FindingsIndex:
    """The index of all findings."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account
        self._months: set[str] = set()

    async def write(self, finding: Finding, revision: int) -> None:
        """Puts a finding where its filters find it, and takes it from where it was."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
        from azure.data.tables import TableTransactionError

        table = await self._account.table(TABLE)
        month = finding.occurred_at[:7]
        await self._know(month)
        columns = _columns(finding)
        body = pack_compressed("document", finding.wire())
        keys = row_keys(finding, columns)
        anchor = {"PartitionKey": month, "RowKey": f"id|{finding.id}", "revision": revision, "rows": json.dumps(keys)}
        rows = [{"PartitionKey": month, "RowKey": key, **columns, **body} for key in keys]
        old: dict[str, Any] | None = None
        while True:
            operations: list[Any] = [("upsert", row, {"mode": "replace"}) for row in rows]
            if old is None:
                operations.append(("create", anchor))
            elif old["revision"] > revision:
                return
            else:
                condition = {"etag": old.metadata["etag"], "match_condition": MatchConditions.IfNotModified}  # type: ignore[attr-defined]
                operations.append(("update", anchor, {"mode": "replace", **condition}))
                stale = set(json.loads(old["rows"])) - set(keys)
                operations += [("delete", {"PartitionKey": month, "RowKey": key}) for key in sorted(stale)]
            try:
                await table.submit_transaction(operations)
                return
            except (TableTransactionError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
                if error.status_code not in (404, 409, 412):
                    raise
                try:
                    old = await table.get_entity(month, anchor["RowKey"])
                except ResourceNotFoundError:
                    old = None

    async def _know(self, month: str) -> None:
        """Lists a month among those that have findings."""
        if month not in self._months:
            table = await self._account.table(TABLE)
            await table.upsert_entity({"PartitionKey": MONTHS, "RowKey": month})
            self._months.add(month)

    async def rows(self, query: Query, after: tuple[str, str] | None, page_size: int) -> AsyncIterator[Row]:
        """The findings of a query, newest first, from after a place on; `page_size` rows are fetched at a time."""
        table = await self._account.table(TABLE)
        name = next((name for name in FILTERS if name in query.filters), None)
        prefix = f"{name}={_key(query.filters[name])}|" if name else "all|"
        others = [f"{other} eq '{_quoted(value)}'" for other, value in query.filters.items() if other != name]
        for month in await self._months_of(query, after):
            low, high = _bounds(query, prefix)
            low_operator = "ge"
            if after is not None and month == after[0]:
                low, low_operator = after[1], "gt"
            clauses = [
                f"PartitionKey eq '{month}'",
                f"RowKey {low_operator} '{_quoted(low)}'",
                f"RowKey lt '{_quoted(high)}'",
            ]
            entities = table.query_entities(" and ".join([*clauses, *others]), results_per_page=min(page_size, 1000))
            async for entity in entities:
                yield Row(unpack_compressed("document", entity), month, entity["RowKey"])

    async def _months_of(self, query: Query, after: tuple[str, str] | None) -> list[str]:
        """The months that have findings and lie within the query's bounds, newest first."""
        from triage.wire import from_epoch_ns

        table = await self._account.table(TABLE)
        known = [row["RowKey"] async for row in table.query_entities(f"PartitionKey eq '{MONTHS}'")]
        first = from_epoch_ns(query.since)[:7] if query.since is not None else ""
        last = from_epoch_ns(query.until)[:7] if query.until is not None else "9999-12"
        if after is not None:
            last = min(last, after[0])
        return sorted((month for month in known if first <= month <= last), reverse=True)


def row_keys(finding: Finding, columns: dict[str, str]) -> list[str]:
    """The keys of a finding's rows: one for each filter, and one for no filter."""
    tail = f"{newest_first(epoch_ns(finding.occurred_at))}|{finding.id}"
    return [f"all|{tail}", *(f"{name}={_key(columns[name])}|{tail}" for name in FILTERS if name in columns)]


def _columns(finding: Finding) -> dict[str, str]:
    columns = {
        "mailbox": finding.failure.mailbox,
        "cause": finding.cause.value,
        "exposed": exposed_word(finding.exposed),
        "scenario": finding.scenario.value,
        "confidence": finding.confidence.value,
        "severity": finding.severity.value,
    }
    return {**columns, "tenantId": finding.tenant_id} if finding.tenant_id else columns


def exposed_word(exposed: bool | None) -> str:
    """`exposed` as a word: true, false, null."""
    return {True: "true", False: "false", None: "null"}[exposed]


def _bounds(query: Query, prefix: str) -> tuple[str, str]:
    """The row keys that a query lies between: from the first on, to before the second."""
    low = prefix + (newest_first(query.until) if query.until is not None else "")
    high = prefix + (f"{newest_first(query.since)}|~" if query.since is not None else "~")
    return low, high


def _key(value: str) -> str:
    """A value as part of a row key, which may not have `/`, `\\`, `#`, `?` or control characters."""
    return quote(value, safe="@")


def _quoted(value: str) -> str:
    return value.replace("'", "''")
