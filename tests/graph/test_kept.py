"""What belongs to a tenant is read once for many failures, and for how long it is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from triage.graph import kept
from triage.graph.evidence import Answer, Reason, State
from triage.graph.kept import KEEP_FORBIDDEN_SECONDS, KEEP_SECONDS, Kept


class Reader:
    """Returns one answer after the other, and counts how often it was asked."""

    def __init__(self, *reasons: Reason | None) -> None:
        self.reasons, self.asked = list(reasons), 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self) -> Answer[int]:
        self.asked += 1
        number, reason = self.asked, self.reasons[min(self.asked, len(self.reasons)) - 1]
        await self.gate.wait()
        return Answer("organization", State.UNREAD if reason else State.READ, number, reason=reason)


def keeping(reader: Reader) -> Kept[Any]:
    return Kept(reader.read, lambda answer: [answer])


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(kept, "time", made)
    return made


async def test_concurrent_callers_share_one_reading() -> None:
    reader = Reader(None)
    values = await asyncio.gather(*(keep.get() for keep in [keeping(reader)] * 10))
    assert ({value.value for value in values}, reader.asked) == ({1}, 1)


async def test_kept_for_15_minutes(clock: Clock) -> None:
    reader = Reader(None)
    keep = keeping(reader)
    for seconds, asked in ((0, 1), (KEEP_SECONDS - 1, 1), (2, 2)):
        clock.now += seconds
        assert (await keep.get()).value == asked
    assert KEEP_SECONDS == 15 * 60
    assert reader.asked == 2


async def test_what_is_forbidden_is_asked_again_sooner(clock: Clock) -> None:
    reader = Reader(Reason.FORBIDDEN, None)
    keep = keeping(reader)
    assert (await keep.get()).reason is Reason.FORBIDDEN
    clock.now += KEEP_FORBIDDEN_SECONDS - 1
    assert (await keep.get()).reason is Reason.FORBIDDEN
    clock.now += 2
    assert (await keep.get()).reason is None
    assert reader.asked == 2


@pytest.mark.parametrize("reason", [Reason.THROTTLED, Reason.UNAVAILABLE, Reason.TIMEOUT, Reason.UNAUTHENTICATED])
async def test_what_failed_otherwise_is_not_kept(reason: Reason) -> None:
    reader = Reader(reason, None)
    keep = keeping(reader)
    assert (await keep.get()).reason is reason
    assert (await keep.get()).reason is None
    assert (await keep.get()).value == 2
    assert reader.asked == 2


async def test_fresh_is_read_now_and_replaces_what_was_kept() -> None:
    reader = Reader(None)
    keep = keeping(reader)
    assert (await keep.get()).value == 1
    assert (await keep.get(fresh=True)).value == 2
    assert (await keep.get()).value == 2


async def test_fresh_does_not_join_a_reading_that_started_before() -> None:
    reader = Reader(None)
    reader.gate.clear()
    keep = keeping(reader)
    first = asyncio.create_task(keep.get())
    await asyncio.sleep(0)
    fresh = asyncio.create_task(keep.get(fresh=True))
    await asyncio.sleep(0)
    reader.gate.set()
    assert ((await first).value, (await fresh).value, reader.asked) == (1, 2, 2)


async def test_a_canceled_caller_does_not_cancel_the_reading() -> None:
    reader = Reader(None)
    reader.gate.clear()
    keep = keeping(reader)
    gone, stays = asyncio.create_task(keep.get()), asyncio.create_task(keep.get())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    reader.gate.set()
    assert (await stays).value == 1
    assert gone.cancelled()


async def test_a_reading_that_raised_is_repeated() -> None:
    tries: list[int] = []

    async def read() -> Answer[int]:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError
        return Answer("organization", State.READ, 7)

    keep: Kept[Any] = Kept(read, lambda answer: [answer])
    with pytest.raises(RuntimeError):
        await keep.get()
    assert (await keep.get()).value == 7


async def test_what_an_audit_read_is_kept() -> None:
    reader = Reader(None)
    keep = keeping(reader)
    keep.keep(Answer("organization", State.READ, 99))
    assert ((await keep.get()).value, reader.asked) == (99, 0)
    keep.keep(Answer("organization", State.UNREAD, reason=Reason.TIMEOUT))
    assert ((await keep.get()).value, reader.asked) == (1, 1)
