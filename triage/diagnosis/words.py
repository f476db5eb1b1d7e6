"""Where a message is, in words, for the causes about the message."""

from __future__ import annotations

from triage.diagnosis.case import Case, Match
from triage.diagnosis.exposure import nowhere, remediated
from triage.diagnosis.place import Location, Place, locate, place_of

_WORDS = {
    Location.INBOX: "the Inbox",
    Location.JUNK: "Junk Email",
    Location.SENT_ITEMS: "Sent Items",
    Location.ARCHIVE_FOLDER: "the Archive folder",
    Location.DELETED_ITEMS: "Deleted Items",
    Location.RECOVERABLE_ITEMS: "Recoverable Items",
    Location.QUARANTINE: "a hidden quarantine folder",
}


def found_in(case: Case, *locations: Location, text: str) -> Match | None:
    """A match if the most reachable copy is in one of these, and that is not where the action was to put it."""
    place = locate(case)
    if place is None or place.location not in locations or remediated(case, place):
        return None
    if place.location is Location.NOT_FOUND:
        nowhere(case, place)  # raises Unread if that decides nothing
    return Match(f"The message in {case.failure.mailbox} {text.format(where=where(place))}")


def where(place: Place) -> str:
    """The place within a sentence."""
    if place.location is Location.OTHER_FOLDER:
        return f"the folder {place.folder!r}" if place.folder else "another folder"
    return _WORDS.get(place.location, place.location.value)


def rules_to_folder(case: Case) -> list[str]:
    """The names of the Inbox rules that move messages to the folder of the message; none if they could not be read."""
    place = place_of(case)
    if place.folder_id is None or place.location not in (Location.OTHER_FOLDER, Location.ARCHIVE_FOLDER):
        return []
    rules = case.evidence.inbox_rules.value or []
    return [rule.display_name or "without a name" for rule in rules if rule.moves_to(place.folder_id)]
