"""Many instances of the service on one tenant, in virtual time: how they share its limit.

Each instance has the service's own batches, waits and pace, and 32 failures at a time, as host.json says. All start at
the same moment, with a queue that does not end. Below them is the simulated tenant's limit: a bucket of resource units
for 10 seconds. A failure is its directory reads: Outlook's limits are per mailbox, so instances do not share them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks import virtual_time
from sandbox.tenant.errors import GraphError
from sandbox.tenant.serve.limits import Limits
from triage import deadlines
from triage.graph.batching import Batcher
from triage.graph.questions import Question
from triage.graph.replies import Reply, read_replies

CONCURRENT = 32
ROUND_TRIP = 0.07, 0.16
STORAGE = 0.05
# The directory reads of a failure, round trip by round trip, in resource units: 2 on average.
KINDS = (((1,),), ((1,),), ((1,),), ((1,),), ((1, 1, 1),), ((1,), (2, 1, 1)))
UNITS, SECONDS = 3500, 10  # of a tenant with fewer than 50 users


@dataclass
class Figures:
    """What became of the failures, and of their reads. `by_second`: units that were answered in each second."""

    failures: int = 0
    undetermined: int = 0
    answered: int = 0
    throttled: int = 0
    by_second: dict[int, int] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)

    @property
    def throttled_share(self) -> float:
        """The part of the reads that Graph answered with 429."""
        return self.throttled / (self.throttled + self.answered)

    def used_share(self, begin: int, end: int) -> float:
        """The part of the limit that was used between two seconds."""
        return sum(self.by_second.get(second, 0) for second in range(begin, end)) / (UNITS / SECONDS * (end - begin))

    def percentile(self, percent: int) -> float:
        """Seconds that a failure took."""
        return sorted(self.took)[len(self.took) * percent // 100]


class SimulatedTenant:
    """Graph, for directory reads: their cost is in the URL."""

    def __init__(self, figures: Figures, *, warns: bool) -> None:
        self.random = random.Random(1)
        self._figures = figures
        self._warns = warns
        self._limits = Limits(directory_units=UNITS, directory_seconds=SECONDS, clock=_now)

    async def send(self, items: list[dict[str, Any]], _: float) -> dict[str, Reply]:
        trip = self.random.uniform(*ROUND_TRIP)
        await asyncio.sleep(trip / 2)
        responses = [{"id": item["id"], **self._answer(item["url"])} for item in items]
        await asyncio.sleep(trip / 2)
        return read_replies({"responses": responses})

    def _answer(self, url: str) -> dict[str, Any]:
        units = int(url.rpartition("=")[2])
        try:
            headers = self._limits.spend("tenant", units)
        except GraphError as error:
            self._figures.throttled += 1
            return {"status": 429, "headers": error.headers}
        self._figures.answered += 1
        second = int(_now())
        self._figures.by_second[second] = self._figures.by_second.get(second, 0) + units
        return {"status": 200, "body": {}, "headers": headers if self._warns else {}}


async def triage_one(batcher: Batcher, tenant: SimulatedTenant, name: str) -> bool:
    """The reads of one failure. False if one of them could not be read."""
    for reads in tenant.random.choice(KINDS):
        questions = [
            Question(f"reads_{units}", f"/users/{name}-{number}?units={units}", "")
            for number, units in enumerate(reads)
        ]
        replies = await asyncio.gather(*(batcher.read(question) for question in questions))
        if any(reply.status != 200 for reply in replies):
            return False
    return True


async def _work(batcher: Batcher, tenant: SimulatedTenant, names: Iterator[str], figures: Figures) -> None:
    for name in names:
        begun = _now()
        try:
            async with asyncio.timeout(deadlines.EVIDENCE):
                determined = await triage_one(batcher, tenant, name)
        except TimeoutError:
            determined = False
        figures.failures += 1
        figures.undetermined += not determined
        figures.took.append(_now() - begun)
        await asyncio.sleep(STORAGE)


async def _simulate(count: int, seconds: float, *, warns: bool) -> Figures:
    figures = Figures()
    tenant = SimulatedTenant(figures, warns=warns)
    batchers = [Batcher(tenant.send) for _ in range(count)]
    names = (f"user{number}" for number in range(10**9))
    working = [
        asyncio.create_task(_work(batcher, tenant, names, figures)) for batcher in batchers for _ in range(CONCURRENT)
    ]
    await asyncio.sleep(seconds)
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    await asyncio.gather(*(batcher.close() for batcher in batchers))
    return figures


def simulate(count: int, seconds: float, *, warns: bool = True) -> Figures:
    """`count` instances for so many seconds. Not `warns`: Graph does not say which part of its limit is used."""
    return virtual_time.run(_simulate(count, seconds, warns=warns))


def _now() -> float:
    return asyncio.get_running_loop().time()


def main() -> None:
    """Prints a table."""
    print("| instances | Graph says what is used | limit used after 10 s | 429 | undetermined | p50, p99 |")
    print("|---|---|---|---|---|---|")
    for count, warns in ((1, True), (10, True), (40, True), (80, True), (40, False)):
        found = simulate(count, 120, warns=warns)
        cells = (
            str(count), "yes" if warns else "no", f"{found.used_share(10, 120):.0%}", f"{found.throttled_share:.1%}",
            f"{found.undetermined} of {found.failures}", f"{found.percentile(50):.1f}, {found.percentile(99):.1f} s",
        )  # fmt: skip
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
