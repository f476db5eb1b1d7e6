"""Actions on messages in mailboxes, from sightings: rows of Message Search and of Log Export.

The same action is seen many times: windows overlap, and Log Export has it too, with another precision of its time or
without a time. Only the newest action on a message in a mailbox is kept. Times are nanoseconds since 1970.
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
"""ETD's words for a folder, with the `folder` of a failure that each means. Case is ignored."""

_WORDS = {verdict.value.lower() for verdict in Verdict}

SAME = 2 * MINUTE
"""Times of the same action differ by less than this."""
SOON = HOUR
"""If only the time of the message is known, an action that is later by less than this may be the same."""


class ActionState(StrEnum):
    """The state of an action. `waiting`: a look is due."""

    WAITING = "waiting"
    DONE = "done"
    RELEASED = "released"
    POSTED = "posted"
    NOT_FOUND = "not_found"
    NOT_VERIFIED = "not_verified"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One row about a message. Without `folder`, it says only which mailboxes have the message.

    `at` is the time of the action; None if the row doesn't have it. `words` has ETD's own words, for `raw`.
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
        """The time of the action, or of the message if that is missing."""
        return self.at if self.at is not None else self.message_at

    @property
    def is_release(self) -> bool:
        """Whether the message was released."""
        return meaning(self.folder) == "inbox"


class Action(Wire):
    """The newest action on a message in a mailbox, and its state. Without `mailbox`, the mailbox is not known."""

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
    """How many looks found that the person can open the message, or that the mailbox doesn't answer."""
    unread: int = 0
    """How many looks in a row had no result."""
    next_look_at: Instant | None = None
    posted: list[str] = Field(default_factory=list[str])
    """The IDs of the failures that were posted."""
    seen_at: Instant
    """When the action was found."""


def meaning(folder: str | None) -> str | None:
    """The `folder` of a failure that a word of ETD means; None for an unknown word."""
    return FOLDERS.get((folder or "").strip().lower())


def is_wanted(sighting: Sighting, verdicts: Collection[str]) -> bool:
    """Whether an action is checked: an automatic action only if the verdict is one of these, or is not known.

    Spam that was moved to Junk Email, for example, is often moved back by its recipient.
    """
    word = (sighting.verdict or "").lower()
    by_itself = sighting.initiator == "automatic" and not sighting.is_release
    return not by_itself or word not in _WORDS or word in verdicts


def seen(known: Action | None, sighting: Sighting, mailbox: str, now: int, first_look: int) -> Action | None:
    """The action on a message in a mailbox after a sighting; None if nothing changes.

    `first_look`: how long after the action the first look is.
    """
    if sighting.folder is None or sighting.moment is None:
        return None
    if known is None or _is_later(known, sighting):
        return _new(known, sighting, mailbox, now, first_look)
    return _completed(known, sighting, now, first_look) if _is_same(known, sighting) else None


def _is_same(known: Action, sighting: Sighting) -> bool:
    """Whether a sighting is the known action: the same folder, and nearly the same time, as far as it is known."""
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
    """Whether a sighting is a later action than the known one."""
    if _is_same(known, sighting):
        return False
    later = (sighting.moment or 0) - epoch_ns(known.at)
    if later == 0 and sighting.at is None:
        return sighting.lane is not Lane.LEDGER  # Message Search has the newest action, Log Export all of them
    return later > 0


def _new(known: Action | None, sighting: Sighting, mailbox: str, now: int, first_look: int) -> Action:
    moment = sighting.moment or 0
    # Message Search can give an action without its time. Then it may be as new as its row. Log Export is half an hour late.
    latest = moment if sighting.at is not None or sighting.lane is Lane.LEDGER else now
    # A clock that is ahead doesn't delay the look at an action.
    due = from_epoch_ns(min(max(latest + first_look, now), now + first_look))
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
    """The known action with what only the sighting has; None if the sighting adds nothing."""
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
