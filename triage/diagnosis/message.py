"""Is it the message? Where it is now, against where the remediation was to put it."""

from __future__ import annotations

from triage.diagnosis.case import Case, Match, mailbox_answers
from triage.diagnosis.causes import Cause
from triage.diagnosis.place import Location, Place, find
from triage.intake.scenario import Scenario

# The location that each target folder means (Email Threat Defense, Move and Reclassify Messages).
TARGET_FOLDERS = {
    "trash": Location.DELETED_ITEMS,
    "junk": Location.JUNK,
    "quarantine": Location.QUARANTINE,
    "inbox": Location.INBOX,
    "delete": Location.RECOVERABLE_ITEMS,
}
# What a look for the message would have told apart.
_LOOKED_FOR = (
    Cause.MESSAGE_DELETED,
    Cause.MESSAGE_RECOVERABLE,
    Cause.MESSAGE_MOVED,
    Cause.MESSAGE_GONE,
    Cause.MESSAGE_PRESENT,
)
_WORDS = {
    Location.INBOX: "the Inbox",
    Location.JUNK: "Junk Email",
    Location.SENT_ITEMS: "Sent Items",
    Location.ARCHIVE_FOLDER: "the Archive folder",
    Location.DELETED_ITEMS: "Deleted Items",
    Location.RECOVERABLE_ITEMS: "Recoverable Items",
    Location.QUARANTINE: "a hidden quarantine folder",
}


def message_remediated(case: Case) -> Match | None:
    place = find(case)
    if place is None or not _remediated(case, place):
        return None
    where = "no longer in the mailbox" if place.location is Location.NOT_FOUND else f"already in {_where(place)}"
    return Match(f"The message is {where}: there is nothing left to remediate in {case.failure.mailbox}.")


def message_deleted(case: Case) -> Match | None:
    return _at(case, (Location.DELETED_ITEMS,), "was deleted by the mailbox's owner or a rule: it is in Deleted Items.")


def message_recoverable(case: Case) -> Match | None:
    return _at(
        case,
        (Location.RECOVERABLE_ITEMS,),
        "was deleted for good by the mailbox's owner: it is in Recoverable Items, where it can only be restored.",
    )


def message_moved(case: Case) -> Match | None:
    moved = (Location.OTHER_FOLDER, Location.ARCHIVE_FOLDER, Location.JUNK, Location.SENT_ITEMS)
    return _at(case, moved, "is no longer in the Inbox: it is in {where}, where it can still be opened.")


def message_gone(case: Case) -> Match | None:
    return _at(
        case,
        (Location.NOT_FOUND,),
        "is nowhere in the primary mailbox: it was purged, moved to the archive mailbox, or never delivered.",
    )


def address_is_alias(case: Case) -> Match | None:
    if case.scenario is not Scenario.INVALID_USER:
        return None
    evidence = case.evidence
    if evidence.user.get() is not None:
        return None
    owner = evidence.alias.get()
    if owner is None or not mailbox_answers(evidence):
        return None
    return Match(
        f"{case.failure.mailbox} is another address of {owner.user_principal_name}, whose mailbox answers: Graph finds a "
        "user by UPN or id, not by such an address."
    )


def message_present(case: Case) -> Match | None:
    return _at(
        case,
        (Location.INBOX,),
        "is in the Inbox: Email Threat Defense held an id that has changed, or the fault has passed.",
    )


def mailbox_reachable(case: Case) -> Match | None:
    if case.failure.internet_message_id or not mailbox_answers(case.evidence):
        return None
    return Match(
        f"{case.failure.mailbox} and its mailbox are in order. The message was not looked for: the failure has no "
        "internetMessageId.",
        alternatives=_LOOKED_FOR,
    )


def _at(case: Case, locations: tuple[Location, ...], text: str) -> Match | None:
    place = find(case)
    if place is None or place.location not in locations or _remediated(case, place):
        return None
    return Match(f"The message in {case.failure.mailbox} {text.format(where=_where(place))}")


def _remediated(case: Case, place: Place) -> bool:
    """Whether the most reachable copy is where the action was to put it, or out of reach in quarantine."""
    target = TARGET_FOLDERS.get(case.failure.target_folder or "")
    if place.location is Location.NOT_FOUND:
        return target is Location.RECOVERABLE_ITEMS
    return place.location in (target, Location.QUARANTINE)


def _where(place: Place) -> str:
    if place.location is Location.OTHER_FOLDER:
        return f"the folder {place.folder!r}" if place.folder else "another folder"
    return _WORDS.get(place.location, place.location.value)


RULES = {
    Cause.MESSAGE_REMEDIATED: message_remediated,
    Cause.MESSAGE_DELETED: message_deleted,
    Cause.MESSAGE_RECOVERABLE: message_recoverable,
    Cause.MESSAGE_MOVED: message_moved,
    Cause.MESSAGE_GONE: message_gone,
    Cause.ADDRESS_IS_ALIAS: address_is_alias,
    Cause.MESSAGE_PRESENT: message_present,
    Cause.MAILBOX_REACHABLE: mailbox_reachable,
}
