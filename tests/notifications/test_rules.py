"""When a channel is notified of what: each rule on rows alone, without a clock."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.factories import OTHER_TENANT_ID, TENANT_ID
from tests.notifications.samples import MINUTE, NOW, channel, incident, row
from triage.notifications.notice import Numbers
from triage.notifications.pending import SECOND, LastSent, Pending, incident_occasion, pending
from triage.notifications.rules import (
    DELAYS,
    LONGEST,
    ChannelState,
    Outcome,
    Plan,
    Result,
    after_failure,
    after_success,
    is_over,
    plan,
    tried,
)
from triage.settings import Channel, NotificationEvent
from triage.wire import from_epoch_ns

SLACK, PAGERDUTY = channel(), channel("pagerduty")
ID = incident()["id"]
AWAY = Outcome(Result.AGAIN, "HTTP 503", 503)


def decide(*rows: Pending, last_sent: LastSent | None = None, to: Channel = SLACK, now: int = NOW, **more: Any) -> Plan:
    state = more.pop("state", ChannelState())
    return plan(to, rows, {ID: last_sent} if last_sent else {}, state, now, **more)


def events(found: Plan) -> list[str]:
    return [message.lead.event.value for message in found.messages]


def sent_before(minutes_ago: float, *, open: bool = True, alert: str | None = None) -> LastSent:
    return LastSent(NOW - int(minutes_ago * MINUTE), open, Numbers(), "critical", alert)


def test_an_opening_is_sent_when_it_is_a_minute_old() -> None:
    young = row("opened", at=NOW - 59 * SECOND)
    assert decide(young) == Plan()
    assert events(decide(young, now=NOW + SECOND)) == ["incident.opened"]


def test_a_reopening_is_sent_when_it_is_a_minute_old_however_long_ago_the_end_was_sent() -> None:
    young, over = row("reopened", 3, NOW - 59 * SECOND), sent_before(60, open=False)
    assert decide(young, last_sent=over) == Plan()
    assert events(decide(young, last_sent=over, now=NOW + SECOND)) == ["incident.reopened"]


@pytest.mark.parametrize(("what", "number", "known"), [("opened", 1, False), ("reopened", 3, True)])
def test_what_resolved_within_the_minute_is_never_sent(what: str, number: int, known: bool) -> None:
    rows = row(what, number, NOW - 50 * SECOND), row("resolved", number + 1, NOW - 20 * SECOND)
    before = sent_before(60, open=False) if known else None
    assert decide(*rows, last_sent=before).drop == list(rows)
    assert decide(*rows, last_sent=before, now=NOW + MINUTE).drop == list(rows)


def test_a_reopening_counts_as_an_opening_if_nothing_was_sent_before() -> None:
    found = decide(row("opened", 1), row("resolved", 2), row("reopened", 3))
    assert events(found) == ["incident.reopened"]
    assert len(found.messages[0].others) == 2


def test_what_happened_since_is_part_of_the_opening() -> None:
    found = decide(row("opened", 1), row("worsened", 2, NOW))
    assert events(found) == ["incident.opened"]
    assert [one.number for one in found.messages[0].rows] == [1, 2]


@pytest.mark.parametrize("what", ["worsened", "resolved", "suppressed", "reopened"])
def test_an_incident_is_sent_at_most_once_in_15_minutes(what: str) -> None:
    assert decide(row(what, 2), last_sent=sent_before(14.9)) == Plan()
    assert events(decide(row(what, 2), last_sent=sent_before(15))) == [f"incident.{what}"]


def test_the_newest_event_replaces_those_before_it() -> None:
    rows = [row("worsened", 2), row("worsened", 3), row("resolved", 4)]
    found = decide(*rows, last_sent=sent_before(20))
    assert events(found) == ["incident.resolved"]
    assert sorted(one.number for one in found.messages[0].rows) == [2, 3, 4]


def test_an_end_goes_to_those_that_got_the_opening() -> None:
    for what in ("resolved", "suppressed"):
        assert events(decide(row(what, 2, severity="info"), last_sent=sent_before(20), to=SLACK)) == [
            f"incident.{what}"
        ]
        assert decide(row(what, 2)).drop, "nobody was notified"
        assert decide(row(what, 2), last_sent=sent_before(20, open=False)).drop, "its end was sent already"


def test_who_may_have_got_the_opening_gets_the_end() -> None:
    for to in (SLACK, PAGERDUTY):
        opened, end = replace(row("opened", to=to), unsure=True), row("resolved", 2, to=to)
        found = decide(opened, end, to=to)
        assert (events(found), found.messages[0].others) == (["incident.resolved"], (opened,))


def test_what_may_have_been_taken_is_sent_again_alone() -> None:
    opened, worse = replace(row("opened"), unsure=True), row("worsened", 2)
    found = decide(opened, worse)
    assert (events(found), found.messages[0].rows, found.drop) == (["incident.opened"], (opened,), [])
    assert tried(row("opened"), replace(AWAY, unsure=True), NOW).unsure
    assert tried(opened, AWAY, NOW).unsure, "the first try may have been taken"
    assert not tried(row("opened"), AWAY, NOW).unsure


def test_the_end_of_a_suppression_is_sent_if_it_is_severe_enough() -> None:
    high = channel(min_severity="high")
    for severity, last_sent in (("critical", None), ("low", sent_before(20))):
        assert events(decide(row("suppressed", 2, ended=True, severity=severity), last_sent=last_sent, to=high))
    assert decide(row("suppressed", 2, ended=True, severity="low"), to=high).drop


def test_an_open_app_incident_holds_back_what_it_may_have_caused() -> None:
    for scope, other in (("mailbox", "message"), ("evidence", "domain")):
        held = row("opened", scope=scope)
        assert decide(held, app_open={TENANT_ID}) == Plan(), "it waits"
        assert events(decide(held, app_open={OTHER_TENANT_ID})) == events(decide(held)) == ["incident.opened"]
        assert events(decide(row("opened", scope=other), app_open={TENANT_ID})) == ["incident.opened"]
        end = row("resolved", 2, scope=scope)
        assert events(decide(end, last_sent=sent_before(20), app_open={TENANT_ID})) == ["incident.resolved"]


def test_an_alert_is_resolved_only_if_one_is_open() -> None:
    end = row("resolved", 2, to=PAGERDUTY)
    assert events(decide(end, last_sent=sent_before(20, alert=f"{ID}:0"), to=PAGERDUTY)) == ["incident.resolved"]
    assert decide(end, last_sent=sent_before(20), to=PAGERDUTY).drop == [end], (
        "it was part of a storm, or a suppression resolved it"
    )


def several(number: int, to: Channel = SLACK, what: str = "opened") -> list[Pending]:
    return [row(what, 2, to=to, identifier=f"{index:032x}") for index in range(number)]


def test_more_than_twenty_messages_in_five_minutes_are_one() -> None:
    assert len(decide(*several(20)).messages) == 20
    found = decide(*several(21))
    assert (len(found.messages), len(found.storm)) == (0, 21)
    state = ChannelState(sent=(NOW - 6 * MINUTE, *(NOW - MINUTE for _ in range(15))))
    assert len(decide(*several(5), state=state).messages) == 5
    assert len(decide(*several(6), state=state).storm) == 6


def test_during_a_storm_the_rest_waits_for_five_minutes() -> None:
    for before in (0, 20):
        state = after_success(ChannelState(sent=(NOW - 2,) * before), NOW - 1, storm=True)
        assert decide(*several(3), state=state) == decide(*several(30), state=state) == Plan()
    later = decide(*several(3), state=state, now=NOW + 5 * MINUTE)
    assert (len(later.messages), later.storm) == (3, []), "three are no storm"
    assert len(decide(*several(30), state=state, now=NOW + 5 * MINUTE).storm) == 30


def test_the_end_of_an_alert_is_no_part_of_a_storm() -> None:
    ends = several(30, PAGERDUTY, "resolved")
    last_sent = {one.subject_id: sent_before(20, alert="x:0") for one in ends}
    found = plan(PAGERDUTY, ends, last_sent, ChannelState(), NOW)
    assert (len(found.messages), found.storm) == (30, [])


def test_what_is_not_about_an_incident_is_sent_once_each() -> None:
    rows = [
        replace(row("opened", index), event=NotificationEvent.AUDIT_CHANGED, id=f"audit:{index}", due=NOW)
        for index in (1, 2)
    ]
    assert events(decide(*rows)) == ["audit.changed", "audit.changed"]
    assert decide(*rows, now=NOW - 1) == Plan()


def test_tries_go_on_for_a_day_with_growing_delays() -> None:
    first = one = row("opened")
    now, times = NOW, [NOW]
    while True:
        one = tried(one, AWAY, now)
        now = one.next_try
        if decide(one, now=now).expired:
            break
        assert decide(one, now=now - 1) == Plan()
        assert events(decide(one, now=now)) == ["incident.opened"]
        times.append(now)
    assert now - NOW == LONGEST
    gaps = [(after - before) // SECOND for before, after in pairwise(times)]
    assert len(gaps) == len(DELAYS)
    assert all(delay <= gap <= delay * 1.015 for gap, delay in zip(gaps, DELAYS, strict=True))
    assert (one.attempts, one.last_error, first.attempts) == (8, "HTTP 503", 0)


def test_retry_after_is_kept_within_reason() -> None:
    for seconds, expected in ((90, 90), (999_999, 3600), (1, 5)):
        outcome = replace(AWAY, status=429, retry_after=seconds)
        assert (tried(row("opened"), outcome, NOW).next_try - NOW) // SECOND == expected
    state = after_failure(ChannelState(), replace(AWAY, retry_after=200), NOW)
    assert state.not_before == NOW + 200 * SECOND


def test_a_channel_that_fails_is_left_alone_and_longer_each_time() -> None:
    state, waits = ChannelState(), []
    for _ in range(6):
        state = after_failure(state, AWAY, NOW)
        waits.append((state.not_before - NOW) // SECOND)
    assert waits == [15, 60, 120, 300, 300, 300]
    assert (state.failures, state.failing_since, state.last_error) == (6, NOW, "HTTP 503")
    assert decide(row("opened"), state=state) == Plan()
    assert events(decide(row("opened"), state=state, now=state.not_before)) == ["incident.opened"]
    assert after_success(state, NOW) == ChannelState(sent=(NOW,))
    assert after_success(state, NOW, quiet=True) == ChannelState(), "the end of an alert shows as well that it works"


def test_what_waited_a_day_for_a_channel_that_is_away_has_failed() -> None:
    state = ChannelState(failures=99, failing_since=NOW - LONGEST, not_before=NOW + MINUTE)
    old, new = row("opened", at=NOW - 2 * LONGEST), row("opened", at=NOW - LONGEST // 2)
    assert decide(old, state=state).expired == [old]
    assert decide(new, state=state) == Plan()
    assert decide(old, state=replace(state, failing_since=NOW - 1)) == Plan(), "it was held back before"


def test_what_has_been_tried_comes_after_what_has_not() -> None:
    old = replace(row("opened", at=NOW - 60 * MINUTE), attempts=2, first_tried=NOW - MINUTE, next_try=NOW)
    new = row("opened", identifier="1" * 32)
    assert [message.lead.attempts for message in decide(old, new).messages] == [0, 2]


def test_an_incident_that_is_over_by_now_is_not_sent() -> None:
    opened, resolved = row("opened"), row("resolved", 2)
    for state, over in (("open", False), ("acknowledged", False), ("resolved", True), ("suppressed", True)):
        assert is_over(opened, incident(state=state)) is over
        assert not is_over(resolved, incident(state=state))
    assert not is_over(opened, None)


@pytest.mark.parametrize(("filters", "wanted"), [
    ({}, True), ({"events": ["incident.opened"]}, True), ({"events": ["incident.resolved"]}, False),
    ({"minSeverity": "high"}, True), ({"minSeverity": "critical"}, False),
    ({"tenantIds": [TENANT_ID]}, True), ({"tenantIds": [OTHER_TENANT_ID]}, False),
])  # fmt: skip
def test_a_channel_gets_what_its_filters_let_through(filters: dict[str, Any], wanted: bool) -> None:
    occasion = incident_occasion(NotificationEvent.INCIDENT_OPENED, incident(severity="high"), 1, from_epoch_ns(NOW))
    assert bool(pending([channel(**filters)], occasion)) is wanted


def test_pagerduty_gets_alerts_and_their_ends() -> None:
    only = channel("pagerduty", events=["incident.opened"])
    wanted = [
        event.value for event in NotificationEvent
        if pending([only], incident_occasion(event, incident(), 1, from_epoch_ns(NOW)))
    ]  # fmt: skip
    assert wanted == ["incident.opened", "incident.resolved", "incident.suppressed"]
    assert not pending(
        [PAGERDUTY], incident_occasion(NotificationEvent.DIGEST_DAILY, incident(), 1, from_epoch_ns(NOW))
    )


def test_the_id_is_that_of_the_event_and_the_channel() -> None:
    one, again, other = row("opened"), row("opened"), row("opened", to=channel(name="other"))
    assert one.id == again.id != other.id
    assert one.id.startswith(f"{ID}:1:")
