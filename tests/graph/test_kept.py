"""What belongs to a tenant is read once for many failures, and for how long it is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from triage.graph import kept
from triage.graph.evidence import Answer, Reason, State
from triage.graph.kept import KEEP_FORBIDDEN_SECONDS, KEEP_SECONDS, READ_NOW, Kept


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


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.UNSUPPORTED, Reason.TOO_MANY])
async def test_what_lasts_is_asked_again_sooner(clock: Clock, reason: Reason) -> None:
    reader = Reader(reason, None)
    keep = keeping(reader)
    assert (await keep.get()).reason is reason
    clock.now += KEEP_FORBIDDEN_SECONDS - 1
    assert (await keep.get()).reason is reason
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
    assert (await keep.get(since=READ_NOW)).value == 2
    assert (await keep.get()).value == 2


async def test_what_was_read_since_then_is_not_read_again(clock: Clock) -> None:
    reader = Reader(None)
    keep = keeping(reader)
    assert (await keep.get(since=clock.now)).value == 1
    clock.now += 10
    assert (await keep.get(since=clock.now - 10)).value == 1
    assert (await keep.get(since=clock.now - 9)).value == 2
    reader.gate.clear()
    clock.now += 1
    older = asyncio.create_task(keep.get(since=READ_NOW))
    await asyncio.sleep(0)
    clock.now += 1
    joins, later = (asyncio.create_task(keep.get(since=clock.now - ago)) for ago in (1, 0))
    await asyncio.sleep(0)
    reader.gate.set()
    assert [(await one).value for one in (older, joins, later)] == [3, 3, 4]


async def test_fresh_does_not_join_a_reading_that_started_before() -> None:
    reader = Reader(None)
    reader.gate.clear()
    keep = keeping(reader)
    first = asyncio.create_task(keep.get())
    await asyncio.sleep(0)
    fresh = asyncio.create_task(keep.get(since=READ_NOW))
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


async def test_what_was_read_in_another_way_is_kept() -> None:
    reader, other = Reader(None), Reader(None)
    keep = keeping(reader)
    other.asked = 98
    assert (await keep.get(since=READ_NOW, read=other.read)).value == 99
    assert ((await keep.get()).value, reader.asked) == (99, 0)


@pytest.mark.parametrize("reason", [None, Reason.UNAVAILABLE])
async def test_an_older_reading_that_ends_later_changes_nothing(reason: Reason | None) -> None:
    slow, quick = Reader(reason), Reader(None)
    slow.gate.clear()
    quick.asked = 98
    keep = keeping(slow)
    older = asyncio.create_task(keep.get())
    await asyncio.sleep(0.001)
    assert (await keep.get(since=READ_NOW, read=quick.read)).value == 99
    slow.gate.set()
    assert ((await older).value, (await older).reason) == (1, reason)
    assert ((await keep.get()).value, slow.asked) == (99, 1)


async def test_the_newest_is_the_one_under_way() -> None:
    reader = Reader(None)
    keep = keeping(reader)
    assert (await keep.newest()).value == 1
    assert (await keep.newest()).value == 1
    fresh = asyncio.create_task(keep.get(since=READ_NOW))
    await asyncio.sleep(0)
    assert (await keep.newest()).value == 2
    assert ((await fresh).value, reader.asked) == (2, 2)


async def test_a_failed_reading_is_kept_if_it_has_a_time_to_keep(clock: Clock) -> None:
    reader = Reader(Reason.UNAVAILABLE, None)
    keep: Kept[Any] = Kept(reader.read, lambda answer: [answer], failed_seconds=60)
    for _ in range(20):
        assert (await keep.get()).reason is Reason.UNAVAILABLE
    assert reader.asked == 1
    clock.now += 61
    assert ((await keep.get()).reason, reader.asked) == (None, 2)
