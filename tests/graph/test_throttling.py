"""Holds: how long a 429 keeps other reads back, what they are told, and the probe of a long hold."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from benchmarks import virtual_time
from triage import deadlines
from triage.graph.evidence import Reason
from triage.graph.questions import Question
from triage.graph.replies import Reply
from triage.graph.throttling import PROBE_SECONDS, Throttling

OK = Reply(200, {})
DAY = 86_400.0


def directory(number: int = 0) -> Question:
    return Question("user", f"/users/{number}", "User.Read.All")


class Graph:
    """Gives the replies that are left, then OK. `asked` has the time of each read."""

    def __init__(self, *replies: Reply, seconds: float = 0.1) -> None:
        self.left, self.seconds = list(replies), seconds
        self.asked: list[tuple[float, str]] = []
        self.throttling = Throttling(self.ask)

    async def ask(self, question: Question) -> Reply:
        self.asked.append((round(asyncio.get_running_loop().time(), 1), question.url))
        reply = self.left.pop(0) if self.left else OK
        await asyncio.sleep(self.seconds)
        return reply

    async def read(self, number: int = 0) -> Reply:
        return await self.throttling.read(directory(number))


def run(test: Coroutine[Any, Any, None]) -> None:
    virtual_time.run(test)


@pytest.mark.parametrize(("retry_after", "told"), [(100.0, 100.0), (DAY, PROBE_SECONDS)])
def test_a_read_that_is_held_is_told_when_to_come_back(retry_after: float, told: float) -> None:
    async def test() -> None:
        graph = Graph(Reply(429, retry_after=retry_after))
        assert (await graph.read()).retry_after == retry_after
        held = await graph.read(1)
        assert (held.status, held.reason) == (429, Reason.THROTTLED)
        assert held.retry_after == pytest.approx(told)
        assert len(graph.asked) == 1

    run(test())


def test_a_long_hold_is_tried_with_one_read_and_ends_if_it_is_answered() -> None:
    async def test() -> None:
        graph = Graph(Reply(429, retry_after=DAY), seconds=1)
        await graph.read()
        await asyncio.sleep(PROBE_SECONDS + 1)
        probe = asyncio.create_task(graph.read(1))
        await asyncio.sleep(0)
        assert (await graph.read(2)).reason is Reason.THROTTLED, "the others wait for what the probe finds"
        assert await probe == OK
        assert await graph.read(3) == OK
        assert [url for _, url in graph.asked] == ["/users/0", "/users/1", "/users/3"]

    run(test())


def test_a_probe_that_is_throttled_leaves_the_hold() -> None:
    async def test() -> None:
        graph = Graph(Reply(429, retry_after=DAY), Reply(429, retry_after=20))
        await graph.read()
        await asyncio.sleep(PROBE_SECONDS)
        assert (await graph.read(1)).status == 429
        held = await graph.read(2)
        assert held.retry_after == pytest.approx(PROBE_SECONDS)
        assert len(graph.asked) == 2
        await asyncio.sleep(PROBE_SECONDS)
        assert await graph.read(3) == OK

    run(test())


@pytest.mark.parametrize("reply", [Reply(reason=Reason.TIMEOUT), Reply(401, reason=Reason.UNAUTHENTICATED)])
def test_a_probe_that_graph_does_not_answer_leaves_the_hold(reply: Reply) -> None:
    async def test() -> None:
        graph = Graph(Reply(429, retry_after=DAY), reply)
        await graph.read()
        await asyncio.sleep(PROBE_SECONDS)
        await graph.read(1)
        assert (await graph.read(2)).reason is Reason.THROTTLED
        assert len(graph.asked) == 2

    run(test())


def test_a_canceled_probe_leaves_the_next_read_to_be_one() -> None:
    async def test() -> None:
        graph = Graph(Reply(429, retry_after=DAY), seconds=1)
        await graph.read()
        await asyncio.sleep(PROBE_SECONDS)
        probe = asyncio.create_task(graph.read(1))
        await asyncio.sleep(0.5)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        assert await graph.read(2) == OK

    run(test())


def test_the_waits_of_a_read_have_a_limit() -> None:
    async def test() -> None:
        graph = Graph(*[Reply(429, retry_after=deadlines.GRAPH_WAIT - 1)] * 9, seconds=0)
        begun = asyncio.get_running_loop().time()
        assert (await graph.read()).status == 429
        assert asyncio.get_running_loop().time() - begun <= deadlines.GRAPH_WAIT
        assert len(graph.asked) == 2, "a third try would be beyond the limit"

    run(test())


def test_other_limits_are_not_the_directorys() -> None:
    async def test() -> None:
        graph = Graph(Reply(429, retry_after=100))
        trace = Question("message_trace", "/admin/exchange/tracing/messageTraces?x", "ExchangeMessageTrace.Read.All")
        assert (await graph.throttling.read(trace)).status == 429
        assert await graph.read() == OK
        assert (await graph.throttling.read(trace)).reason is Reason.THROTTLED

    run(test())


def test_a_batch_that_failed_in_all_its_parts_is_not_asked_again() -> None:
    async def test() -> None:
        graph = Graph(Reply(503, reason=Reason.UNAVAILABLE))
        assert (await graph.read()).reason is Reason.UNAVAILABLE
        assert len(graph.asked) == 1

    run(test())
