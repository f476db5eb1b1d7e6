"""The simulated tenant in a process of its own: `with tenant(count) as graph`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import mix
from sandbox.processes import started
from sandbox.tenant.serve.server import serve


@dataclass(frozen=True)
class Tenant:
    """`url` is what GRAPH_ENDPOINT holds; `settings` are the service's for it."""

    url: str
    settings: dict[str, str]

    def stats(self) -> dict[str, Any]:
        """What was asked since the last reset."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/stats", timeout=10) as response:
            return json.load(response)

    def reset(self) -> None:
        """Sets the counts to zero."""
        request = urllib.request.Request(f"{self.url}/_sandbox/stats", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()

    def set(self, **settings: float | None) -> None:
        """Changes latencies and limits (sandbox/tenant/serve/control.py says which)."""
        body = json.dumps(settings).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/settings", data=body, method="PUT")
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def tenant(
    count: int, *, latency_ms: float = 100.0, item_latency_ms: float = 0.0, consent_withdrawn: bool = False
) -> Iterator[Tenant]:
    """A tenant with `count` people that answers each HTTP request after `latency_ms`."""
    command = [sys.executable, "-m", "benchmarks.tenant", str(count)]
    command += ["--consent-withdrawn"] if consent_withdrawn else []
    with started(command, environ={}) as child:
        url = child.wait_for(r"^Graph listening at (http://\S+)$", 60)[1]
        settings = json.loads(child.wait_for(r"^Settings (.*)$", 5)[1])
        found = Tenant(url, settings)
        found.set(latencyMs=latency_ms, itemLatencyMs=item_latency_ms)
        yield found


async def _serve(count: int, consent_withdrawn: bool) -> None:
    world = mix.world(count, consent_withdrawn=consent_withdrawn)
    async with serve(world) as served:
        print(f"Graph listening at {served.url}")
        print(f"Settings {json.dumps(mix.settings(world, served.url))}", flush=True)
        await asyncio.to_thread(_until_parent_ends)


def _until_parent_ends() -> None:
    while os.read(0, 4096):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--consent-withdrawn", action="store_true")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.count, arguments.consent_withdrawn))
