"""What a look says, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import ELSEWHERE, NO_MAILBOX, NOBODY, folder, make_case, make_user, message_in
from triage.feeds.actions import Action, ActionState
from triage.feeds.lanes import HOUR, MINUTE, Lane
from triage.feeds.looks import Schedule, Seen, after_look, see
from triage.graph.evidence import Reason
from triage.intake.scenario import Scenario
from triage.wire import epoch_ns, from_epoch_ns

NOW = epoch_ns("2026-11-20T12:00:00Z")
WHEN = Schedule(12 * MINUTE, 15 * MINUTE)
HIDDEN = {"also": [folder("quarantine", hidden=True)]}


def look(folder_word: str = "quarantine", failure: dict[str, Any] | None = None, **evidence: Any) -> Seen:
    fields = {"error": None, "action": "move", "folder": folder_word, **(failure or {})}
    return see(make_case(Scenario.UNCLASSIFIED, fields, **evidence))


@pytest.mark.parametrize(("aim", "place", "expected"), [
    ("quarantine", "inbox", Seen.REACHABLE), ("quarantine", "junkemail", Seen.REACHABLE),
    ("quarantine", "deleteditems", Seen.REACHABLE), ("trash", "deleteditems", Seen.IN_PLACE),
    ("junk", "junkemail", Seen.IN_PLACE), ("junkemail", "junkemail", Seen.IN_PLACE), ("trash", "junkemail", Seen.REACHABLE),
    ("quarantine", "archive", Seen.REACHABLE), ("quarantine", "sentitems", Seen.REACHABLE),
])  # fmt: skip
def test_where_the_message_is_decides(aim: str, place: str, expected: Seen) -> None:
    assert look(aim, **message_in(place)) is expected


def test_a_hidden_folder_is_a_quarantine() -> None:
    assert look("quarantine", **message_in("quarantine", **HIDDEN)) is Seen.IN_PLACE
    assert look("trash", **message_in("quarantine", **HIDDEN)) is Seen.IN_PLACE


def test_a_copy_in_place_does_not_hide_one_that_can_be_opened() -> None:
    assert look("trash", **message_in("deleteditems", "inbox")) is Seen.REACHABLE


def test_a_message_that_is_nowhere() -> None:
    assert look("quarantine", message=[]) is Seen.NOWHERE
    assert look("delete", message=[]) is Seen.IN_PLACE
    assert look("quarantine", {"internet_message_id": "no id"}, message=[]) is Seen.UNREAD
    assert look("quarantine", {"internet_message_id": None}) is Seen.UNREAD, "there is nothing to look for"


@pytest.mark.parametrize("evidence", [NO_MAILBOX, NOBODY, ELSEWHERE | {"domain_owner": None}])
def test_a_mailbox_that_does_not_answer(evidence: dict[str, Any]) -> None:
    assert look(**evidence) is Seen.SILENT


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.THROTTLED, Reason.TIMEOUT, Reason.UNAVAILABLE])
def test_what_cannot_be_read_says_nothing(reason: Reason) -> None:
    assert look(mailbox=reason) is Seen.UNREAD
    assert look(message=reason) is Seen.UNREAD
    assert look(**NO_MAILBOX, user=reason) is Seen.UNREAD, "its owner may have it under another address"
    assert look(**NOBODY | {"alias": reason}) is Seen.UNREAD


def test_the_cause_of_the_app_does_not_decide() -> None:
    assert look(app=None, **message_in("deleteditems")) is Seen.REACHABLE
    assert look(user=make_user(), **message_in("quarantine", **HIDDEN)) is Seen.IN_PLACE


def action(**changes: Any) -> Action:
    fields = {"etd_id": "m", "mailbox": "a@b.example", "folder": "trash", "at": from_epoch_ns(NOW), "lane": Lane.FAST,
              "seen_at": from_epoch_ns(NOW), "next_look_at": from_epoch_ns(NOW)}  # fmt: skip
    return Action(**{**fields, **changes})


def looked(*seen: Seen) -> list[tuple[ActionState, float | None]]:
    """The states after looks at the time that each asks for, and the minutes to the next."""
    one, found = action(), list[tuple[ActionState, float | None]]()
    for what in seen:
        now = epoch_ns(one.next_look_at or "")
        one = after_look(one, what, now, WHEN)
        found.append((one.state, (epoch_ns(one.next_look_at) - now) / MINUTE if one.next_look_at else None))
    assert one.looks == len(seen)
    return found


WAITING = ActionState.WAITING


@pytest.mark.parametrize(("seen", "expected"), [
    ([Seen.IN_PLACE], [(ActionState.DONE, None)]),
    ([Seen.NOWHERE], [(ActionState.NOT_FOUND, None)]),
    ([Seen.REACHABLE, Seen.REACHABLE], [(WAITING, 15), (ActionState.POSTED, None)]),
    ([Seen.SILENT, Seen.SILENT], [(WAITING, 15), (ActionState.POSTED, None)]),
    ([Seen.SILENT, Seen.REACHABLE], [(WAITING, 15), (ActionState.POSTED, None)]),
    ([Seen.REACHABLE, Seen.IN_PLACE], [(WAITING, 15), (ActionState.DONE, None)]),
    ([Seen.SILENT, Seen.NOWHERE], [(WAITING, 15), (ActionState.NOT_FOUND, None)]),
    ([Seen.UNREAD] * 4, [(WAITING, 30), (WAITING, 120), (WAITING, 480), (ActionState.NOT_VERIFIED, None)]),
    ([Seen.REACHABLE, Seen.UNREAD, Seen.REACHABLE], [(WAITING, 15), (WAITING, 30), (ActionState.POSTED, None)]),
    ([Seen.UNREAD, Seen.REACHABLE, Seen.UNREAD, Seen.SILENT],
     [(WAITING, 30), (WAITING, 15), (WAITING, 30), (ActionState.POSTED, None)]),
])  # fmt: skip
def test_what_follows_from_looks(seen: list[Seen], expected: list[Any]) -> None:
    assert looked(*seen) == expected
    assert 8 * HOUR == 480 * MINUTE
