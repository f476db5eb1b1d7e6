"""The smaller decisions of a feed: the budget, counts, searches for mailboxes, what is posted, and the state."""

from __future__ import annotations

from typing import Any

import pytest

from triage.feeds.actions import Action, ActionState
from triage.feeds.budget import MOST, may_ask
from triage.feeds.counts import counted
from triage.feeds.event import event_id, failure_of
from triage.feeds.hours import LedgerState
from triage.feeds.lanes import DAY, HOUR, LAG, MINUTE, Lane, LaneState
from triage.feeds.lookups import after_lookup, lookups
from triage.feeds.model import FeedState
from triage.feeds.status import NO_FILES, SPENT, Record, feed_of
from triage.wire import epoch_ns, from_epoch_ns

NOW = epoch_ns("2026-11-20T12:00:00Z")
TENANT = "11111111-1111-4111-8111-111111111111"


def action(**changes: Any) -> Action:
    fields = {"etd_id": "m", "mailbox": "a@b.example", "folder": "JunkEmail", "at": "2026-11-20T11:22:33.444Z",
              "lane": Lane.FAST, "seen_at": from_epoch_ns(NOW)}  # fmt: skip
    return Action(**{**fields, **changes})


@pytest.mark.parametrize(("used", "allowed"), [
    (0, set(Lane)), (2399, set(Lane)), (2400, set(Lane) - {Lane.WEEK}),
    (2700, {Lane.FAST, Lane.LEDGER}), (2999, {Lane.FAST, Lane.LEDGER}), (3000, set[Lane]()),
])  # fmt: skip
def test_what_can_wait_gives_way_first(used: int, allowed: set[Lane]) -> None:
    assert {lane for lane in Lane if may_ask(lane, {"fast": used}, 3000)} == allowed


@pytest.mark.parametrize(("lane", "other"), [(Lane.LOOKUP, Lane.CONFIRM), (Lane.CONFIRM, Lane.LOOKUP)])
def test_searches_for_one_message_have_limits_of_their_own(lane: Lane, other: Lane) -> None:
    assert may_ask(lane, {lane: MOST[lane] - 1, other: MOST[other]}, 3000)
    assert not may_ask(lane, {lane: MOST[lane]}, 3000)


@pytest.mark.parametrize(("before", "after", "expected"), [
    (None, action(), {"candidates": 1}),
    (None, action(state=ActionState.RELEASED), {}),
    (None, action(state=ActionState.NOT_VERIFIED), {"candidates": 1, "notVerified": 1}),
    (action(), action(), {}),
    (action(), action(state=ActionState.DONE), {"verified": 1}),
    (action(), action(state=ActionState.POSTED), {"failuresFound": 1}),
    (action(), action(state=ActionState.NOT_FOUND), {"notFound": 1}),
    (action(), action(state=ActionState.NOT_VERIFIED), {"notVerified": 1}),
    (action(state=ActionState.DONE), action(state=ActionState.DONE, subject="s"), {}),
    (action(), action(folder="trash"), {"candidates": 1}),
    (action(state=ActionState.POSTED), action(seen_at=from_epoch_ns(NOW + HOUR)), {"candidates": 1}),
    (None, action(mailbox=""), {}),
    (action(mailbox=""), action(mailbox="", state=ActionState.NOT_VERIFIED), {"mailboxesUnknown": 1}),
    (action(mailbox="", state=ActionState.NOT_VERIFIED), action(mailbox="", state=ActionState.NOT_VERIFIED), {}),
    (action(mailbox=""), None, {}),
])  # fmt: skip
def test_each_change_is_counted_once(before: Action | None, after: Action | None, expected: dict[str, int]) -> None:
    assert dict(counted(before, after)) == expected


def test_a_failure_goes_by_the_minute_of_its_action() -> None:
    one = action(words={"action": {"folder": "JunkEmail"}}, initiator="automatic", kind="move", exact=False)
    assert event_id(TENANT, one) == f"{TENANT}/m/a@b.example/junk/2026-11-20T11:22Z"
    assert event_id(TENANT, one) == event_id(TENANT, action(at="2026-11-20T11:22:59Z", folder="junk"))
    failure = failure_of(TENANT, one)
    assert (failure.source, failure.error, failure.folder, failure.target_folder) == (
        "etd-poller",
        None,
        "junk",
        "junk",
    )
    assert failure.raw == {"action": {"folder": "JunkEmail"}, "foundBy": "fast", "timeOf": "message"}


def test_one_search_serves_several_messages() -> None:
    near = action(mailbox="", etd_id="a", at=from_epoch_ns(NOW - 2 * DAY), verdict="bec")
    beside = action(mailbox="", etd_id="b", at=from_epoch_ns(NOW - 2 * DAY + HOUR))
    far = action(mailbox="", etd_id="c", at=from_epoch_ns(NOW - 6 * DAY))
    again = action(mailbox="", etd_id="d", at=from_epoch_ns(NOW - 2 * DAY), looks=1)
    first, second, third = lookups([near, again, far, beside], NOW)
    assert (first.etd_ids, second.etd_ids, third.etd_ids) == (("c",), ("a", "b"), ("d",))
    assert (second.piece.start, second.piece.end) == (NOW - 3 * DAY, NOW - 2 * DAY + HOUR + 5 * MINUTE)
    assert second.verdicts == {"bec"}
    assert (third.piece.start, third.piece.end) == (NOW - 10 * DAY, NOW - 3 * DAY)
    assert lookups([action(mailbox="", at=from_epoch_ns(NOW + 2 * DAY))], NOW) == []


def test_after_two_searches_nobody_knows_the_mailboxes() -> None:
    once = after_lookup(action(mailbox=""))
    assert (once.state, once.looks) == (ActionState.WAITING, 1)
    assert after_lookup(once).state is ActionState.NOT_VERIFIED


def lane(age: int, **changes: Any) -> LaneState:
    at = from_epoch_ns(NOW - age)
    return LaneState(**{"cursor": from_epoch_ns(NOW - LAG - age), "last_success_at": at, **changes})


FAILED = {"last_error": "e", "last_error_at": from_epoch_ns(NOW)}


@pytest.mark.parametrize(("record", "state"), [
    (Record(), FeedState.OK),
    (Record({Lane.FAST: lane(10 * MINUTE), Lane.DAY: lane(HOUR), Lane.WEEK: lane(DAY)}), FeedState.OK),
    (Record({Lane.FAST: lane(HOUR)}), FeedState.BEHIND),
    (Record({Lane.FAST: lane(0), Lane.DAY: lane(2 * HOUR)}), FeedState.BEHIND),
    (Record({Lane.FAST: lane(0), Lane.WEEK: lane(DAY + HOUR)}), FeedState.BEHIND),
    (Record({Lane.FAST: lane(10 * MINUTE, **FAILED)}), FeedState.OK),
    (Record({Lane.FAST: lane(30 * MINUTE, **FAILED)}), FeedState.FAILING),
    (Record({Lane.FAST: lane(0, fatal=True, **FAILED)}), FeedState.FAILING),
    (Record({Lane.FAST: LaneState(**FAILED)}), FeedState.FAILING),
    (Record(ledger=LedgerState(fatal=True, **FAILED)), FeedState.BEHIND),
    (Record(due=NOW - HOUR), FeedState.BEHIND),
    (Record(due=NOW - 59 * MINUTE), FeedState.OK),
    (Record(used=100), FeedState.BEHIND),
])  # fmt: skip
def test_the_state_of_a_feed(record: Record, state: FeedState) -> None:
    assert feed_of(TENANT, 100, record, NOW).state is state


def test_what_a_person_is_told() -> None:
    assert feed_of(TENANT, 100, Record(used=100), NOW).last_error == SPENT
    for days, text in ((30, "end in 30 days."), (1, "end in 1 day."), (0, "have ended."), (-3, "have ended.")):
        assert text in (feed_of(TENANT, 100, Record(), NOW, days).last_error or "")
    assert feed_of(TENANT, 100, Record(), NOW).last_error is None
    quiet = LedgerState(first=from_epoch_ns(NOW - 2 * DAY), settled_until=from_epoch_ns(NOW - HOUR))
    [gap] = feed_of(TENANT, 100, Record(ledger=quiet), NOW).gaps
    assert (gap.begin, gap.why) == (quiet.first, NO_FILES)
    heard = quiet.model_copy(update={"last_file_at": from_epoch_ns(NOW - 20 * HOUR)})
    assert feed_of(TENANT, 100, Record(ledger=heard), NOW).gaps == []
