"""Table `findingsindex`: a range of row keys for each filter, newest first, in one partition for each month.

An index row holds the whole finding, compressed, so that a page is one request. All rows of a finding are in one
partition and are written in one transaction with its *anchor* row. The revision in the anchor tells which write is the
last: an older one changes nothing.

All methods raise azure.core's errors.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from triage.finding import Finding
from triage.storage.account import StorageAccount, get_entity, if_unchanged, is_conflict
from triage.storage.counters import FIELDS, Counts, Window, change_rows, counted_as, fold, read_counts
from triage.storage.documents import pack_compressed, quoted, unpack_compressed
from triage.wire import epoch_ns, from_epoch_ns, from_newest_first, newest_first

TABLE = "findingsindex"
MONTHS = "months"

_REPLACE = {"mode": "replace"}
# A writer tries this often while others are faster. With fewer writers than this, each of them succeeds.
ATTEMPTS = 50
# After this many writes a process folds the changes of the partition into the counts.
_WRITES_A_FOLD = 256

# A summary that finds more unfolded changes than this in a month folds some of them.
_UNFOLDED_CHANGES = 500

# The filters of GET /api/findings and what a finding has for each; None: it has no row there. The most selective
# comes first: it picks the range of row keys, and the others are compared as columns of that range.
FILTERS: dict[str, Callable[[Finding], str | None]] = {
    "mailbox": lambda finding: finding.failure.mailbox,
    "cause": lambda finding: finding.cause.value,
    "exposed": lambda finding: exposed_word(finding.exposed),
    "scenario": lambda finding: finding.scenario.value,
    "confidence": lambda finding: finding.confidence.value,
    "severity": lambda finding: finding.severity.value,
    "tenantId": lambda finding: finding.tenant_id,
}


@dataclass(frozen=True, slots=True)
class Query:
    """Which findings: filters by name, and bounds of `occurredAt` in nanoseconds since 1970, both included.

    A finding has one of the values of each filter; of a filter without values there is none. A mailbox can be a
    pattern: `adele*` or `*@contoso.com`.
    """

    filters: dict[str, tuple[str, ...]]
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One finding of a page, and the keys of its row: the next page begins after the last of them."""

    finding: dict[str, Any]
    month: str
    row_key: str


class FindingsIndex:
    """The index of all findings."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account
        self._known_months: set[str] = set()
        self._written = 0

    async def write(self, finding: Finding, revision: int) -> None:
        """Writes the rows of a finding, deletes the rows it had before, and counts the change."""
        table = await self._account.table(TABLE)
        month = finding.occurred_at[:7]
        await self._know(month)
        columns = columns_of(finding)
        body = pack_compressed("document", finding.wire())
        keys = row_keys(finding, columns)
        counted = counted_as(finding)
        anchor = {"revision": revision, "rows": json.dumps(keys), "counted": json.dumps(counted)}
        rows = [("upsert", {"PartitionKey": month, "RowKey": key, **columns, **body}, _REPLACE) for key in keys]

        def operations(old: Any) -> list[Any] | None:
            if old is not None and old["revision"] > revision:
                return None
            change = _change(month, finding.id, revision, old, counted)
            if old is None:
                created = ("create", {"PartitionKey": month, "RowKey": _anchor_key(finding.id), **anchor})
                return [*rows, created, *change]
            stale = sorted(set(json.loads(old["rows"])) - set(keys))
            replaced = (
                "update",
                {"PartitionKey": month, "RowKey": old["RowKey"], **anchor},
                {**_REPLACE, **if_unchanged(old)},
            )
            return [*rows, replaced, *_deletions(month, stale), *change]

        await self._transact(table, month, finding.id, operations, None)
        self._written += 1
        if self._written % _WRITES_A_FOLD == 0:
            await fold(table, month)

    async def revision(self, finding_id: str, month: str) -> int:
        """The revision of a finding in a month's index; 0 if it has no rows there."""
        anchor = await get_entity(await self._account.table(TABLE), month, _anchor_key(finding_id))
        return anchor["revision"] if anchor else 0

    async def remove(self, finding_id: str, month: str, revision: int) -> None:
        """Removes a finding from the index and from the counts, unless the index has a later revision of it."""
        table = await self._account.table(TABLE)

        def operations(old: Any) -> list[Any] | None:
            if old is None or old["revision"] > revision:
                return None
            removed = ("delete", {"PartitionKey": month, "RowKey": old["RowKey"]}, if_unchanged(old))
            change = _change(month, finding_id, old["revision"] + 1, old, None)
            return [removed, *_deletions(month, json.loads(old["rows"])), *change]

        await self._transact(
            table, month, finding_id, operations, await get_entity(table, month, _anchor_key(finding_id))
        )

    @staticmethod
    async def _transact(
        table: Any, month: str, finding_id: str, operations: Callable[[Any], list[Any] | None], old: Any
    ) -> None:
        """Changes the rows of a finding in one transaction with its anchor. Tries again if another writer was faster.

        `operations` takes the anchor as it is (None: there is none) and returns the transaction; None for nothing.
        """
        from azure.core.exceptions import HttpResponseError

        for attempt in range(ATTEMPTS):
            wanted = operations(old)
            if wanted is None:
                return
            try:
                await table.submit_transaction(wanted)
                return
            except HttpResponseError as error:
                if not is_conflict(error) or attempt == ATTEMPTS - 1:
                    raise
                old = await get_entity(table, month, _anchor_key(finding_id))

    async def _know(self, month: str) -> None:
        """Adds a month to the list of months that have findings."""
        if month not in self._known_months:
            table = await self._account.table(TABLE)
            await table.upsert_entity({"PartitionKey": MONTHS, "RowKey": month})
            self._known_months.add(month)

    async def months(self, query: Query) -> list[str]:
        """The months within the bounds of a query that have findings, newest first."""
        table = await self._account.table(TABLE)
        known = [str(row["RowKey"]) async for row in table.query_entities(f"PartitionKey eq '{MONTHS}'")]
        first = from_epoch_ns(query.since)[:7] if query.since is not None else ""
        last = from_epoch_ns(query.until)[:7] if query.until is not None else "9999-12"
        return sorted((month for month in known if first <= month <= last), reverse=True)

    async def counts(self, month: str, window: Window, tenant_ids: tuple[str, ...] | None) -> dict[str, Counts]:
        """The counts of a month's findings by day, of some tenants or all."""
        table = await self._account.table(TABLE)
        found, unfolded = await read_counts(table, month, window, tenant_ids)
        if unfolded > _UNFOLDED_CHANGES:
            await fold(table, month)
        return found

    async def columns(self, query: Query) -> AsyncIterator[dict[str, str]]:
        """What each finding of a query counts as (counters.counted_as), without reading documents."""
        table = await self._account.table(TABLE)
        select = list(dict.fromkeys(("RowKey", *FIELDS, "exposed", *query.filters)))
        others = _others(query)
        for month in await self.months(query):
            clauses = _clauses(query, month, None)
            async for entity in table.query_entities(clauses, select=select, results_per_page=1000):
                if not _matches(entity, others):
                    continue
                ahead = str(entity["RowKey"]).split("|")[1]
                yield {
                    **entity,
                    "hour": from_epoch_ns(from_newest_first(ahead))[:13],
                    "exposed": str(entity["exposed"] == "true"),
                }

    async def rows(self, query: Query, after: tuple[str, str] | None, page_size: int) -> AsyncIterator[Row]:
        """The findings of a query, newest first, after a (month, row key). Fetches `page_size` rows at a time."""
        table = await self._account.table(TABLE)
        others = _others(query)
        for month in await self.months(query):
            if after is not None and month > after[0]:
                continue
            clauses = _clauses(query, month, after[1] if after is not None and month == after[0] else None)
            entities = table.query_entities(clauses, results_per_page=min(page_size, 1000))
            async for entity in entities:
                if _matches(entity, others):
                    yield Row(unpack_compressed("document", entity), month, entity["RowKey"])


def row_keys(finding: Finding, columns: dict[str, str]) -> list[str]:
    """The keys of the rows of a finding: one for each filter, and one for a query without filters."""
    tail = f"{newest_first(epoch_ns(finding.occurred_at))}|{finding.id}"
    return [f"all|{tail}", *(f"{name}={_key(columns[name])}|{tail}" for name in FILTERS if name in columns)]


def columns_of(finding: Finding) -> dict[str, str]:
    """What a finding has for each filter."""
    values = {name: value(finding) for name, value in FILTERS.items()}
    return {name: value for name, value in values.items() if value is not None}


def _change(
    month: str, finding_id: str, number: int, anchor: Any, counted: dict[str, str] | None
) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The operations that record what a finding counts as now, and counted as before; none if that is the same."""
    before = json.loads(anchor["counted"]) if anchor is not None else None
    return [("upsert", row, _REPLACE) for row in change_rows(month, finding_id, number, before, counted)]


def _deletions(month: str, keys: list[str]) -> list[tuple[str, dict[str, str]]]:
    return [("delete", {"PartitionKey": month, "RowKey": key}) for key in keys]


def _anchor_key(finding_id: str) -> str:
    return f"id|{finding_id}"


def exposed_word(exposed: bool | None) -> str:
    """`exposed` as a word: true, false, null."""
    return {True: "true", False: "false", None: "null"}[exposed]


def _clauses(query: Query, month: str, after: str | None) -> str:
    """The OData filter of a query in one month, after a row key: a range of keys, and conditions on columns."""
    others = _others(query)
    values = {name: values[0] for name, values in query.filters.items() if name not in others}
    name = next((name for name in FILTERS if name in values), None)
    prefix = f"{name}={_key(values[name])}|" if name else "all|"
    low = prefix + (newest_first(query.until) if query.until is not None else "")
    high = prefix + (f"{newest_first(query.since)}|~" if query.since is not None else "~")
    # A token may come from another query. Its key must not lead out of the range of this one.
    first = f"RowKey gt '{quoted(after)}'" if after is not None and after >= low else f"RowKey ge '{quoted(low)}'"
    conditions = [f"{other} eq '{quoted(value)}'" for other, value in values.items() if other != name]
    return " and ".join([f"PartitionKey eq '{month}'", first, f"RowKey lt '{quoted(high)}'", *conditions])


def _others(query: Query) -> dict[str, tuple[str, ...]]:
    """The filters that are compared here: an OData filter has at most 15 comparisons, and none with a pattern."""
    return {name: values for name, values in query.filters.items() if len(values) != 1 or "*" in values[0]}


def _matches(entity: Mapping[str, Any], filters: dict[str, tuple[str, ...]]) -> bool:
    return all(any(_fits(str(entity.get(name, "")), value) for value in values) for name, values in filters.items())


def _fits(value: str, wanted: str) -> bool:
    if wanted.startswith("*@"):
        return value.endswith(wanted[1:])
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _key(value: str) -> str:
    """A value as part of a row key, which must not have `/`, `\\`, `#`, `?` or control characters."""
    return quote(value, safe="@")
