"""How long a batch waits for more reads: a moment, or longer while many reads are under way and it fills soon."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.graph.test_batching import Graph, directory
from triage.graph import batching
from triage.graph.batch_request import MAX_ITEMS
from triage.graph.batching import BUSY_READS, Batcher
from triage.graph.questions import Question
from triage.graph.replies import Reply
from triage.graph.sharing import Shared


async def seconds_until_sent(graph: Graph, batcher: Batcher, question: Question) -> float:
    """How long a read waits until it is sent in a batch."""
    begun = time.perf_counter()
    reading = asyncio.create_task(batcher.read(question))
    while question.url not in graph.urls:  # noqa: ASYNC110 - a list, which can't be awaited
        await asyncio.sleep(0.001)
    reading.cancel()
    return time.perf_counter() - begun


@pytest.mark.parametrize(("under_way", "patient"), [(0, False), (BUSY_READS - MAX_ITEMS, False), (BUSY_READS, True)])
async def test_a_read_waits_longer_while_many_are_under_way(
    monkeypatch: pytest.MonkeyPatch, under_way: int, patient: bool
) -> None:
    monkeypatch.setattr(batching, "BUSY_GATHER_SECONDS", 0.5)
    graph = Graph(seconds=5)
    batcher = Batcher(graph.send)
    others = [asyncio.create_task(batcher.read(directory(number))) for number in range(under_way)]
    await asyncio.sleep(0.02)
    assert len(graph.batches) == under_way // MAX_ITEMS
    assert (await seconds_until_sent(graph, batcher, directory(1000)) >= 0.5) is patient
    await batcher.close()
    await asyncio.gather(*others, return_exceptions=True)


async def test_a_full_batch_is_sent_at_once_even_while_many_reads_are_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batching, "BUSY_GATHER_SECONDS", 5.0)
    graph = Graph()
    batcher = Batcher(graph.send)
    async with asyncio.timeout(4):
        await asyncio.gather(*(batcher.read(directory(number)) for number in range(5 * MAX_ITEMS)))
    assert [len(batch) for batch in graph.batches] == [MAX_ITEMS] * 5


async def test_a_batch_that_nobody_waits_for_is_canceled() -> None:
    ended = asyncio.Event()

    async def send(_: list[dict[str, object]], seconds: float) -> dict[str, Reply]:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()
        return {}

    batcher = Batcher(send)
    readings = [asyncio.create_task(batcher.read(directory(number))) for number in range(3)]
    await asyncio.sleep(0.05)
    readings[0].cancel()
    await asyncio.sleep(0.01)
    assert not ended.is_set(), "two still wait"
    for reading in readings[1:]:
        reading.cancel()
    async with asyncio.timeout(2):
        await ended.wait()


async def test_a_second_429_also_delays_a_read_that_is_waiting() -> None:
    """The delay of a waiting read is extended when another read gets a 429."""
    waits = {"/users/0": [0.2, 0.3], "/users/1": [0.4]}
    asked: dict[str, list[float]] = {}

    def answer(url: str) -> Reply:
        asked.setdefault(url, []).append(time.monotonic())
        left = waits.get(url, [])
        return Reply(429, retry_after=left.pop(0)) if left else Reply(200, {})

    graph = Graph(answer)
    batcher = Batcher(graph.send)
    await asyncio.gather(*(batcher.read(directory(number)) for number in (0, 1, 2)))
    first = asked["/users/1"][0]
    # All three were sent in one batch; 1 has to wait 0.4 s, so 0 waits as long, although its own delay was 0.2 s.
    assert min(asked["/users/0"][1], asked["/users/1"][1]) - first >= 0.39
    assert len(asked["/users/2"]) == 1


async def test_a_shared_task_is_canceled_when_nobody_waits_for_it() -> None:
    shared = Shared(asyncio.sleep(30))
    waiting = [asyncio.create_task(shared.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0.01)
    assert not shared.over
    waiting[1].cancel()
    await asyncio.sleep(0.01)
    assert shared.over
    assert shared.task.cancelled()


async def test_all_who_wait_for_a_shared_task_get_its_result() -> None:
    made: list[int] = []

    async def work() -> list[int]:
        made.append(1)
        await asyncio.sleep(0.01)
        return made

    shared = Shared(work())
    assert await asyncio.gather(shared.wait(), shared.wait()) == [[1], [1]]
    assert shared.over
