"""The process is killed again and again, at every kind of step: nothing is lost, and nothing is posted as another failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from azure.core.pipeline.transport import AioHttpTransport

from sandbox.azurite import Azurite
from tests.operations.feeding import HYBRID, OK, STUCK, Feeding, feeding


class Killed(BaseException):
    """The process has ended: nothing after this, not even a `finally`, reaches anybody."""


class Killer:
    """Ends the process at each `every`-th write to storage or request to ETD: before it, and the next time after it."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.steps = self.kills = 0
        self.dead = False

    @contextmanager
    def at_work(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        store, ask = AioHttpTransport.send, httpx.AsyncClient.send

        async def send(transport: Any, request: Any, **options: Any) -> Any:
            return await self._step(lambda: store(transport, request, **options), counts=request.method != "GET")

        async def post(client: Any, request: Any, **options: Any) -> Any:
            return await self._step(lambda: ask(client, request, **options), counts=True)

        with monkeypatch.context() as patch:
            patch.setattr(AioHttpTransport, "send", send)
            patch.setattr(httpx.AsyncClient, "send", post)
            yield

    async def _step(self, work: Any, *, counts: bool) -> Any:
        if self.dead:
            raise Killed
        self.steps += counts
        dies = counts and self.steps % self.every == 0
        if dies:
            self.dead = True
            self.kills += 1
            if self.kills % 2:
                raise Killed
        answer = await work()
        if dies:
            raise Killed
        return answer


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


@pytest.mark.parametrize("every", [7, 11, 18])
async def test_a_process_that_is_killed_again_and_again(
    storage: Azurite, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer(every)
    async with feeding(storage, {"updateHasMailboxes": False}) as feed:
        await feed.etd.convict([
            {"mailboxes": [OK, STUCK], "action": "quarantine"},
            {"mailboxes": [HYBRID], "action": "trash", "receivedAt": "-30h", "actionAt": "+1m"},
        ])  # fmt: skip
        for _ in range(13):
            await feed.etd.advance(minutes=20)
            await survive(feed, killer, feed.poll, monkeypatch)
            await survive(feed, killer, feed.look, monkeypatch)
        await feed.run(90, every=30)
        assert killer.kills > 5
        assert set(feed.pairs) == feed.failed()
        assert len({one.id for one in feed.posted}) == len(feed.failed()), "the same failure, whenever it is sent again"
        state = await feed.state()
        assert (state.candidates, state.verified, state.failures_found) == (3, 1, 2), "counted once"
