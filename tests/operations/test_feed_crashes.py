"""The process is killed before and after every kind of step: nothing is lost, and nothing is posted as another failure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from azure.core.pipeline.transport import AioHttpTransport

from sandbox.azurite import Azurite
from tests.operations.feeding import HYBRID, OK, STUCK, Feeding, feeding

# Requests to ETD, rows by the beginning of their key (a transaction: that of its first row), and queue messages.
STEPS = {
    "token",
    "search",
    "downloadLinks",
    "file",
    "lease",
    "quota",
    "lane",
    "hour",
    "act",
    "orphan",
    "message",
    "0000.jsonl",
}


class Killed(BaseException):
    """The process has ended: nothing after this, not even a `finally`, reaches anybody."""


class Killer:
    """Ends the process twice at each kind of step, once `spared` of them are done: before the step, then after the next."""

    def __init__(self, spared: int) -> None:
        self.spared = spared
        self.seen: Counter[str] = Counter()
        self.dead = False

    @contextmanager
    def at_work(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        store, ask = AioHttpTransport.send, httpx.AsyncClient.send

        async def send(transport: Any, request: Any, **options: Any) -> Any:
            step = "" if request.method == "GET" else _written(request)
            return await self._step(step, lambda: store(transport, request, **options))

        async def post(client: Any, request: Any, **options: Any) -> Any:
            return await self._step(request.url.path.split("/")[-1], lambda: ask(client, request, **options))

        with monkeypatch.context() as patch:
            patch.setattr(AioHttpTransport, "send", send)
            patch.setattr(httpx.AsyncClient, "send", post)
            yield

    async def _step(self, step: str, work: Callable[[], Any]) -> Any:
        if self.dead:
            raise Killed
        self.seen[step] += step in STEPS
        kill = self.seen[step] - self.spared
        self.dead = kill in (1, 2)
        if kill == 1:
            raise Killed
        answer = await work()
        if kill == 2:
            raise Killed
        return answer


def _written(request: Any) -> str:
    kind = re.search(r"(lane|act|due|orphan|hour|file|quota|gap|lease)(?:%7C|\|)", f"{request.url} {request.body}")
    return kind[1] if kind else "message" if "/messages" in request.url else ""


async def survive(feed: Feeding, killer: Killer, work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with killer.at_work(monkeypatch):
            await work()
    except BaseException:
        if not killer.dead:
            raise
    if killer.dead:
        await feed.restart()
        killer.dead = False


@pytest.mark.parametrize("spared", [0, 2])
async def test_a_process_that_is_killed_at_every_step(
    storage: Azurite, spared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer(spared)
    async with feeding(storage, {"updateHasMailboxes": False}) as feed:
        old = {"receivedAt": "-30h", "action": "trash"}
        await feed.etd.convict([
            {"mailboxes": [OK, STUCK], "action": "quarantine"}, {"mailboxes": [HYBRID], "actionAt": "+1m", **old},
            {"mailboxes": [STUCK], "actionAt": "+100m", **old}, {"mailboxes": [STUCK], "actionAt": "+170m", **old},
        ])  # fmt: skip
        for _ in range(30 - 5 * spared):
            await feed.etd.advance(minutes=20)
            await survive(feed, killer, feed.poll, monkeypatch)
            await survive(feed, killer, feed.look, monkeypatch)
        await feed.run(90, every=30)
        assert [step for step in STEPS if killer.seen[step] < spared + 2] == [], "not killed there"
        assert set(feed.pairs) == feed.failed()
        assert len(feed.failed()) == 4
        assert len({one.id for one in feed.posted}) == 4, "the same failure, whenever it is sent again"
        state = await feed.state()
        assert (state.candidates, state.verified, state.failures_found) == (5, 1, 4), "counted once"
