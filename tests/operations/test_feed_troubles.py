"""What goes wrong around the poller: ETD, Graph, clocks, time that is too short, and quotas."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

import sandbox.etd.log_export as simulated_export
from sandbox.azurite import Azurite
from tests.operations.feeding import HYBRID, MORNING, OK, STUCK, Feeding, feeding
from triage.diagnosis.causes import Cause
from triage.etd import client as etd_client
from triage.etd.pace import Pace
from triage.feeds import hours
from triage.feeds.lanes import DAY, HOUR, Lane
from triage.feeds.model import FeedState
from triage.intake.queued_failures import finding_id
from triage.intake.scenario import Scenario
from triage.operations import feed_ledger, feed_looks, feed_poll, feed_search, feed_session, measures
from triage.operations.deliveries import QueueMessage, handle
from triage.operations.health import check_health

QUARANTINED = {"mailboxes": [OK, STUCK], "action": "quarantine"}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etd_client, "_WAITS", (0.0, 0.0, 0.0))


async def health_of(feed: Feeding) -> dict[str, Any]:
    return (await check_health(feed.services))["checks"]["feeds"]


async def one_given_back(feed: Feeding) -> Any:
    """Two messages are convicted; an analyst gives the first one back. Returns the other one."""
    given, other = await feed.etd.convict([
        {"mailboxes": [OK], "action": "quarantine"}, {"mailboxes": [STUCK], "action": "quarantine"},
    ])  # fmt: skip
    await feed.etd.advance(minutes=8)
    await feed.poll()
    await feed.etd.judge(given.id, {"action": "inbox", "verdict": "neutral", "by": "manual"})
    return other


def found_once(feed: Feeding) -> bool:
    return len(feed.failed()) > 0 and feed.pairs == dict.fromkeys(feed.failed(), 1)


async def test_a_failure_is_triaged_like_any_other(storage: Azurite) -> None:
    async with feeding(storage) as feed:
        await feed.etd.convict([{"mailboxes": [STUCK], "action": "quarantine"}])
        await feed.run(60, every=20)
        [failure] = feed.posted
        for attempt in (1, 2):
            await handle(feed.services, QueueMessage(feed.texts[-1], "m", failure.occurred_at or "", attempt))
        finding = await feed.services.findings.get(finding_id(feed.services.settings, failure))
        assert finding is not None
        assert (finding.scenario, finding.cause, finding.exposed) == (
            Scenario.UNCLASSIFIED,
            Cause.MESSAGE_PRESENT,
            True,
        )
        assert (finding.failure, finding.occurred_at, finding.deliveries) == (failure, failure.occurred_at, 1)
        assert failure.raw["timeOf"] == "action"


async def test_search_alone_or_log_export_alone_find_a_failure(storage: Azurite) -> None:
    for path in ("/messages/search", "/logs/downloadLinks", "/store/"):
        async with feeding(storage) as feed:
            feed.etd.faults.add([{"path": path, "status": 503}])
            await feed.etd.convict([QUARANTINED])
            await feed.run(3 * 60, every=45)
            assert found_once(feed), path
            state = await feed.state()
            assert state.state is (FeedState.FAILING if path == "/messages/search" else FeedState.BEHIND), path
            assert "503" in (state.last_error or "")
            if path == "/store/":
                for _ in range(hours.MOST_TRIES):
                    await feed.poll()
                feed.etd.faults.rules.clear()
                await feed.run(60, every=30)
                state = await feed.state()
                assert (state.state, state.last_error, state.gaps) == (FeedState.OK, None, []), "no file is given up"


async def test_files_with_refused_links_are_reported_until_given_up(storage: Azurite) -> None:
    async with feeding(storage) as feed:
        feed.etd.faults.add([{"path": "/store/", "status": 403}])
        await feed.etd.convict([QUARANTINED])
        await feed.run(3 * 60, every=60)
        state = await feed.state()
        assert (state.state, "HTTP 403" in (state.last_error or "")) == (FeedState.BEHIND, True)
        await feed.run(5 * 60, every=60)
        assert {gap.why for gap in (await feed.state()).gaps} == {feed_ledger.NOT_READ}
        assert found_once(feed)


async def test_a_day_of_downtime_is_caught_up(storage: Azurite) -> None:
    async with feeding(storage, {"updateHasMailboxes": False}) as feed:
        await feed.run(20, every=20)
        await feed.etd.convict([
            {**QUARANTINED, "receivedAt": f"+{hour}h", "verdictAt": f"+{hour + late}h"}
            for hour, late in ((1, 0), (5, 3), (12, 9), (20, 2))
        ])  # fmt: skip
        await feed.etd.advance(hours=26)
        await feed.restart()
        await feed.run(120, every=30)
        assert len(feed.failed()) == 4
        assert found_once(feed)
        state = await feed.state()
        assert (state.state, state.gaps) == (FeedState.OK, [])
        assert state.lanes.log_export.settled_until >= "2026-11-21T08:00:00Z"


async def test_a_time_without_log_export_stays_a_gap(storage: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_ledger, "SILENT", 4 * HOUR)
    async with feeding(storage, {"logExport": False}) as feed:
        await feed.run(3 * 60, every=60)
        feed.etd.switches.change({"logExport": True})
        await feed.etd.convict([{**QUARANTINED, "receivedAt": f"+{minutes}m"} for minutes in (10, 170)])
        await feed.run(5 * 60, every=60)
        assert [(gap.begin, gap.end, gap.why) for gap in (await feed.state()).gaps] == [
            ("2026-11-20T06:00:00Z", "2026-11-20T11:00:00Z", feed_ledger.WAS_SILENT)
        ]
        assert found_once(feed)


async def test_after_two_months_what_is_lost_is_reported(storage: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_ledger, "HISTORY", 2 * DAY)
    async with feeding(storage) as feed:
        await feed.run(20, every=20)
        await feed.etd.convict([{**QUARANTINED, "receivedAt": "+10d"}])
        await feed.etd.advance(days=60)
        await feed.run(60, every=30)
        assert found_once(feed), "Message Search still has it"
        [gap] = [gap for gap in (await feed.state()).gaps if gap.why == feed_ledger.TOO_OLD]
        assert gap.end > gap.begin


@pytest.mark.parametrize("jump", [timedelta(hours=-3), timedelta(days=2)])
async def test_a_clock_that_is_wrong_for_a_while_loses_nothing(storage: Azurite, jump: timedelta) -> None:
    async with feeding(storage) as feed:
        right = feed.services.clock
        await feed.run(20, every=20)
        await feed.etd.convict([QUARANTINED])
        feed.services.clock = lambda: right() + int(jump.total_seconds()) * 1_000_000_000
        feed.services.feed(feed.tenant_id).clock = feed.services.clock
        await feed.run(40, every=20)
        await feed.restart()
        await feed.etd.convict([{"mailboxes": [HYBRID], "action": "trash"}])
        await feed.run(120, every=30)
        assert found_once(feed)
        assert (await feed.state()).state is FeedState.OK


async def test_requests_that_are_throttled_or_cut_are_made_again(storage: Azurite) -> None:
    async with feeding(storage) as feed:
        feed.etd.faults.add([
            {"path": "/messages/search", "status": 429, "times": 2}, {"path": "/messages/search", "cut": True, "times": 1},
            {"path": "/oauth/token", "drop": True, "times": 1}, {"path": "/downloadLinks", "malformed": True, "times": 1},
            {"path": "/store/", "cut": True, "times": 1}, {"path": "/messages/search", "status": 401, "times": 1, "after": 3},
        ])  # fmt: skip
        await feed.etd.convict([QUARANTINED])
        await feed.run(3 * 60, every=30)
        assert found_once(feed)
        assert (await feed.state()).last_error is None


@pytest.mark.parametrize("survives", [True, False])
async def test_a_token_that_ends_between_two_pages(
    storage: Azurite, survives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etd_client, "PAGE_SIZE", 1)
    async with feeding(storage, {"logExport": False, "pageTokenSurvives": survives}) as feed:
        feed.etd.faults.add([{"path": "/messages/search", "status": 401, "times": 1, "after": 2}])
        await feed.etd.convict([{**QUARANTINED, "mailboxes": [STUCK]} for _ in range(4)])
        await feed.etd.advance(minutes=10)
        await feed.poll()
        assert ((await feed.state()).last_error, (await feed.state()).candidates) == (None, 4)
        assert feed.etd.statistics()["requests"].get("/v1/messages/search 400", 0) == (0 if survives else 1)


async def test_credentials_that_expired_are_listed(storage: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: dict[str, float] = {}
    monkeypatch.setattr(measures, "record", lambda metric, value, **_: measured.update({metric: value}))
    async with feeding(storage) as feed:
        await feed.run(20, every=20)
        assert await health_of(feed) == {"status": "ok", "feeds": 1, "behind": 0, "failing": 0}
        await measures.measure(feed.services)
        assert measured["triage.feeds.age"] == 0
        measured.clear()
    async with feeding(storage, api={"clientSecret": "another-secret"}) as feed:
        await feed.run(20, every=20)
        state = await feed.state()
        assert await health_of(feed) == {"status": "degraded", "feeds": 1, "behind": 0, "failing": 1}
        await measures.measure(feed.services)
        assert (measured["triage.feeds.requests"], measured["triage.feeds.behind"]) == (state.requests_today, 0)
        assert "triage.feeds.age" not in measured, "it has never succeeded"
        assert state.state is FeedState.FAILING
        assert "client ID" in (state.last_error or "")
        assert "another-secret" not in (state.last_error or "")


async def test_the_share_of_the_quota_is_kept(storage: Azurite) -> None:
    async with feeding(storage, api={"requestsPerDay": 40}) as feed:
        await feed.etd.convict([QUARANTINED, {"mailboxes": [HYBRID], "action": "trash", "receivedAt": "-3d"}])
        await feed.run(15 * 60, every=60)
        [used] = feed.etd.statistics()["today"].values()
        assert used == 40
        assert (await feed.state()).state is FeedState.BEHIND
        await feed.run(120, every=40)
        assert MORNING.day < feed.etd.clock.now().day
        assert found_once(feed)


async def test_polls_too_short_for_a_window_still_make_progress(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etd_client, "PAGE_SIZE", 1)
    async with feeding(storage, {"logExport": False}) as feed:
        mails = [
            {**QUARANTINED, "mailboxes": [STUCK], "receivedAt": f"-{20 + 2 * n}m", "actionAt": "+0m"} for n in range(6)
        ]
        await feed.etd.convict(mails)
        ticks = count()  # each look at the clock is a second
        for module in (feed_poll, feed_search):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
        await feed.poll(8)
        state = await feed.services.feed(feed.tenant_id).rows.lane(Lane.FAST)
        assert (state.cursor, state.reading) == (None, True)
        assert state.piece is not None
        for _ in range(15):
            await feed.etd.advance(minutes=5)
            await feed.poll(8)
            await feed.look()
        await feed.collect()
        assert found_once(feed)


async def test_a_window_that_says_it_is_too_long_is_not_begun(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etd_client, "PAGE_SIZE", 1)
    monkeypatch.setattr(Pace, "turn", at_once)
    async with feeding(storage, {"logExport": False}, {"requestsPerSecond": 0.15}) as feed:
        mails = [
            {**QUARANTINED, "mailboxes": [STUCK], "receivedAt": f"-{60 + 8 * n}h", "actionAt": "+0m"} for n in range(15)
        ]
        await feed.etd.convict(mails)
        await feed.etd.advance(minutes=10)
        await feed.poll(35)  # three pages take 30 seconds of the part of a poll
        state = await feed.services.feed(feed.tenant_id).rows.lane(Lane.WEEK)
        assert (state.reading, state.cursor) == (False, "2026-11-20T08:04:00Z")
        requests = feed.etd.statistics()["requests"]["/v1/messages/search"]
        assert 2 + 15 < requests < 2 + 15 + 8, "the other lanes, each message, and pieces that would have been too long"
        await feed.etd.advance(minutes=20)
        await feed.run(40, every=20)
        assert found_once(feed)


async def at_once(_: Pace) -> None:
    """A pace that waits for nobody."""


async def test_one_poller_at_a_time_and_looks_beside_it(storage: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    turn, rates = Pace.turn, defaultdict[str, set[float]](set)

    async def noted(pace: Pace) -> None:
        rates[feed_session._ASKING.get()[0]].add(round(pace.per_second))
        await turn(pace)

    monkeypatch.setattr(Pace, "turn", noted)
    async with feeding(storage, api={"requestsPerSecond": 90}) as feed:
        other = feed.start()
        await feed.etd.convict([QUARANTINED, {"mailboxes": [HYBRID, OK], "action": "trash"}])
        for _ in range(8):
            await feed.etd.advance(minutes=10)
            mine, feed.services = feed.services, other
            await asyncio.gather(feed.poll(), feed.look())
            other, feed.services = feed.services, mine
            await asyncio.gather(feed.poll(), feed.look(), feed.look())
        await feed.collect()
        await other.close()
        assert found_once(feed)
        assert (await feed.state()).candidates == 4
        assert {job: min(found) for job, found in rates.items()} == {"poll": 60, "looks": 30}, "90 on two instances"


async def test_what_cannot_be_read_is_counted_and_never_posted(storage: Azurite) -> None:
    async with feeding(storage) as feed:
        feed.tenant.simulator.faults.add([{"path": "mailFolders/inbox", "status": 403, "code": "ErrorAccessDenied"}])
        await feed.etd.convict([QUARANTINED])
        await feed.run(13 * 60, every=60)
        assert feed.posted == []
        state = await feed.state()
        assert (state.candidates, state.not_verified, state.failures_found) == (2, 2, 0)


async def test_a_release_is_not_posted_but_a_new_action_is(storage: Azurite) -> None:
    async with feeding(storage) as feed:
        released, again = await feed.etd.convict([
            {"mailboxes": [STUCK], "action": "quarantine", "actionAt": "+1m"}, {"mailboxes": [STUCK], "action": "quarantine"},
        ])  # fmt: skip
        await feed.etd.judge(released.id, {"action": "inbox", "at": "+2m"})
        await feed.run(60, every=20)
        assert feed.pairs == {(again.id, STUCK): 1}
        await feed.etd.judge(again.id, {"action": "trash", "by": "manual"})
        await feed.run(120, every=20)
        assert [one.folder for one in feed.posted if one.message_id == again.id] == ["quarantine", "trash"]
        assert len(feed.posted) == 2


async def test_an_action_not_confirmed_in_time_is_checked_again(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with feeding(storage, {"logExport": False}) as feed:
        other = await one_given_back(feed)
        await feed.etd.advance(minutes=10)
        assert await feed.look() == 2
        await feed.etd.advance(minutes=20)
        with monkeypatch.context() as patch:
            ticks = iter((0.0, 0.0, 30.0))  # the run begins, its looks begin, its time is up
            patch.setattr(feed_looks, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
            assert await feed.look() == 2
        assert await feed.collect() == []
        assert await feed.look() == 2
        await feed.collect()
        assert feed.pairs == {(other.id, STUCK): 1}


async def test_what_an_analyst_gave_back_before_the_looks_is_no_failure(storage: Azurite) -> None:
    """Message Search does not show it among the threats any more, and Log Export only an hour later."""
    async with feeding(storage) as feed:
        other = await one_given_back(feed)
        await feed.run(120, every=20)
        assert feed.pairs == {(other.id, STUCK): 1}


async def test_an_hour_with_more_files_than_are_listed_is_a_gap(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated_export, "MOST_LINKS", 3)
    for module in (hours, feed_ledger):
        monkeypatch.setattr(module, "MOST_LINKS", 3)
    for included in (True, False):
        async with feeding(storage, {"rowsPerFile": 1, "endHourIncluded": included}) as feed:
            mail = {**QUARANTINED, "receivedAt": "-9d"}
            await feed.etd.convict([{**mail, "actionAt": f"+{minutes}m"} for minutes in (1, 2, 3, 4, 70, 80)])
            await feed.run(5 * 60, every=60)
            state = await feed.state()
            assert [(gap.begin, gap.why) for gap in state.gaps] == [("2026-11-20T08:00:00Z", feed_ledger.TRUNCATED)]
            assert len(feed.pairs) == 5, "three of the four in the hour that was cut, and both of the next"


@pytest.mark.parametrize("retry_after", [True, False])
async def test_polling_resumes_after_others_used_up_the_etd_quota(storage: Azurite, retry_after: bool) -> None:
    switches = {
        "rateLimit": True, "requestsPerSecond": 1000.0, "burst": 1000, "requestsPerDay": 500,
        "retryAfter": retry_after, "searchEndMinutes": 5.5,
    }  # fmt: skip
    async with feeding(storage, switches) as feed:
        limiter = feed.etd.etd.business(feed.tenant_id).limiter
        limiter.day, limiter.today = MORNING.date(), 500
        await feed.etd.convict([QUARANTINED])
        await feed.run(60, every=20)
        state = await feed.state()
        assert (feed.posted, state.state) == ([], FeedState.FAILING)
        assert "ETD allows no more requests for now" in (state.last_error or "")
        await feed.etd.advance(hours=16)
        await feed.run(90, every=15)
        assert found_once(feed)
        assert (await feed.state()).state is FeedState.OK
