"""Everything together: the queue, the service with its storage, and what is derived from findings, up to date.

Beside it, on the same failures and in the same run: the service without storage, and the baseline, which has neither
queue nor storage: one failure at a time, as the documentation shows, and 16 at a time, with the tenant and the app read
once, as a careful programmer might.
"""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks import host
from benchmarks.load import figures_of, messages, run
from benchmarks.tenant import tenant
from sandbox.azurite import azurite
from triage.settings import read_settings
from triage.storage.account import StorageAccount

AT_ONCE = 16
# What version 1 had, measured in the same way: failures/s and CPU beside those of 16 scripts, and storage.
VERSION_1 = {"perSecond": 19, "perSecondOfScripts": 22, "cpuMs": 21, "cpuMsOfScripts": 22}
VERSION_1_STORAGE = {"requests": 3, "entities": 12, "deleted": 0, "kb": 50, "cpuMs": 14}
GOALS = {"requests": 1, "entities": 8, "deleted": None, "kb": 12, "cpuMs": 5}


def end_to_end(size: int, baseline: int, *, latency_ms: float) -> dict[str, Any]:
    """Figures of each run. `size` failures for the service, `baseline` for the script, four times as many for 16."""
    found: dict[str, Any] = {"latencyMs": latency_ms}
    for name, storm in (("mix", False), ("mass", True)):
        found[name] = _service(size, latency_ms, storm=storm)
        with (
            tenant(size + 1, latency_ms=latency_ms, consent_withdrawn=storm) as graph,
            messages(size, consent_withdrawn=storm) as path,
        ):
            found[f"{name}WithoutStorage"] = run("benchmarks.service", graph, path, "--concurrent", "32")
    for name, count, options in (
        ("script", baseline, ()),
        ("script16", baseline * 4, ("--keep", "--concurrent", str(AT_ONCE))),
    ):
        with tenant(count + 1, latency_ms=latency_ms) as graph, messages(count) as path:
            found[name] = run("benchmarks.baseline", graph, path, *options)
    return found


def cost(found: dict[str, Any], name: str) -> dict[str, float]:
    """What storage costs for a finding of a run: requests, entities, KB that are sent, and CPU."""
    tables = found[name]["tables"]
    return {
        "requests": tables.get("requests", 0.0),
        "entities": tables.get("written", 0.0),
        "deleted": tables.get("deleted", 0.0),
        "kb": tables.get("bytes", 0.0) / 1000,
        "cpuMs": found[name]["cpuMs"] - found[f"{name}WithoutStorage"]["cpuMs"],
    }


def _service(size: int, latency_ms: float, *, storm: bool) -> dict[str, Any]:
    with (
        azurite() as storage,
        tenant(size + 1, latency_ms=latency_ms, consent_withdrawn=storm) as graph,
        messages(size, consent_withdrawn=storm) as path,
    ):
        environ = {"TriageStorage": storage.connection_string}

        async def hosted() -> dict[str, Any]:
            account = StorageAccount(read_settings(graph.settings | environ).storage)
            try:
                return await host.run(graph, path, environ, account)
            finally:
                await account.close()

        graph.reset()
        return figures_of(asyncio.run(hosted()), graph)
