"""Storage without Graph: what it costs to store a finding, and how many index rows a query reads as findings grow.

Azurite shows that the client works and what it costs; its speed is that of an emulator. The rows that a query reads
are counted on a generated index. Table storage reads every row in the range of row keys that a query names, so their
number is the query's cost.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar, cast
from urllib.parse import quote

from benchmarks.load import messages, run
from benchmarks.tenant import tenant
from sandbox.azurite import azurite
from triage.api.filters import PARAMETERS
from triage.finding import Finding
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import read_settings
from triage.storage.account import StorageAccount
from triage.storage.documents import pack_compressed
from triage.storage.findings import Findings
from triage.storage.index import FILTERS, MONTHS, Query, columns_of
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


async def _timed(environ: dict[str, str]) -> dict[str, float]:
    services = Services(read_settings(environ))
    taken: dict[str, float] = {}
    try:
        newest, _ = await services.findings.page(Query({}), 1, None)
        values = columns_of(Finding.model_validate(newest[0]))
        queries = {"no filter": Query({})} | {name: Query({name: (value,)}) for name, value in values.items()}
        for name, query in queries.items():
            begun = time.perf_counter()
            await services.findings.page(query, PAGE, None)
            taken[name] = (time.perf_counter() - begun) * 1000
        begun = time.perf_counter()
        await summarize(services, None, None, None)
        taken["summary"] = (time.perf_counter() - begun) * 1000
    finally:
        await services.close()
    return taken


class GeneratedIndex:
    """Table `findingsindex` with `count` findings, spread evenly over 90 days. Its rows are made as they are read."""

    NEWEST = epoch_ns("2026-11-20T00:00:00Z")
    SPAN = 90 * 24 * 3600 * 1_000_000_000
    VALUES: ClassVar[dict[str, Sequence[str]]] = {name: PARAMETERS[name].values for name in FILTERS} | {
        "mailbox": [f"person{number:05d}@contoso.com" for number in range(20_000)],
        "tenantId": ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"],
    }
    # The values of a filter are equally frequent, and almost independent of those of another filter.
    STEPS: ClassVar[dict[str, int]] = dict(zip(FILTERS, (1, 3, 11, 29, 47, 71, 97, 127, 149, 173, 197), strict=False))

    def __init__(self, count: int) -> None:
        self.count = count
        self.step = self.SPAN // count
        self.looked_at = self.requests = 0
        self.document = pack_compressed("document", {"id": "finding"})

    def column(self, name: str, number: int) -> str:
        """A finding's value; 0 is the newest."""
        values = self.VALUES[name]
        return values[number // self.STEPS[name] % len(values)]

    def query_entities(self, text: str, *, results_per_page: int = 1000, **_: Any) -> AsyncIterator[dict[str, Any]]:
        """Like TableClient's: the rows in a range of row keys of one partition that meet the rest of the filter."""
        return self._entities(text, results_per_page)

    async def _entities(self, text: str, results_per_page: int) -> AsyncIterator[dict[str, Any]]:
        equal = dict(re.findall(r"(\w+) eq '([^']*)'", text))
        partition = equal.pop("PartitionKey")
        self.requests += 1
        if partition == MONTHS:
            for month in ("2026-11", "2026-10", "2026-09", "2026-08"):
                yield {"PartitionKey": MONTHS, "RowKey": month}
            return
        low = re.findall(r"RowKey g[et] '([^']*)'", text)[0].split("|")
        high = re.findall(r"RowKey lt '([^']*)'", text)[0].split("|")
        name, _, value = low[0].partition("=")
        given = 0
        for number in self._numbers(partition, low[1], high[1]):
            if value and quote(self.column(name, number), safe="@") != value:
                continue  # in another range
            self.looked_at += 1
            if all(self.column(other, number) == wanted for other, wanted in equal.items()):
                self.requests += given > 0 and given % results_per_page == 0
                given += 1
                yield {"RowKey": f"{low[0]}|{newest_first(self.NEWEST - number * self.step)}|x", **self.document}

    def _numbers(self, month: str, low: str, high: str) -> range:
        """The findings of a month whose times are between two keys, either of which may be open."""
        year, of_year = int(month[:4]), int(month[5:])
        begins = epoch_ns(f"{month}-01T00:00:00Z")
        ends = epoch_ns(f"{year + of_year // 12}-{of_year % 12 + 1:02d}-01T00:00:00Z") - 1
        newest = min([ends, self.NEWEST, *([from_newest_first(low)] if low.isdigit() else [])])
        oldest = max([begins, self.NEWEST - self.SPAN, *([from_newest_first(high)] if high.isdigit() else [])])
        first, last = -(-(self.NEWEST - newest) // self.step), (self.NEWEST - oldest) // self.step
        return range(first, min(last + 1, self.count))


def rows(count: int) -> dict[str, dict[str, int]]:
    """Rows read, and requests, for the first page of each filter, over all days and over one; and for two filters."""
    return asyncio.run(_rows(count))


async def _rows(count: int) -> dict[str, dict[str, int]]:
    index = GeneratedIndex(count)

    async def table(_: str) -> GeneratedIndex:
        return index

    findings = Findings(cast("StorageAccount", SimpleNamespace(table=table)))
    day = {"since": epoch_ns("2026-10-10T00:00:00Z"), "until": epoch_ns("2026-10-10T23:59:59Z")}
    filters = {name: {name: (index.column(name, 0),)} for name in FILTERS}
    queries = {"no filter": Query({}), "no filter, one day": Query({}, **day)}
    for name, wanted in filters.items():
        queries |= {name: Query(wanted), f"{name}, one day": Query(wanted, **day)}
    queries["cause and severity"] = Query(filters["cause"] | filters["severity"])
    queries["scenario and tenantId"] = Query(filters["scenario"] | filters["tenantId"])
    found: dict[str, dict[str, int]] = {}
    for name, query in queries.items():
        index.looked_at = index.requests = 0
        page, _ = await findings.page(query, PAGE, None)
        found[name] = {"rows": index.looked_at, "requests": index.requests, "findings": len(page)}
    return found
