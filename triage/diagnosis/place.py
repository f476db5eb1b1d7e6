"""Where the message is: its most reachable copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from triage.diagnosis.case import Case, mailbox_answers
from triage.graph.evidence import Answer, Evidence, Reason, State, Unread
from triage.graph.message_search import WELL_KNOWN_HIDDEN
from triage.graph.models.mail import MailFolder, Message


class Location(StrEnum):
    """A place in a mailbox, in the order of how easily a person opens a message there."""

    INBOX = "inbox"
    OTHER_FOLDER = "other_folder"
    ARCHIVE_FOLDER = "archive_folder"
    JUNK = "junk"
    SENT_ITEMS = "sent_items"
    DELETED_ITEMS = "deleted_items"
    RECOVERABLE_ITEMS = "recoverable_items"
    QUARANTINE = "quarantine"
    NOT_FOUND = "not_found"
    NOT_CHECKED = "not_checked"
    UNKNOWN = "unknown"

    @property
    def known(self) -> bool:
        """Whether the mailbox was searched to the end, whatever was found."""
        return self not in (Location.NOT_CHECKED, Location.UNKNOWN)

    @property
    def holds_message(self) -> bool:
        """Whether the message was found there."""
        return self.known and self is not Location.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Place:
    """The most reachable copy of a message, and how many copies there are.

    `is_read`: whether a copy there was read. `folder_id`: the folder of one such copy.
    """

    location: Location
    folder: str | None = None
    is_read: bool | None = None
    copies: int = 0
    folder_id: str | None = field(default=None, compare=False)


_WELL_KNOWN = {
    "junkemail": Location.JUNK,
    "deleteditems": Location.DELETED_ITEMS,
    "archive": Location.ARCHIVE_FOLDER,
    "sentitems": Location.SENT_ITEMS,
    "recoverableitemsdeletions": Location.RECOVERABLE_ITEMS,
}
_ORDER = list(Location)


def place_of(case: Case) -> Place:
    """Where the message is: `unknown` if what decides could not be read, `not_checked` if there was nothing to ask."""
    try:
        return locate(case) or Place(Location.NOT_CHECKED)
    except Unread:
        return Place(Location.UNKNOWN)


def locate(case: Case) -> Place | None:
    """Where the message is; None if there is no mailbox or no message id to ask about. Raises Unread if it is unknown."""
    evidence = case.evidence
    if not case.failure.internet_message_id or not _can_be_asked(evidence):
        return None
    inbox = evidence.mailbox.get()
    copies = {message.id: message for message in evidence.message.get() or []}
    in_inbox = [message for message in copies.values() if inbox and message.parent_folder_id == inbox.id]
    if inbox and in_inbox:
        # No other copy is easier to open, so the other answers don't matter.
        others = (evidence.recoverable_items.value or []) if evidence.recoverable_items.state is State.READ else []
        total = len(copies.keys() | {message.id for message in others})
        return Place(Location.INBOX, inbox.display_name, _any_read(one.is_read for one in in_inbox), total, inbox.id)
    places = {message.id: _in_folder(evidence, message) for message in copies.values()}
    recoverable = {message.id: message for message in evidence.recoverable_items.get() or []}
    found = {
        **{name: Place(Location.RECOVERABLE_ITEMS, None, one.is_read) for name, one in recoverable.items()},
        **places,
    }
    if not copies:
        # What the search of the whole mailbox may leave out.
        found |= {**_in_hidden_folders(evidence), **_snoozed(evidence)}
    if not found:
        return Place(Location.NOT_FOUND)
    best = min(found.values(), key=lambda place: _ORDER.index(place.location))
    beside = (place.is_read for place in found.values() if place.location is best.location)
    return Place(best.location, best.folder, _any_read(beside), len(found), best.folder_id)


def _can_be_asked(evidence: Evidence) -> bool:
    """Whether there is a mailbox to look into. Even without a user there is one if the Inbox answers."""
    return evidence.mailbox.state is not State.NOT_ASKED and mailbox_answers(evidence)


def _in_folder(evidence: Evidence, message: Message) -> Place:
    parent = message.parent_folder_id
    for name, location in _WELL_KNOWN.items():
        known = evidence.well_known.get(name)
        if known is not None and known.value is not None and known.value.id == parent:
            return Place(location, known.value.display_name, message.is_read, folder_id=parent)
    _all_read(evidence, _WELL_KNOWN)
    folder = _folder(evidence, parent)
    location = Location.OTHER_FOLDER
    if folder.is_hidden:
        location = _hidden_location(evidence, parent)
    elif _below_deleted_items(evidence, folder):
        location = Location.DELETED_ITEMS
    return Place(location, folder.display_name, message.is_read, folder_id=parent)


def _folder(evidence: Evidence, folder_id: str | None) -> MailFolder:
    answer = evidence.folders.get(folder_id or "")
    folder = answer.get() if answer else None
    if folder is None:  # not asked, or gone by now
        raise Unread((answer or evidence.message).unread(Reason.UNAVAILABLE))
    return folder


def _below_deleted_items(evidence: Evidence, folder: MailFolder) -> bool:
    """Whether a folder, or one above it, was deleted. Raises Unread if a folder on the way could not be read."""
    deleted = evidence.well_known.get("deleteditems")
    deleted_id = deleted.value.id if deleted and deleted.value else None
    inbox = evidence.mailbox.value
    ends = {None, *(_well_known_ids(evidence)), *((inbox.id, inbox.parent_folder_id) if inbox else ())}
    while folder.parent_folder_id not in ends:
        folder = _folder(evidence, folder.parent_folder_id)
    return deleted_id is not None and folder.parent_folder_id == deleted_id


def _in_hidden_folders(evidence: Evidence) -> dict[str | None, Place]:
    """Copies in hidden folders, by their id."""
    folders = {folder.id: folder for folder in evidence.hidden_folders.get() or []}
    places: dict[str | None, Place] = {}
    for folder_id, answer in evidence.hidden_messages.items():
        for message in answer.get() or []:
            location = _hidden_location(evidence, folder_id)
            places[message.id] = Place(location, folders[folder_id].display_name, message.is_read, folder_id=folder_id)
    return places


def _hidden_location(evidence: Evidence, folder_id: str | None) -> Location:
    """What a hidden folder is: a quarantine, unless Exchange knows it by a name. Raises Unread if that is not known."""
    for name in WELL_KNOWN_HIDDEN:
        answer = evidence.well_known.get(name, Answer("folder"))
        if not answer.known:
            raise Unread(answer)
    for name, answer in evidence.well_known.items():
        if answer.value and answer.value.id == folder_id:
            return _WELL_KNOWN.get(name, Location.OTHER_FOLDER)
    return Location.QUARANTINE


def _snoozed(evidence: Evidence) -> dict[str | None, Place]:
    """Copies that were snoozed, by their id: each comes back to the Inbox at its time."""
    scheduled = evidence.well_known.get("scheduled")
    folder = scheduled.value if scheduled else None
    return {
        message.id: Place(
            Location.OTHER_FOLDER,
            folder.display_name if folder else None,
            message.is_read,
            folder_id=message.parent_folder_id,
        )
        for message in evidence.snoozed.get() or []
    }


def _all_read(evidence: Evidence, names: Iterable[str]) -> None:
    """Raises Unread if one of these folders could not be identified: the message may be in it."""
    for name in names:
        answer = evidence.well_known.get(name)
        if answer is not None and not answer.known:
            raise Unread(answer)


def _well_known_ids(evidence: Evidence) -> set[str | None]:
    return {answer.value.id for answer in evidence.well_known.values() if answer.value}


def _any_read(states: Iterable[bool | None]) -> bool | None:
    """Whether one was read; None if that is known of none."""
    known = {state for state in states if state is not None}
    return any(known) if known else None
