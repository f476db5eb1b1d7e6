"""The pace of directory reads: when there is one, how it changes, and that many instances share one tenant's limit."""

from __future__ import annotations

import asyncio
import math

import pytest

from benchmarks import instances, virtual_time
from triage.graph import rate_limit
from triage.graph.evidence import Reason
from triage.graph.rate_limit import RateLimit
from triage.graph.replies import Reply

OK = Reply(200, {}, units=1)
THROTTLED = Reply(429, retry_after=1)


def used(part: float) -> Reply:
    return Reply(200, {}, units=1, limit_used=part)


@pytest.mark.unmeasured
def test_forty_instances_share_the_limit_of_one_tenant() -> None:
    found = instances.simulate(40, 70)
    assert found.used_share(5, 70) >= 0.8
    assert found.throttled_share < 0.05
    assert found.undetermined == 0
    assert found.failures > 5_000


def test_one_instance_below_the_limit_is_not_paced() -> None:
    found = instances.simulate(1, 10)
    assert (found.throttled, found.undetermined) == (0, 0)
    assert max(found.took) < 2 * instances.ROUND_TRIP[1] + 0.3


@pytest.mark.unmeasured
def test_the_limit_is_used_even_if_graph_does_not_report_usage() -> None:
    found = instances.simulate(10, 25, warns=False)
    assert found.used_share(10, 25) >= 0.8
    assert found.throttled_share < 0.05
    assert found.undetermined == 0


async def pace(limit: RateLimit, seconds: float, reply: Reply) -> int:
    """How many reads have a turn in this time, if all have this reply."""
    count = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                await limit.turn("user")
                await asyncio.sleep(0.001)
                limit.note("user", reply)
                count += 1
    except TimeoutError:
        return count


def test_nothing_is_paced_until_graph_says_so() -> None:
    async def check() -> None:
        limit = RateLimit()
        assert await pace(limit, 5, used(0.79)) > 4_000
        assert limit.rate == math.inf
        limit.note("user", used(0.85))
        assert limit.rate < math.inf

    virtual_time.run(check())


@pytest.mark.parametrize(("part", "share"), [(0.85, 0.75), (0.9, 0.5), (0.95, 0.25), (1.0, 0.03), (1.8, 0.03)])
def test_the_rate_is_what_is_left_of_the_last_fifth(part: float, share: float) -> None:
    async def check() -> None:
        limit = RateLimit()
        limit.note("user", used(0.81))
        limit.ceiling = 100.0
        limit.note("user", used(part))
        assert limit.rate == pytest.approx(share * 100)
        await asyncio.sleep(2.1)
        assert limit.rate == 100, "what Graph said two seconds ago holds no more"

    virtual_time.run(check())


def test_reads_are_sent_at_the_rate() -> None:
    async def check() -> None:
        limit = RateLimit()
        limit.note("user", used(0.81))
        limit.ceiling = 20.0
        assert 18 <= await pace(limit, 1, OK) <= 26

    virtual_time.run(check())


def test_a_read_that_costs_more_takes_more() -> None:
    async def check() -> None:
        limit = RateLimit()
        limit.note("user", used(0.81))
        limit.ceiling = 20.0
        assert 5 <= await pace(limit, 1, Reply(200, {}, units=4)) <= 8

    virtual_time.run(check())


def test_a_429_lowers_the_ceiling_once_a_second() -> None:
    async def check() -> None:
        limit = RateLimit()
        await pace(limit, 2, OK)
        limit.note("user", THROTTLED)
        first = limit.ceiling
        assert rate_limit.LOWEST < first < 300
        for _ in range(5):
            limit.note("user", THROTTLED)
        assert limit.ceiling == first
        for _ in range(30):
            await asyncio.sleep(1)
            limit.note("user", THROTTLED)
        assert limit.ceiling == rate_limit.LOWEST

    virtual_time.run(check())


def test_the_ceiling_rises_while_there_is_room_and_reads_wait() -> None:
    async def check() -> None:
        limit = RateLimit()
        await pace(limit, 2, OK)
        limit.note("user", THROTTLED)
        limit.ceiling = lowest = 10.0
        await pace(limit, 10, OK)
        assert lowest + 4 < limit.ceiling < 3 * lowest
        calm = limit.ceiling
        for _ in range(10):
            await asyncio.sleep(1)
            limit.note("user", OK)
        assert limit.ceiling <= calm + 3, "nothing waited, so nothing shows that more would do"

    virtual_time.run(check())


def test_a_single_429_does_not_stop_an_instance_that_had_nothing_to_do() -> None:
    async def check() -> None:
        limit = RateLimit()
        limit.note("user", THROTTLED)
        assert limit.rate == rate_limit.LOWEST_FIRST

    virtual_time.run(check())


def test_the_ceiling_is_forgotten_after_a_minute_without_a_word() -> None:
    async def check() -> None:
        limit = RateLimit()
        limit.note("user", THROTTLED)
        await asyncio.sleep(rate_limit.FORGET_SECONDS - 1)
        limit.note("user", OK)
        assert limit.ceiling < math.inf
        await asyncio.sleep(2)
        limit.note("user", OK)
        assert limit.ceiling == math.inf

    virtual_time.run(check())


def test_a_read_that_nobody_waits_for_any_more_takes_no_turn() -> None:
    async def check() -> None:
        limit = RateLimit()
        limit.note("user", THROTTLED)
        limit.ceiling = 1.0
        begun = asyncio.get_running_loop().time()
        waiting = [asyncio.create_task(limit.turn("user")) for _ in range(10)]
        await asyncio.sleep(0)
        for task in waiting[:-1]:
            task.cancel()
        await waiting[-1]
        assert asyncio.get_running_loop().time() - begun < 12

    virtual_time.run(check())


def test_a_read_without_an_answer_does_not_change_the_rate() -> None:
    async def check() -> None:
        limit = RateLimit()
        limit.note("user", used(0.9))
        rate = limit.rate
        limit.note("user", Reply(reason=Reason.TIMEOUT))
        assert limit.rate == rate

    virtual_time.run(check())
