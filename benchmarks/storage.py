"""Storage without Graph: what it costs to store a finding, and how many rows a query reads as findings grow.

Azurite shows that the client works and what it costs; its speed is that of an emulator. The rows that a query reads
are counted on generated lists. Table storage reads every row in the range of row keys that a query names, until the
page that was asked for is full, so their number is the query's cost.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast
from urllib.parse import quote

from benchmarks.load import messages, run
from benchmarks.tenant import Tenant, tenant
from sandbox.azurite import azurite
from triage.api.filters import PARAMETERS
from triage.diagnosis.causes import Cause
from triage.diagnosis.precedence import RULES
from triage.finding import Finding, Snapshot
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import read_settings
from triage.storage.account import StorageAccount
from triage.storage.documents import pack_compressed
from triage.storage.finding_lists import FindingLists
from triage.storage.findings import Findings
from triage.storage.query import FILTERS, Query, columns_of
from triage.storage.shards import SHARDS
from triage.wire import epoch_ns, from_newest_first, newest_first

PAGE = 100


def on_azurite(count: int) -> dict[str, Any]:
    """The service with findings stored: CPU of the process, and the time of pages and of the summary afterwards."""
    with azurite() as account, tenant(count + 1, latency_ms=0) as graph, messages(count) as path:
        environ = {"TriageStorage": account.connection_string}
        kept = run("benchmarks.service", graph, path, "--concurrent", "32", "--storage", environ=environ)
        dropped = run("benchmarks.service", graph, path, "--concurrent", "32")
        return {
            "findings": count,
            "writesPerSecond": kept["perSecond"],
            "cpuMs": kept["cpuMs"],
            "cpuMsWithoutStorage": dropped["cpuMs"],
            "wrong": kept["wrong"],
            "milliseconds": asyncio.run(_timed(graph.settings | environ)),
        }


def incidents(count: int) -> dict[str, dict[str, float]]:
    """What incidents and exposures cost for each failure: findings stored with them, less the same without them.

    With the mix, in which 17 of 20 failures have an incident of their own, and with one incident for all of them.
    """
    found: dict[str, dict[str, float]] = {}
    for name, storm in (("mix", False), ("mass", True)):
        with (
            tenant(count + 1, latency_ms=0, consent_withdrawn=storm) as graph,
            messages(count, consent_withdrawn=storm) as path,
        ):
            runs = [_stored(graph, path, *options) for options in ((), ("--without-incidents",))]
        found[name] = {key: runs[0][key] - runs[1][key] for key in runs[0]}
    return found


def _stored(graph: Tenant, path: Path, *options: str) -> dict[str, float]:
    """What it costs to triage and store a failure, in a storage account of its own."""
    with azurite() as account:
        environ = {"TriageStorage": account.connection_string}
        figures = run("benchmarks.service", graph, path, "--concurrent", "32", "--storage", *options, environ=environ)
    counts = {name: figures["tables"].get(name, 0.0) for name in ("requests", "written", "bytes")}
    return {**counts, "cpuMs": figures["cpuMs"]}


async def _timed(environ: dict[str, str]) -> dict[str, float]:
    services = Services(read_settings(environ))
    taken: dict[str, float] = {}
    try:
        newest, _ = await services.finding_lists.page(Query({}), 1, None)
        values = columns_of(Snapshot.of(Finding.model_validate(newest[0]), 1))
        queries = {"no filter": Query({})} | {
            name: Query({name: (values[name],)}) for name in FILTERS if name in values
        }
        for name, query in queries.items():
            begun = time.perf_counter()
            await services.finding_lists.page(query, PAGE, None)
            taken[name] = (time.perf_counter() - begun) * 1000
        begun = time.perf_counter()
        await summarize(services, None, None, None)
        taken["summary"] = (time.perf_counter() - begun) * 1000
    finally:
        await services.close()
    return taken


class GeneratedLists:
    """Table `findings` with the list rows of `count` findings, spread evenly over 90 days. They are made when read."""

    NEWEST = epoch_ns("2026-11-20T00:00:00Z")
    SPAN = 90 * 24 * 3600 * 1_000_000_000
    VALUES: ClassVar[dict[str, Sequence[str]]] = {name: PARAMETERS[name].values for name in FILTERS} | {
        "mailbox": [f"person{number:05d}@contoso.com" for number in range(20_000)],
        "tenantId": ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"],
        "incidentId": [f"{number:032x}" for number in range(500)],
        "internetMessageId": [f"{number:016x}" for number in range(20_000)],
    }
    # The values of a filter are equally frequent, and almost independent of those of another filter.
    STEPS: ClassVar[dict[str, int]] = dict(zip(FILTERS, (1, 3, 11, 29, 47, 71, 97, 127, 149, 173, 197), strict=False))

    def __init__(self, count: int) -> None:
        self.count = count
        self.step = self.SPAN // count
        self.looked_at = self.requests = 0
        self.summary = pack_compressed("summary", {"id": "finding"})

    def column(self, name: str, number: int) -> str:
        """A finding's value; 0 is the newest."""
        if name == "severity":
            return RULES[Cause(self.column("cause", number))].severity.value
        values = self.VALUES[name]
        return values[number // self.STEPS[name] % len(values)]

    def query_entities(self, text: str, *, results_per_page: int = 1000, **_: Any) -> AsyncIterator[dict[str, Any]]:
        """Like TableClient's: the rows in a range of row keys of one partition that meet the rest of the filter."""
        return self._entities(text, results_per_page)

    async def get_entity(self, _: str, row_key: str) -> dict[str, Any]:
        """Like TableClient's: a row of the list of all."""
        self.looked_at += 1
        self.requests += 1
        return self._row("all", int(row_key.rpartition("|")[2], 16))

    async def _entities(self, text: str, results_per_page: int) -> AsyncIterator[dict[str, Any]]:
        shard = re.search(r"PartitionKey eq 's([0-7])'", text)
        if shard is None:
            return  # the keys of version 1
        low = re.findall(r"RowKey g[et] '([^']*)'", text)[0].split("|")
        high = re.findall(r"RowKey lt '([^']*)'", text)[0].split("|")
        conditions = [re.findall(r"(\w+) eq '([^']*)'", part) for part in re.findall(r"\(([^)]*)\)", text)]
        page: list[dict[str, Any]] = []
        self.requests += 1
        for number in self._numbers(int(shard[1]), low[1], high[1]):
            if not self._in_list(low[0], number):
                continue
            self.looked_at += 1
            if all(any(self.column(name, number) == wanted for name, wanted in one) for one in conditions):
                page.append(self._row(low[0], number))
            if len(page) == results_per_page:
                for row in page:
                    yield row
                page = []
                self.requests += 1
        for row in page:
            yield row

    def _in_list(self, name: str, number: int) -> bool:
        filter_, _, value = name.partition("=")
        if filter_ == "reach":
            return self.column("state", number) != "resolved" or self.column("exposed", number) != "false"
        return filter_ == "all" or quote(self.column(filter_, number), safe="@") == value

    def _row(self, name: str, number: int) -> dict[str, Any]:
        columns = {one: self.column(one, number) for one in FILTERS}
        key = f"{name}|{newest_first(self.NEWEST - number * self.step)}|{number:032x}"
        return {"RowKey": key, **columns, **self.summary}

    def _numbers(self, shard: int, low: str, high: str) -> range:
        """The findings of a shard whose times are between two keys, either of which may be open."""
        newest = min([self.NEWEST, *([from_newest_first(low)] if low.isdigit() else [])])
        oldest = max([self.NEWEST - self.SPAN, *([from_newest_first(high)] if high.isdigit() else [])])
        first, last = -(-(self.NEWEST - newest) // self.step), (self.NEWEST - oldest) // self.step
        first += (shard - first) % len(SHARDS)
        return range(first, min(last + 1, self.count), len(SHARDS))


def rows(count: int) -> dict[str, dict[str, int]]:
    """Rows read, and requests, for the first page of each filter, over all days and over one; and for two filters."""
    return asyncio.run(_rows(count))


async def _rows(count: int) -> dict[str, dict[str, int]]:
    generated = GeneratedLists(count)

    async def table(_: str) -> GeneratedLists:
        return generated

    account = cast("StorageAccount", SimpleNamespace(table=table))
    lists = FindingLists(account, Findings(account))
    day = {"since": epoch_ns("2026-10-10T00:00:00Z"), "until": epoch_ns("2026-10-10T23:59:59Z")}
    filters = {name: {name: (generated.column(name, 0),)} for name in FILTERS}
    queries = {"no filter": Query({}), "no filter, one day": Query({}, **day)}
    for name, wanted in filters.items():
        queries |= {name: Query(wanted), f"{name}, one day": Query(wanted, **day)}
    queries["cause and severity"] = Query(filters["cause"] | filters["severity"])
    queries["scenario and tenantId"] = Query(filters["scenario"] | filters["tenantId"])
    found: dict[str, dict[str, int]] = {}
    for name, query in queries.items():
        generated.looked_at = generated.requests = 0
        page, _ = await lists.page(query, PAGE, None, whole=False)
        found[name] = {"rows": generated.looked_at, "requests": generated.requests, "findings": len(page)}
    return found
