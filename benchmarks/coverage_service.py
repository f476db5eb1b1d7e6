"""A coverage scan as the service runs it: a slice of each minute, stored in Azurite.

`python -m benchmarks.coverage_service 1000` measures one size in a process of its own. Time is virtual, except that
storage takes as long as it takes. The first scan is measured. In the next one, which is compared with it, a new process
takes over each time after the one before was killed, at any request.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import AsyncIterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from azure.core.pipeline.transport import AioHttpTransport

import triage.wire
from benchmarks import virtual_time
from benchmarks.coverage import DOMAIN, GOAL_MINUTES, WRONG, Graph, has_right_numbers, settings
from benchmarks.measure import peak_memory_mb
from benchmarks.traffic import Traffic
from sandbox.azurite import azurite
from triage.coverage.model import CoverageScan
from triage.graph.batching import Batcher
from triage.graph.replies import Reply
from triage.operations import coverage
from triage.operations.coverage import run_scans, start_scan
from triage.operations.services import Services
from triage.storage import coverage_runs
from triage.wire import epoch_ns

MINUTE = 60.0
# After at most so many a process is killed, unless the scan ends before.
_MOST_REQUESTS = 200


@dataclass
class Process:
    """A process that is killed once it has sent so many requests: then it gets no answer, and sends nothing more."""

    left: float = float("inf")

    async def send(self, request: Any) -> Any:
        """Awaits a request, if the process still lives."""
        if self.left <= 0:
            request.close()
            raise asyncio.CancelledError
        self.left -= 1
        answer = await request
        if self.left <= 0:
            raise asyncio.CancelledError
        return answer


_process: ContextVar[Process] = ContextVar("process")


def _install() -> None:
    """From now on, storage takes real time, and answers no process that was killed."""
    send = AioHttpTransport.send

    async def mortal(transport: Any, request: Any, **options: Any) -> Any:
        with virtual_time.outside():
            return await _process.get().send(send(transport, request, **options))

    AioHttpTransport.send = mortal  # type: ignore[method-assign]


@dataclass
class _Tenant:
    """A tenant, and the instances of the service that scan it one after another."""

    graph: Graph
    storage: str

    def instance(self) -> Services:
        """A new instance, which knows nothing yet."""

        async def send(items: list[dict[str, Any]], seconds: float = 0) -> dict[str, Reply]:
            return await _process.get().send(self.graph.send(items, seconds))

        made = Services(settings(self.storage))
        session = made.tenants.graph(made.settings.tenants[0]).session
        session.batcher, session.bulk = Batcher(send), Batcher(send)
        return made

    async def scan(self) -> CoverageScan:
        """A scan by one instance, from its start to its end."""
        services = self.instance()
        scan: CoverageScan | None = await start_scan(services, services.settings.tenants[0])
        async for _ in _minutes():
            await run_scans(services)
            scan = await services.coverages.get(scan.id)
            assert scan is not None
            if scan.state != "running":
                break
        await services.close()
        return scan

    async def interrupted_scan(self) -> tuple[CoverageScan, int]:
        """A scan by instances that are killed at a random request, and how many of them were killed."""
        chance = random.Random(self.graph.count)
        services, killed = self.instance(), 0
        scan: CoverageScan | None = await coverage._begin(services, services.settings.tenants[0])
        async for _ in _minutes():
            process, mortal = Process(chance.randint(1, _MOST_REQUESTS)), self.instance()
            context = copy_context()
            context.run(_process.set, process)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.create_task(run_scans(mortal), context=context)
            await mortal.close()
            killed += process.left <= 0
            scan = await services.coverages.get(scan.id)
            assert scan is not None
            if scan.state != "running":
                break
        await services.close()
        return scan, killed

    async def listed(self, scan: CoverageScan) -> list[str]:
        """The mailboxes that the scan has stored as uncovered."""
        services, found, token = self.instance(), list[str](), None
        while True:
            page, token = await services.coverages.mailboxes(scan.id, top=1000, token=token)
            found += [one.mailbox for one in page]
            if token is None:
                await services.close()
                return found


async def _minutes() -> AsyncIterator[None]:
    """The timer of each minute."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        yield
        await asyncio.sleep(MINUTE - (loop.time() - begun) % MINUTE)


async def _measure(count: int, storage: str) -> dict[str, Any]:
    loop, epoch = asyncio.get_running_loop(), time.time_ns()
    clock = SimpleNamespace(monotonic=loop.time, time_ns=lambda: epoch + int(loop.time() * 1e9))
    _process.set(Process())
    traffic = Traffic()
    traffic.install()
    with contextlib.ExitStack() as patched:
        for module in (coverage, triage.wire, coverage_runs):
            patched.enter_context(patch.object(module, "time", clock))
        tenant = _Tenant(Graph(count), storage)
        first = await tenant.scan()
        minutes = (epoch_ns(first.finished_at or "") - epoch_ns(first.started_at)) / 6e10
        memory, sent = peak_memory_mb(), traffic.counts["requests"]
        then, killed = await tenant.interrupted_scan()
        by_hand = [f"user{number:06}@{DOMAIN}" for number in range(count) if WRONG.get(number % 100)]
        wrong = {
            "the numbers of the first scan": not has_right_numbers(first, count),
            "the numbers of the scan that was interrupted": not has_right_numbers(then, count),
            "the mailboxes of the first scan": await tenant.listed(first) != by_hand,
            "the mailboxes of the scan that was interrupted": await tenant.listed(then) != by_hand,
            "what has changed": then.changes is None or then.changes.newly_uncovered + then.changes.recovered > 0,
            "the time": minutes > GOAL_MINUTES,
        }
    return {
        "count": count, "minutes": minutes, "peakMemoryMb": memory, "killed": killed,
        "storage": sent / count, "wrong": {name: 1 for name, one in wrong.items() if one},
    }  # fmt: skip


def measure(count: int) -> dict[str, Any]:
    """Two scans, the second with interruptions."""
    _install()
    with azurite() as storage:
        return virtual_time.run(_measure(count, storage.connection_string))


if __name__ == "__main__":
    json.dump(measure(int(sys.argv[1])), sys.stdout)
