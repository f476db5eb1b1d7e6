"""100,000 open findings whose looks are all due at once, in virtual time: what they cost Graph, and new failures.

The looks are released by the service's own code (triage/operations/follow_up.py), each minute, to a queue whose function
has 32 at a time. New failures have their own queue and function. Both share an instance's batches, waits and pace, and
below them is the simulated tenant's limit (instances.py). A look also needs the tenant and its app, read after its message
was put on the queue.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from benchmarks import virtual_time
from benchmarks.instances import CONCURRENT, SECONDS, UNITS, Figures, SimulatedTenant, triage_one
from sandbox.tenant.world.ids import guid
from triage.graph import kept
from triage.graph.batching import Batcher
from triage.graph.kept import Kept
from triage.graph.questions import Question
from triage.operations import follow_up, messages
from triage.operations.services import Services
from triage.storage import due
from triage.storage.due import DueLook
from triage.wire import from_epoch_ns

_LOOKS_IN_A_ROW = 500
# What a reading of the organization and the app costs, in resource units (measured: 6.3).
_APP_UNITS = 7


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
        self._until = 0.0

    async def rows(self) -> AsyncIterator[tuple[int, list[DueLook]]]:
        for key, looks in list(self._rows.items()):
            yield key, looks

    async def reserve(self, _: str, number: int, per_minute: int) -> list[int]:
        delays, self._until = due.places(self._until, number, per_minute)
        return delays

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
    queue: asyncio.Queue[str] = asyncio.Queue()
    app = Kept(partial(_read_app, batcher), lambda _: ())

    async def send(texts: list[bytes], *, delay: int = 0) -> None:
        for _ in texts:
            asyncio.get_running_loop().call_later(delay, queue.put_nowait, from_epoch_ns(int(_now() * 1e9)))

    services = SimpleNamespace(due=_Due(count), looks=SimpleNamespace(send=send))

    async def timer() -> None:
        while True:
            await follow_up.release(cast("Services", services))
            await asyncio.sleep(60)

    async def look() -> None:
        while True:
            since = messages.afresh(await queue.get())
            found.looks += 1
            await asyncio.gather(app.get(since=since), triage_one(batcher, tenant, f"look{found.looks}"))

    async def fail(name: str) -> None:
        begun = _now()
        determined = await triage_one(batcher, tenant, name)
        found.failures.failures += 1
        found.failures.undetermined += not determined
        found.failures.took.append(_now() - begun)

    clock = SimpleNamespace(time=_now, monotonic=_now)
    with ExitStack() as patches:
        for module in (due, kept, messages):
            patches.enter_context(patch.object(module, "time", clock))
        running = [asyncio.create_task(each) for each in (timer(), *(look() for _ in range(CONCURRENT)))]
        for number in range(int(seconds * rate)):
            running.append(asyncio.create_task(fail(f"new{number}")))
            await asyncio.sleep(1 / rate)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    await batcher.close()
    return found


async def _read_app(batcher: Batcher) -> object:
    """The organization and the app."""
    reads = (Question(f"app_{number}", f"/users/look-app-{number}?units=1", "") for number in range(_APP_UNITS))
    return await asyncio.gather(*(batcher.read(question) for question in reads))


def simulate(count: int, seconds: float = 180, rate: float = 5) -> FollowUps:
    """`count` open findings whose looks are due now, and `rate` new failures a second, for `seconds`."""
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
