"""When a finding is open or resolved, for how long its message was in reach, and what its history says."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import MAILBOX, NO_MAILBOX, NOBODY, copy_in, folder, make_app, message_in
from tests.finding.test_merge import finding
from triage.finding import Finding, FindingState, Resolution, TimeInReach, brought_forward, merge
from triage.finding.state import MOST_CHANGES, reopened_by_hand, resolved_by_hand, with_state
from triage.graph.evidence import Reason
from triage.graph.models.directory import Recipient, User
from triage.graph.models.mail import MessageTrace
from triage.storage.stored import read_finding
from triage.wire import from_epoch_ns

OCCURRED = datetime(2026, 11, 20, 10, tzinfo=UTC)
TRASH = {"folder": "trash"}


def minute(number: int) -> str:
    """So many minutes after the failure."""
    return from_epoch_ns((int(OCCURRED.timestamp()) + number * 60) * 1_000_000_000)


def looked(one: Finding, number: int) -> Finding:
    """A look in this minute. It stands alone, as `make_finding` leaves it."""
    at = minute(number)
    message = one.message.model_copy(update={"looked_at": at if one.message.location.known else None})
    update = {"message": message, "triaged_at": at, "occurred_at": minute(0), "history": [], "in_reach_at": None}
    return with_state(one.model_copy(update=update), at)


def after(*looks: str) -> Finding:
    """The finding of these looks, one in every ten minutes. "by hand": a person resolves it."""
    first, *rest = looks
    merged = looked(FOUND[first], 10)
    for number, look in enumerate(rest, 2):
        if look == "by hand":
            merged = resolved_by_hand(merged, minute(number * 10))
        else:
            merged = merge(merged, looked(FOUND[look], number * 10), delivered=False)
    return merged


IN_REACH, UNREAD = finding(), finding(message=Reason.TIMEOUT)
NOWHERE = finding(message=[])
RECOVERABLE = finding(message=[], recoverable_items=[copy_in("recoverable")])
QUARANTINED = finding(**message_in("Q", also=[folder("Q", hidden=True)]))
DELETED = finding(**{**NOBODY, "deleted_user": User(id="u")})
GROUP = finding(**{**NOBODY, "group": Recipient(id="g")})
DISCONNECTED = finding(**NO_MAILBOX)
FOUND = {
    "in reach": IN_REACH,
    "unread": UNREAD,
    "nowhere": NOWHERE,
    "recoverable": RECOVERABLE,
    "quarantined": QUARANTINED,
    "deleted": DELETED,
    "group": GROUP,
    "disconnected": DISCONNECTED,
}


@pytest.mark.parametrize(("found", "resolution"), [
    (IN_REACH, None),
    (UNREAD, None),
    (NOWHERE, None),
    (DISCONNECTED, None),
    (finding(TRASH, **message_in("deleteditems")), "remediated"),
    (QUARANTINED, "remediated"),
    (finding({"folder": "delete"}, message=[], recoverable_items=[copy_in("recoverable")]), "remediated"),
    (RECOVERABLE, "out_of_reach"),
    (finding({"folder": "delete"}, message=[]), "out_of_reach"),
    (DELETED, "out_of_reach"),
    (GROUP, "nothing_to_do"),
    (finding(**{**NOBODY, "contact": Recipient(id="c")}), "nothing_to_do"),
    (finding(TRASH, app=make_app(permissions=[]), **message_in("deleteditems")), "remediated"),
    (finding(message=[], message_trace=[MessageTrace(recipient_address=MAILBOX, status="quarantined")]), "remediated"),
    (finding(message=[], message_trace=[MessageTrace(recipient_address=MAILBOX, status="failed")]), "out_of_reach"),
])  # fmt: skip
def test_what_a_first_look_resolves(found: Finding, resolution: str | None) -> None:
    assert found.resolution == resolution
    assert found.state == ("resolved" if resolution else "open")
    assert found.resolved_at == (found.triaged_at if resolution else None)


@pytest.mark.parametrize(("looks", "state", "resolution", "since"), [
    (["in reach", "quarantined"], "resolved", "remediated", 20),
    (["in reach", "recoverable", "recoverable"], "resolved", "out_of_reach", 20),
    (["in reach", "unread"], "open", None, None),
    (["in reach", "nowhere"], "open", None, None),
    (["quarantined", "unread"], "resolved", "remediated", 10),
    (["quarantined", "nowhere"], "resolved", "remediated", 10),
    (["quarantined", "in reach"], "open", None, None),
    (["quarantined", "in reach", "quarantined"], "resolved", "remediated", 30),
    (["group", "unread"], "resolved", "nothing_to_do", 10),
    (["group", "disconnected"], "open", None, None),
    (["unread", "group"], "resolved", "nothing_to_do", 20),
    (["deleted", "unread"], "resolved", "out_of_reach", 10),
    (["deleted", "disconnected"], "open", None, None),
    (["deleted", "nowhere"], "open", None, None),
    (["in reach", "deleted", "disconnected"], "open", None, None),
    (["quarantined", "deleted", "disconnected"], "resolved", "remediated", 10),
    (["recoverable", "deleted", "disconnected"], "resolved", "out_of_reach", 10),
    (["in reach", "by hand"], "resolved", "by_hand", 20),
    (["in reach", "by hand", "unread"], "resolved", "by_hand", 20),
    (["in reach", "by hand", "nowhere"], "resolved", "by_hand", 20),
    (["in reach", "by hand", "quarantined"], "resolved", "by_hand", 20),
    (["in reach", "by hand", "in reach"], "open", None, None),
    (["quarantined", "by hand"], "resolved", "remediated", 10),
])  # fmt: skip
def test_what_later_looks_resolve_and_open_again(
    looks: list[str], state: str, resolution: str | None, since: int | None
) -> None:
    merged = after(*looks)
    assert (merged.state, merged.resolution) == (state, resolution)
    assert merged.resolved_at == (None if since is None else minute(since))


def test_what_was_seen_before_a_person_resolved_it_does_not_open_it_again() -> None:
    settled = resolved_by_hand(looked(IN_REACH, 10), minute(30))
    assert merge(settled, looked(IN_REACH, 20), delivered=False).resolution is Resolution.BY_HAND
    assert merge(settled, looked(IN_REACH, 40), delivered=False).state is FindingState.OPEN


def test_a_person_does_not_resolve_what_was_seen_in_reach_since() -> None:
    seen = looked(IN_REACH, 20)
    assert resolved_by_hand(seen, minute(10)) is seen
    assert resolved_by_hand(seen, minute(20)).state is FindingState.RESOLVED


@pytest.mark.parametrize(("looks", "in_reach"), [
    (["in reach"], None),
    (["nowhere"], None),
    (["quarantined"], (0, 600)),
    (["in reach", "quarantined"], (600, 1200)),
    (["in reach", "in reach", "unread", "quarantined"], (1200, 2400)),
    (["in reach", "nowhere", "quarantined"], (600, 1800)),
    (["in reach", "quarantined", "quarantined", "unread", "nowhere"], (600, 1200)),
    (["in reach", "quarantined", "in reach"], None),
    (["in reach", "quarantined", "in reach", "in reach", "deleted"], (2400, 3000)),
    (["in reach", "by hand"], None),
])  # fmt: skip
def test_time_in_reach(looks: list[str], in_reach: tuple[int, int] | None) -> None:
    expected = None if in_reach is None else TimeInReach(at_least=in_reach[0], at_most=in_reach[1])
    assert after(*looks).time_in_reach == expected


def test_a_look_before_the_time_of_the_failure_took_no_time() -> None:
    early = looked(IN_REACH, -20)
    assert merge(early, looked(QUARANTINED, -10), delivered=False).time_in_reach == TimeInReach(at_least=0, at_most=0)


def test_an_account_that_is_there_again_lets_its_owner_open_the_message() -> None:
    merged = after("in reach", "deleted", "disconnected")
    assert (merged.exposed, merged.message.location, merged.time_in_reach) == (True, "inbox", None)
    assert after("deleted", "disconnected").exposed is None


def test_a_person_opens_again_what_was_resolved_by_hand() -> None:
    opened = reopened_by_hand(after("in reach", "by hand"), minute(30))
    assert (opened.state, opened.resolution, opened.resolved_at) == ("open", None, None)
    assert [one.state for one in opened.history] == ["open", "resolved", "open"]
    assert reopened_by_hand(QUARANTINED, minute(30)) is QUARANTINED


def test_the_history_has_the_changes() -> None:
    merged = after("in reach", "in reach", "unread", "by hand", "unread", "in reach", "quarantined", "quarantined")
    assert [(one.at, one.cause, one.location, one.exposed, one.state) for one in merged.history] == [
        (minute(10), "message_present", "inbox", True, "open"),
        (minute(40), "message_present", "inbox", True, "resolved"),
        (minute(60), "message_present", "inbox", True, "open"),
        (minute(70), "message_remediated", "quarantine", False, "resolved"),
    ]


def test_the_history_has_the_newest_changes_only() -> None:
    merged = after(*["in reach", "quarantined"] * MOST_CHANGES)
    assert len(merged.history) == MOST_CHANGES
    assert [one.at for one in merged.history[-2:]] == [minute(990), minute(1000)]


def test_an_older_finding_gets_the_state_of_its_last_look() -> None:
    for found, state in ((QUARANTINED, "resolved"), (IN_REACH, "open")):
        wire = found.wire()
        for name in ("state", "resolution", "resolvedAt", "timeInReach", "inReachAt", "history", "incidentId"):
            del wire[name]
        old = Finding.model_validate(wire)
        assert brought_forward(old) == found
        assert brought_forward(found) is found
        assert read_finding(old.model_dump_json(by_alias=True, exclude_unset=True)).state == state


LOOKS = st.sampled_from(
    ["in reach", "unread", "nowhere", "recoverable", "quarantined", "deleted", "group", "disconnected", "by hand"]
)


def expected(looks: list[str]) -> tuple[str | None, tuple[int, int] | None]:
    """The resolution and the time in reach, by what each look means."""
    exposed, at_place, cause, resolution, time, seen = None, None, None, None, None, 0
    for number, look in enumerate(looks, 1):
        before = cause
        cause = cause if look in ("unread", "by hand") else look
        if look in ("in reach", "recoverable", "quarantined", "nowhere"):
            exposed = at_place = {"in reach": True, "nowhere": None}.get(look, False)
        elif look == "deleted":
            exposed = False
        elif before == "deleted" != cause:
            exposed = at_place
        if exposed:
            time, seen = None, number * 600 if look == "in reach" else seen
        elif exposed is False:
            time = time or (seen, number * 600)
        if look == "by hand":
            resolution = resolution or "by_hand"
        elif resolution == "by_hand":
            resolution = None if look == "in reach" else resolution
        elif exposed is None:
            if cause != "group" and before in ("group", "deleted") and before != cause:
                resolution = None
            elif cause == "group":
                resolution = resolution or "nothing_to_do"
        else:
            resolution = None if exposed else "?"
    return resolution, time


@given(st.lists(LOOKS, min_size=1, max_size=12).filter(lambda looks: looks[0] != "by hand"))
def test_any_looks_lead_to_the_state_that_they_mean(looks: list[str]) -> None:
    merged = after(*looks)
    resolution, time = expected(looks)
    assert (merged.state == "resolved") == (merged.resolved_at is not None) == (resolution is not None)
    if resolution != "?":
        assert merged.resolution == resolution
    assert merged.time_in_reach == (time and TimeInReach(at_least=time[0], at_most=time[1]))
    assert (merged.history[-1].state, merged.history[-1].exposed) == (merged.state, merged.exposed)
    said = [one.model_dump(exclude={"at"}) for one in merged.history]
    assert all(one != other for one, other in pairwise(said))
