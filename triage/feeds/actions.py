"""What was done to a message in a mailbox, as it is known from sightings: rows of Message Search and of Log Export.

The same action is seen many times: windows overlap, and Log Export gives it again, with another precision of its time
or with none. One action is kept for a message in a mailbox, the newest. Times are nanoseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import Field

from triage.feeds.lanes import HOUR, MINUTE, Lane
from triage.settings import Verdict
from triage.wire import Instant, Wire, epoch_ns, from_epoch_ns

FOLDERS = {
    "inbox": "inbox",
    "junk": "junk",
    "junkemail": "junk",
    "trash": "trash",
    "deleteditems": "trash",
    "quarantine": "quarantine",
    "delete": "delete",
}
"""What ETD's words for a folder mean, as `folder` of a failure. They are compared without case."""

_WORDS = {verdict.value.lower() for verdict in Verdict}

SAME = 2 * MINUTE
"""Times of one action differ by less."""
SOON = HOUR
"""If only the time of the message is known, an action that is later by less may be the one that was meant."""


class ActionState(StrEnum):
    """What became of an action. `waiting`: a look is due."""

    WAITING = "waiting"
    DONE = "done"
    RELEASED = "released"
    POSTED = "posted"
    NOT_FOUND = "not_found"
    NOT_VERIFIED = "not_verified"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One row about a message. Without `folder`, it says only which mailboxes have the message.

    `at` is the time of the action; None if the row does not have it. `words` is what ETD said, for `raw`.
    """

    etd_id: str
    lane: Lane
    mailboxes: tuple[str, ...] = ()
    internet_message_id: str | None = None
    kind: str | None = None
    folder: str | None = None
    at: int | None = None
    message_at: int | None = None
    initiator: str | None = None
    verdict: str | None = None
    subject: str | None = None
    direction: str | None = None
    words: dict[str, Any] = field(default_factory=dict[str, Any], compare=False)

    @property
    def moment(self) -> int | None:
        """The time of the action, or else of the message."""
        return self.at if self.at is not None else self.message_at

    @property
    def is_release(self) -> bool:
        """Whether the message was given back."""
        return meaning(self.folder) == "inbox"


class Action(Wire):
    """The newest action on a message in a mailbox, and what became of it. Without a mailbox, it is not known which."""

    etd_id: str
    mailbox: str = ""
    internet_message_id: str | None = None
    kind: str | None = None
    folder: str
    at: Instant
    exact: bool = True
    """Whether `at` is the time of the action. Otherwise it is that of the message."""
    message_at: Instant | None = None
    initiator: str | None = None
    verdict: str | None = None
    subject: str | None = None
    direction: str | None = None
    lane: Lane
    words: dict[str, Any] = Field(default_factory=dict[str, Any])

    state: ActionState = ActionState.WAITING
    looks: int = 0
    bad: int = 0
    """How many looks found the message where the person can open it, or a mailbox that doesn't answer."""
    unread: int = 0
    """How many looks in a row found out nothing."""
    next_look_at: Instant | None = None
    posted: list[str] = Field(default_factory=list[str])
    """The ids of the failures that were posted."""
    seen_at: Instant
    """When the action was found."""


def meaning(folder: str | None) -> str | None:
    """What a word for a folder means, as `folder` of a failure; None for an unknown word."""
    return FOLDERS.get((folder or "").strip().lower())


def is_wanted(sighting: Sighting, verdicts: Collection[str]) -> bool:
    """Whether an action is followed: what ETD did by itself only with mail of one of these verdicts, as far as it tells.

    Spam that was moved to Junk Email, for example, is often moved back by its receiver.
    """
    word = (sighting.verdict or "").lower()
    by_itself = sighting.initiator == "automatic" and not sighting.is_release
    return not by_itself or word not in _WORDS or word in verdicts


def seen(known: Action | None, sighting: Sighting, mailbox: str, now: int, first_look: int) -> Action | None:
    """The action on a message in a mailbox after a sighting; None if that changes nothing.

    `first_look`: how long after the action the first look is.
    """
    if sighting.folder is None or sighting.moment is None:
        return None
    if known is None or _is_later(known, sighting):
        return _new(known, sighting, mailbox, now, first_look)
    return _completed(known, sighting, now, first_look) if _is_same(known, sighting) else None


def _is_same(known: Action, sighting: Sighting) -> bool:
    """Whether a sighting is of the known action: the same folder, at nearly the same time as far as that is known."""
    if (meaning(known.folder) or known.folder) != (meaning(sighting.folder) or sighting.folder):
        return False
    later = (sighting.moment or 0) - epoch_ns(known.at)
    if known.exact and sighting.at is not None:
        return abs(later) <= SAME
    if known.initiator and sighting.initiator and known.initiator != sighting.initiator:
        return False
    # One of them has the time of the message, which is before the action.
    return (-SOON <= later <= SAME) if known.exact else (-SAME <= later <= SOON)


def _is_later(known: Action, sighting: Sighting) -> bool:
    """Whether a sighting is of an action after the known one."""
    if _is_same(known, sighting):
        return False
    later = (sighting.moment or 0) - epoch_ns(known.at)
    if later == 0 and sighting.at is None:
        return sighting.lane is not Lane.LEDGER  # Message Search shows the newest action, Log Export any of them
    return later > 0


def _new(known: Action | None, sighting: Sighting, mailbox: str, now: int, first_look: int) -> Action:
    moment = sighting.moment or 0
    # A clock that is ahead does not keep an action from being looked at.
    due = from_epoch_ns(min(max(moment + first_look, now), now + first_look))
    state = ActionState.WAITING
    if sighting.is_release:
        state = ActionState.RELEASED
    elif meaning(sighting.folder) is None:
        state = ActionState.NOT_VERIFIED
    return Action(
        etd_id=sighting.etd_id,
        mailbox=mailbox,
        internet_message_id=sighting.internet_message_id or (known and known.internet_message_id),
        kind=sighting.kind,
        folder=sighting.folder or "",
        at=from_epoch_ns(moment),
        exact=sighting.at is not None,
        message_at=from_epoch_ns(sighting.message_at)
        if sighting.message_at is not None
        else known and known.message_at,
        initiator=sighting.initiator,
        verdict=sighting.verdict or (known and known.verdict),
        subject=sighting.subject or (known and known.subject),
        direction=sighting.direction or (known and known.direction),
        lane=sighting.lane,
        words=sighting.words,
        state=state,
        next_look_at=due if state is ActionState.WAITING else None,
        posted=known.posted if known else [],
        seen_at=from_epoch_ns(now),
    )


def _completed(known: Action, sighting: Sighting, now: int, first_look: int) -> Action | None:
    """The known action with what only the sighting has; None if it has nothing more."""
    changes: dict[str, Any] = {}
    for name in ("internet_message_id", "verdict", "subject", "direction", "initiator"):
        if getattr(known, name) is None and (value := getattr(sighting, name)) is not None:
            changes[name] = value
    if known.message_at is None and sighting.message_at is not None:
        changes["message_at"] = from_epoch_ns(sighting.message_at)
    if not known.exact and sighting.at is not None and known.state is ActionState.WAITING and not known.looks:
        due = max(epoch_ns(known.next_look_at or known.at), min(sighting.at + first_look, now + first_look))
        changes |= {"at": from_epoch_ns(sighting.at), "exact": True, "next_look_at": from_epoch_ns(due)}
    return known.model_copy(update=changes) if changes else None
