"""What a look into the mailbox says about an action. The place of the message decides, and whether the mailbox answers.

The cause that triage would give does not decide, because causes of the app hide those of the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from triage.diagnosis.case import Case, mailbox_answers
from triage.diagnosis.exposure import exposed
from triage.diagnosis.place import Location, place_of
from triage.feeds.actions import Action, ActionState
from triage.feeds.lanes import HOUR, MINUTE
from triage.graph.evidence import Unread
from triage.wire import from_epoch_ns

UNREAD_WAITS = (30 * MINUTE, 2 * HOUR, 8 * HOUR)
"""The delays after looks without a result."""
LOOKS_TO_POST = 2


class Seen(StrEnum):
    """The result of a look. `reachable`: the person can open the message. `silent`: the mailbox doesn't answer."""

    IN_PLACE = "in_place"
    REACHABLE = "reachable"
    SILENT = "silent"
    NOWHERE = "nowhere"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The delays from an action to the first look, and from that to the second, in nanoseconds."""

    first: int
    second: int


def see(case: Case) -> Seen:
    """What the evidence says about an action: `unread` if anything that decides could not be read."""
    evidence = case.evidence
    try:
        if not mailbox_answers(evidence):
            evidence.person()  # an owner that could not be read may have the mailbox under another address
            return Seen.SILENT
    except Unread:
        return Seen.UNREAD
    place = place_of(case)
    reach = exposed(case, place)
    if reach is not None:
        return Seen.REACHABLE if reach else Seen.IN_PLACE
    found_nothing = place.location is Location.NOT_FOUND and case.failure.names_message
    return Seen.NOWHERE if found_nothing else Seen.UNREAD


def after_look(action: Action, seen: Seen, now: int, schedule: Schedule) -> Action:
    """The action after a look. In the state `posted`, its failure has to be posted."""
    looks = action.looks + 1
    ends = {Seen.IN_PLACE: ActionState.DONE, Seen.NOWHERE: ActionState.NOT_FOUND}
    if seen in ends:
        return _ended(action, ends[seen], looks)
    if seen is Seen.UNREAD:
        if action.unread == len(UNREAD_WAITS):
            return _ended(action, ActionState.NOT_VERIFIED, looks)
        due = from_epoch_ns(now + UNREAD_WAITS[action.unread])
        return action.model_copy(update={"looks": looks, "unread": action.unread + 1, "next_look_at": due})
    bad = action.bad + 1
    if bad < LOOKS_TO_POST:
        due = from_epoch_ns(now + schedule.second)
        return action.model_copy(update={"looks": looks, "bad": bad, "unread": 0, "next_look_at": due})
    return _ended(action.model_copy(update={"bad": bad, "unread": 0}), ActionState.POSTED, looks)


def _ended(action: Action, state: ActionState, looks: int) -> Action:
    return action.model_copy(update={"state": state, "looks": looks, "next_look_at": None})
