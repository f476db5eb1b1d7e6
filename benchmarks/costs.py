"""What one failure of each kind asks of Graph on its own, after the tenant and the app were read."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks import mix
from benchmarks.load import messages
from benchmarks.measure import read
from benchmarks.tenant import Tenant, tenant
from triage.graph.tenants import Tenants
from triage.intake.queued_failures import read_message
from triage.operations.triage import triage
from triage.settings import read_settings
from triage.wire import now


def run(*, latency_ms: float) -> list[dict[str, Any]]:
    """One row for each line of the mix: its scenario and cause, the requests to Graph, and the time."""
    count = len(mix.LINES)
    with tenant(count + 1, latency_ms=latency_ms) as graph, messages(count) as path:
        return asyncio.run(_rows(graph, path))


async def _rows(graph: Tenant, path: Any) -> list[dict[str, Any]]:
    settings = read_settings(graph.settings)
    tenants = Tenants(settings)
    found: list[dict[str, Any]] = []
    for number, message in enumerate(read(path)):
        [queued] = read_message(settings, message.text, message_id="m", inserted_at=now())
        await asyncio.to_thread(graph.reset)
        begun = time.perf_counter()
        finding = await triage(settings, tenants, queued)
        milliseconds = (time.perf_counter() - begun) * 1000
        stats = await asyncio.to_thread(graph.stats)
        if number == 0:
            continue  # it read the tenant and the app as well
        found.append(
            {
                "scenario": mix.line_of(number).scenario,
                "cause": finding.cause.value,
                "requests": stats["requests"],
                "items": stats["batchItems"],
                "units": stats["resourceUnits"],
                "ms": milliseconds,
            }
        )
    await tenants.close()
    return sorted(found, key=lambda row: (row["scenario"], row["items"]))
