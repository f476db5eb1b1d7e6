"""What people do with an incident, and when its state does not allow it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.incidents.factories import One, at, snapshot
from triage.incidents import (
    ResolveReason,
    StateError,
    acknowledge,
    reopen,
    resolve,
    suppress,
    without_ended_suppression,
)
from triage.problems import InputError

ACTIONS: dict[str, tuple[Any, ...]] = {
    "acknowledge": (acknowledge,),
    "reopen": (reopen,),
    "resolve": (resolve, ResolveReason.ACCEPTED),
    "suppress": (suppress, "known", at(1000)),
}
# The state that each action leads to, and what it tells. None: it is refused.
TABLE = {
    "open": {
        "acknowledge": ("acknowledged", []),
        "reopen": None,
        "resolve": ("resolved", ["resolved"]),
        "suppress": ("suppressed", ["suppressed"]),
    },
    "acknowledged": {
        "acknowledge": None,
        "reopen": ("open", []),
        "resolve": ("resolved", ["resolved"]),
        "suppress": ("suppressed", ["suppressed"]),
    },
    "suppressed": {
        "acknowledge": None,
        "reopen": ("open", ["suppressed ended"]),
        "resolve": ("resolved", ["resolved"]),
        "suppress": ("suppressed", ["suppressed"]),
    },
    "resolved": {"acknowledge": None, "reopen": ("open", ["reopened"]), "resolve": None, "suppress": None},
}
LEADS_TO = {"open": (), "acknowledged": ("acknowledge",), "suppressed": ("suppress",), "resolved": ("resolve",)}


def in_state(state: str) -> One:
    one = One()
    one.look(snapshot())
    for name in LEADS_TO[state]:
        action, *given = ACTIONS[name]
        one.do(action, 20, *given)
    assert one.it.state == state
    return one


@pytest.mark.parametrize("state", TABLE)
@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_in_every_state(state: str, name: str) -> None:
    one = in_state(state)
    before, (action, *given) = one.it, ACTIONS[name]
    outcome = TABLE[state][name]
    if outcome is None:
        with pytest.raises(StateError, match=r"The incident is|has already acknowledged"):
            one.do(action, 30, *given)
        assert one.it == before
        return
    assert one.do(action, 30, *given) == outcome[1]
    assert one.it.state == outcome[0]
    entry = one.it.log[-1]
    assert (entry.at, entry.by, len(one.it.log)) == (at(30), "pat@contoso.com", len(before.log) + 1)
    assert (one.it.findings, one.it.open_findings) == (1, 1)


def test_acknowledged_by() -> None:
    one = in_state("acknowledged")
    assert (one.it.acknowledged_at, one.it.acknowledged_by) == (at(20), "pat@contoso.com")
    with pytest.raises(StateError, match=r"pat@contoso\.com has already acknowledged the incident"):
        one.do(acknowledge, 21)
    one.do(resolve, 30, ResolveReason.FIXED)
    assert one.it.acknowledged_by == "pat@contoso.com"
    one.do(reopen, 40)
    assert (one.it.acknowledged_at, one.it.acknowledged_by, one.it.reopened) == (None, None, 1)


def test_resolved_by_a_person() -> None:
    one = One()
    one.look(snapshot())
    one.do(resolve, 70, ResolveReason.FALSE_POSITIVE, "  Our own test mail ")
    assert (one.it.resolved_at, one.it.time_to_resolve) == (at(70), 3600)
    assert one.it.log[-1].note == "false_positive: Our own test mail"
    one.do(reopen, 80, "It is not")
    assert (one.it.opened_at, one.it.resolved_at, one.it.time_to_resolve) == (at(80), None, None)
    assert [entry.what for entry in one.it.log] == ["opened", "resolved", "reopened"]
    assert one.it.log[-1].note == "It is not"


def test_what_a_person_opened_again_stays_open_until_something_closes() -> None:
    one = One()
    one.look(snapshot())
    one.look(snapshot(revision=2, minute=20, open=False))
    one.do(reopen, 30)
    assert one.look(snapshot(revision=3, minute=40, open=False)) == []
    assert one.it.state == "open"
    one.look(snapshot("f-2", occurred_at=at(45), minute=50))
    assert one.look(snapshot("f-2", 2, 60, occurred_at=at(45), open=False)) == ["resolved"]


def test_a_suppression() -> None:
    one = in_state("acknowledged")
    one.do(suppress, 30, " Moves to the cloud in spring ", at(60))
    suppression = one.it.suppression
    assert suppression is not None
    assert suppression.wire() == {
        "reason": "Moves to the cloud in spring", "until": at(60), "by": "pat@contoso.com", "at": at(30),
    }  # fmt: skip
    assert without_ended_suppression(one.it, at(59.9)) == (one.it, [])
    ended, events = without_ended_suppression(one.it, at(60))
    assert (ended.state, ended.suppression) == ("acknowledged", None)
    assert [(event.kind, event.ended, event.at) for event in events] == [("incident.suppressed", True, at(60))]
    assert (ended.log[-1].what, ended.log[-1].note, ended.log[-1].by) == ("suppressed", "ended", None)


def test_an_action_finds_that_a_suppression_has_ended() -> None:
    one = in_state("open")
    one.do(suppress, 30, "known", at(60))
    assert one.do(acknowledge, 61) == ["suppressed ended"]
    assert one.it.state == "acknowledged"


def test_a_suppression_ends_quietly_once_the_incident_is_resolved() -> None:
    one = in_state("suppressed")
    one.look(snapshot(revision=2, minute=30, open=False))
    assert (one.it.state, one.it.suppression is not None) == ("resolved", True)
    ended, events = without_ended_suppression(one.it, at(1000))
    assert (ended.state, ended.suppression, events) == ("resolved", None, [])


@pytest.mark.parametrize(("reason", "until", "pointer"), [
    ("known", at(20), "/until"),
    ("known", at(19), "/until"),
    ("known", at(20 + 367 * 24 * 60), "/until"),
    ("  ", at(30), "/reason"),
    ("x" * 1001, at(30), "/reason"),
])  # fmt: skip
def test_a_suppression_needs_a_reason_and_an_end(reason: str, until: str, pointer: str) -> None:
    one = in_state("open")
    with pytest.raises(InputError) as raised:
        one.do(suppress, 20, reason, until)
    assert [problem.pointer for problem in raised.value.problems] == [pointer]


def test_a_year_is_not_too_long() -> None:
    one = in_state("open")
    one.do(suppress, 20, "known", at(20 + 366 * 24 * 60))
    assert one.it.state == "suppressed"


def test_the_log_has_the_newest_entries() -> None:
    one = in_state("open")
    for minute in range(30, 230):
        one.do(acknowledge if minute % 2 == 0 else reopen, minute, f"note {minute}")
    assert len(one.it.log) == 100
    assert one.it.log[-1].note == "note 229"
    with pytest.raises(InputError, match="note is longer"):
        one.do(acknowledge, 300, "x" * 1001)
