"""100,000 open findings whose looks are all due at once, in virtual time: what they cost Graph, and new failures.

The looks are released by the service's own code (triage/operations/follow_up.py), each minute, to a queue whose function
has 32 at a time. New failures have their own queue and function. Both share an instance's batches, waits and pace, and
below them is the simulated tenant's limit (instances.py).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from benchmarks import virtual_time
from benchmarks.instances import CONCURRENT, SECONDS, UNITS, Figures, SimulatedTenant, triage_one
from sandbox.tenant.world.ids import guid
from triage.graph.batching import Batcher
from triage.operations import follow_up
from triage.operations.services import Services
from triage.storage.due import DueLook

_LOOKS_IN_A_ROW = 500


@dataclass
class FollowUps:
    """What became of looks and new failures. `shares`: the part of Graph's limit that looks used, for each 10 seconds."""

    looks: int = 0
    failures: Figures = field(default_factory=Figures)
    units: Counter[int] = field(default_factory=Counter[int])

    @property
    def largest_share(self) -> float:
        """The largest part of Graph's limit that looks used in 10 seconds."""
        return max(self.units.values(), default=0) / UNITS


class _Due:
    """Rows of looks that are due, as DueLooks has them."""

    def __init__(self, count: int) -> None:
        looks = [DueLook(guid("look", str(number)).replace("-", ""), "tenant", 2) for number in range(count)]
        self._rows = {start: looks[start : start + _LOOKS_IN_A_ROW] for start in range(0, count, _LOOKS_IN_A_ROW)}

    async def rows(self) -> AsyncIterator[tuple[int, list[DueLook]]]:
        for key, looks in list(self._rows.items()):
            yield key, looks

    async def leave(self, key: int, looks: list[DueLook]) -> bool:
        if looks:
            self._rows[key] = looks
        else:
            del self._rows[key]
        return True


class _Tenant(SimulatedTenant):
    """Graph, which notes the units of looks."""

    def __init__(self, found: FollowUps) -> None:
        super().__init__(found.failures, warns=True)
        self._found = found

    def _answer(self, url: str) -> dict[str, Any]:
        reply = super()._answer(url)
        if url.startswith("/users/look") and reply["status"] == 200:
            self._found.units[int(_now()) // SECONDS] += int(url.rpartition("=")[2])
        return reply


async def _simulate(count: int, seconds: float, rate: float) -> FollowUps:
    found = FollowUps()
    tenant = _Tenant(found)
    batcher = Batcher(tenant.send)
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def send(messages: list[bytes], *, delay: int = 0) -> None:
        for _ in messages:
            asyncio.get_running_loop().call_later(delay, queue.put_nowait, 0)

    services = SimpleNamespace(due=_Due(count), looks=SimpleNamespace(send=send), looks_taken=Counter())

    async def timer() -> None:
        while True:
            await follow_up.release(cast("Services", services))
            await asyncio.sleep(60)

    async def look() -> None:
        while True:
            await queue.get()
            found.looks += 1
            await triage_one(batcher, tenant, f"look{found.looks}")

    async def fail(name: str) -> None:
        begun = _now()
        determined = await triage_one(batcher, tenant, name)
        found.failures.failures += 1
        found.failures.undetermined += not determined
        found.failures.took.append(_now() - begun)

    with patch.object(follow_up, "time", SimpleNamespace(time=_now)):
        running = [asyncio.create_task(each) for each in (timer(), *(look() for _ in range(CONCURRENT)))]
        for number in range(int(seconds * rate)):
            running.append(asyncio.create_task(fail(f"new{number}")))
            await asyncio.sleep(1 / rate)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    await batcher.close()
    return found


def simulate(count: int, seconds: float = 180, rate: float = 5) -> FollowUps:
    """`count` open findings whose looks are due now, and `rate` new failures a second, for so many seconds."""
    return virtual_time.run(_simulate(count, seconds, rate))


def _now() -> float:
    return asyncio.get_running_loop().time()


def main() -> None:
    """Prints a table."""
    print("| open findings | looks in a minute | most of Graph's limit in 10 s | new failures: p50, p99 |")
    print("|---|---|---|---|")
    for count in (0, 100_000):
        found = simulate(count)
        took = f"{found.failures.percentile(50):.2f}, {found.failures.percentile(99):.2f} s"
        print(f"| {count:,} | {found.looks / 3:.0f} | {found.largest_share:.1%} | {took} |", flush=True)


if __name__ == "__main__":
    main()
