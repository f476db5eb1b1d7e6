"""One action is kept for a message in a mailbox, whatever order, precision and number of sightings it comes with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.feeds.actions import Action, ActionState, Sighting, is_wanted, seen
from triage.feeds.lanes import HOUR, MINUTE, SECOND, Lane
from triage.wire import epoch_ns

NOW = epoch_ns("2026-11-20T12:00:00Z")
FIRST = 12 * MINUTE


def sighting(folder: str | None = "quarantine", at: int | None = NOW, **changes: Any) -> Sighting:
    fields: dict[str, Any] = {"message_at": NOW - HOUR, "lane": Lane.FAST, "kind": "move", **changes}
    return Sighting(etd_id="m", folder=folder, at=at, **fields)


def told(*sightings: Sighting, now: int = NOW) -> Action | None:
    known: Action | None = None
    for one in sightings:
        known = seen(known, one, "ines@one.example", now, FIRST) or known
    return known


def known(*sightings: Sighting, now: int = NOW) -> Action:
    found = told(*sightings, now=now)
    assert found is not None
    return found


def test_a_new_action_waits_for_its_first_look() -> None:
    assert known(sighting(at=NOW - 5 * MINUTE)).next_look_at == "2026-11-20T12:07:00Z"
    assert known(sighting(at=NOW - HOUR)).next_look_at == "2026-11-20T12:00:00Z", "at once"
    assert known(sighting(at=NOW + 9 * HOUR)).next_look_at == "2026-11-20T12:12:00Z", "a clock that is ahead"
    assert known(sighting(at=None)).next_look_at == "2026-11-20T12:12:00Z", "it may have been this minute"
    assert known(sighting(at=None, lane=Lane.LEDGER)).next_look_at == "2026-11-20T12:00:00Z", "not in Log Export"


@pytest.mark.parametrize(("folder", "state"), [
    ("inbox", ActionState.RELEASED), ("INBOX", ActionState.RELEASED), ("Junk", ActionState.WAITING),
    ("deletedItems", ActionState.WAITING), ("elsewhere", ActionState.NOT_VERIFIED),
])  # fmt: skip
def test_what_is_looked_at(folder: str, state: ActionState) -> None:
    found = known(sighting(folder))
    assert (found.folder, found.state) == (folder, state)
    assert (found.next_look_at is not None) == (state is ActionState.WAITING)


@pytest.mark.parametrize("other", [
    sighting(at=NOW + 500_000_000), sighting(at=NOW - 2 * MINUTE), sighting("Quarantine", NOW + 2 * MINUTE),
    sighting(at=NOW - SECOND, lane=Lane.LEDGER), sighting(at=None), sighting(at=None, message_at=NOW - 5 * HOUR),
    sighting("trash", NOW - SECOND), sighting("inbox", NOW - HOUR), sighting("trash", None), sighting(None),
    sighting("trash", None, message_at=None),
])  # fmt: skip
def test_the_same_action_again_or_an_earlier_one_changes_nothing(other: Sighting) -> None:
    first = known(sighting())
    assert seen(first, other, first.mailbox, NOW + HOUR, FIRST) is None


@pytest.mark.parametrize("later", [
    sighting(at=NOW + 3 * MINUTE), sighting("trash", NOW + SECOND), sighting("inbox", NOW + HOUR),
])  # fmt: skip
def test_a_later_action_replaces_the_one_before(later: Sighting) -> None:
    first = known(sighting(subject="s")).model_copy(update={"looks": 1, "bad": 1, "posted": ["x"]})
    found = seen(first, later, first.mailbox, NOW + HOUR, FIRST)
    assert found is not None
    assert (found.folder, found.looks, found.bad, found.posted, found.subject) == (later.folder, 0, 0, ["x"], "s")


def test_the_time_of_the_message_stands_in_until_that_of_the_action_is_seen() -> None:
    first = known(sighting(at=None, message_at=NOW))
    assert (first.at, first.exact) == ("2026-11-20T12:00:00Z", False)
    found = seen(first, sighting(at=NOW + 20 * MINUTE, subject="s"), first.mailbox, NOW, FIRST)
    assert found is not None
    assert (found.at, found.exact, found.subject, found.state) == (
        "2026-11-20T12:20:00Z",
        True,
        "s",
        ActionState.WAITING,
    )
    looked = first.model_copy(update={"looks": 1})
    assert seen(looked, sighting(at=NOW + 20 * MINUTE), first.mailbox, NOW, FIRST) is None, "it keeps its id"
    assert known(sighting(at=None, message_at=NOW), sighting(at=NOW + 2 * HOUR)).at == "2026-11-20T14:00:00Z"
    by_hand = sighting(at=NOW + 20 * MINUTE, initiator="manual")
    assert known(sighting(at=None, message_at=NOW, initiator="automatic"), by_hand).initiator == "manual"


def test_of_two_actions_without_a_time_message_search_has_the_newest() -> None:
    searched = sighting("trash", None, lane=Lane.DAY)
    logged = sighting("quarantine", None, lane=Lane.LEDGER)
    assert known(logged, searched).folder == "trash"
    assert known(searched, logged).folder == "trash"


@pytest.mark.parametrize(("changes", "wanted"), [
    ({"verdict": "phishing"}, True), ({"verdict": "Phishing"}, True), ({"verdict": "spam"}, False),
    ({"verdict": "noVerdict"}, False), ({"verdict": None}, True), ({"verdict": "a new word"}, True),
    ({"verdict": "spam", "initiator": "manual"}, True), ({"verdict": "neutral", "folder": "inbox"}, True),
])  # fmt: skip
def test_what_etd_does_with_other_mail_is_not_followed(changes: dict[str, Any], wanted: bool) -> None:
    one = sighting(**{"initiator": "automatic", **changes})
    assert is_wanted(one, ("malicious", "phishing")) is wanted


FOLDERS = ("quarantine", "trash", "inbox", "junkemail", "delete")


@given(
    folders=st.lists(st.sampled_from(FOLDERS), min_size=1, max_size=5),
    data=st.data(),
)
def test_the_newest_action_is_known_in_whatever_order_they_are_seen(folders: list[str], data: st.DataObject) -> None:
    """The oracle: actions ten minutes apart, each seen any number of times, with times cut, rounded, or in full."""
    times = [NOW + number * 10 * MINUTE + 700_000_000 for number in range(len(folders))]
    order = data.draw(st.lists(st.sampled_from(range(len(folders))), min_size=1, max_size=12))
    precise = st.sampled_from([lambda t: t, lambda t: t // SECOND * SECOND, lambda t: (t // SECOND + 1) * SECOND])
    found: Action | None = None
    begun: list[str] = []
    for number in order:
        at = data.draw(precise)(times[number])
        one = sighting(folders[number], at, lane=data.draw(st.sampled_from(list(Lane))))
        after = seen(found, one, "ines@one.example", times[-1] + HOUR, FIRST)
        if after is not None and (found is None or after.at[:16] != found.at[:16] or after.folder != found.folder):
            begun.append(after.at)
        found = after or found
    assert found is not None
    newest = max(order)
    assert (found.folder, found.at[:16]) == (folders[newest], found.at[:16])
    assert abs(epoch_ns(found.at) - times[newest]) < SECOND
    assert len(begun) == len({max(order[: end + 1]) for end in range(len(order))}), "each began once"
