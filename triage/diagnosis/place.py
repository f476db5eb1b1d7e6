"""Where the message is, and whether the person can still open it (`exposed`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from triage.diagnosis.case import Case, mailbox_answers
from triage.graph.evidence import Answer, Evidence, Reason, State, Unread
from triage.graph.models import MailFolder, Message


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
    def exposed(self) -> bool | None:
        """Whether the person can still open the message there; None if that is not known."""
        if self in (Location.UNKNOWN, Location.NOT_CHECKED):
            return None
        return self not in (Location.RECOVERABLE_ITEMS, Location.QUARANTINE, Location.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Place:
    """The most reachable copy of a message, and how many copies there are."""

    location: Location
    folder: str | None = None
    is_read: bool | None = None
    copies: int = 0


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
    if in_inbox:
        # No other copy is easier to open, so the other answers don't matter.
        others = (evidence.recoverable_items.value or []) if evidence.recoverable_items.state is State.READ else []
        total = len(copies.keys() | {message.id for message in others})
        return Place(Location.INBOX, inbox.display_name if inbox else None, _any_read(in_inbox), total)
    places = [_in_folder(evidence, message) for message in copies.values()]
    places += [
        Place(Location.RECOVERABLE_ITEMS, None, message.is_read)
        for message in evidence.recoverable_items.get() or []
        if message.id not in copies
    ]
    if not places:
        places = _in_hidden_folders(evidence)
    if not places:
        return Place(Location.NOT_FOUND)
    best = min(places, key=lambda place: _ORDER.index(place.location))
    return Place(best.location, best.folder, best.is_read, len(places))


def _can_be_asked(evidence: Evidence) -> bool:
    """Whether there is a mailbox to look into. Even without a user there is one if the Inbox answers."""
    return evidence.mailbox.state is not State.NOT_ASKED and mailbox_answers(evidence)


def _in_folder(evidence: Evidence, message: Message) -> Place:
    parent = message.parent_folder_id
    for name, location in _WELL_KNOWN.items():
        known = evidence.well_known.get(name)
        if known is not None and known.value is not None and known.value.id == parent:
            return Place(location, known.value.display_name, message.is_read)
    _all_read(evidence, _WELL_KNOWN)
    answer = evidence.folders.get(parent or "")
    folder = answer.get() if answer else None
    if folder is None:
        raise Unread(evidence.message.unread(Reason.UNAVAILABLE))
    deleted = evidence.well_known.get("deleteditems")
    if deleted is not None and deleted.value is not None and folder.parent_folder_id == deleted.value.id:
        return Place(Location.DELETED_ITEMS, folder.display_name, message.is_read)
    if folder.is_hidden:
        _all_read(evidence, evidence.well_known)
        if folder.id not in _ids(evidence):
            return Place(Location.QUARANTINE, folder.display_name, message.is_read)
    return Place(Location.OTHER_FOLDER, folder.display_name, message.is_read)


def _in_hidden_folders(evidence: Evidence) -> list[Place]:
    """Copies in hidden folders: a search of the whole mailbox may not include them."""
    folders = {folder.id: folder for folder in evidence.hidden_folders.get() or []}
    places: list[Place] = []
    for folder_id, answer in evidence.hidden_messages.items():
        for message in answer.get() or []:
            _all_read(evidence, evidence.well_known)
            places.append(Place(Location.QUARANTINE, folders[folder_id].display_name, message.is_read))
    return places


def _all_read(evidence: Evidence, names: dict[str, Location] | dict[str, Answer[MailFolder]]) -> None:
    """Raises Unread if one of these folders could not be identified: the message may be in it."""
    for name in names:
        answer = evidence.well_known.get(name)
        if answer is not None and not answer.known:
            raise Unread(answer)


def _ids(evidence: Evidence) -> set[str | None]:
    return {answer.value.id for answer in evidence.well_known.values() if answer.value}


def _any_read(messages: list[Message]) -> bool | None:
    states = {message.is_read for message in messages}
    return True if True in states else (False if False in states else None)
