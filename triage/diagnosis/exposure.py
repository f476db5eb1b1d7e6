"""Whether the person can still open the message (`exposed`), and whether it is where the action aimed.

`exposed` is false only where a reading says so. A search that finds nothing says nothing: the message may be in an
online archive, which Graph can't read, or Exchange may have another id for it.
"""

from __future__ import annotations

from triage.diagnosis.address import user_deleted
from triage.diagnosis.case import Case
from triage.diagnosis.causes import Severity
from triage.diagnosis.place import Location, Place
from triage.diagnosis.trace import OUT_OF_REACH, traced
from triage.diagnosis.undetermined import NOT_A_MESSAGE_ID
from triage.graph.evidence import Answer, Reason, State, Unread

# The location that each target folder means. Source: Cisco's page "Move and Reclassify Messages".
TARGET_FOLDERS = {
    "trash": Location.DELETED_ITEMS,
    "junk": Location.JUNK,
    "quarantine": Location.QUARANTINE,
    "inbox": Location.INBOX,
    "delete": Location.RECOVERABLE_ITEMS,
}


def exposed(case: Case, place: Place) -> bool | None:
    """Whether the person can still open the message, and that is not what the action asked for; None if unknown."""
    if place.location is Location.NOT_FOUND and not case.failure.names_message:
        return None
    if place.location is Location.NOT_FOUND and _traced_out_of_reach(case):
        return False
    if remediated(case, place) or _user_deleted(case) or place.location is Location.RECOVERABLE_ITEMS:
        return False
    return True if place.location.holds_message else None


def severity(base: Severity, *, exposed: bool | None, is_read: bool | None) -> Severity:
    """The severity of a cause, raised where the person has read a message that can still be opened."""
    return Severity.CRITICAL if exposed and is_read else base


def remediated(case: Case, place: Place) -> bool:
    """Whether the most reachable copy is where the action was to put it, or in quarantine, where nobody can open it.

    Raises Unread if what was found decides nothing.
    """
    target = TARGET_FOLDERS.get(case.failure.target_folder or "")
    if place.location is Location.NOT_FOUND:
        return target is Location.RECOVERABLE_ITEMS and nowhere(case, place)
    return place.location in (target, Location.QUARANTINE)


def nowhere(case: Case, place: Place) -> bool:
    """Whether the message is not in the mailbox. Raises Unread if it was looked for by what is no message id."""
    if place.location is not Location.NOT_FOUND:
        return False
    if not case.failure.names_message:
        raise Unread(Answer(NOT_A_MESSAGE_ID, State.UNREAD, reason=Reason.UNSUPPORTED))
    return True


def _traced_out_of_reach(case: Case) -> bool:
    """Whether the message trace shows that every copy was quarantined or not delivered."""
    try:
        found = traced(case)
    except Unread:
        return False
    return bool(found) and found <= OUT_OF_REACH


def _user_deleted(case: Case) -> bool:
    """Whether the account was deleted: nobody can sign in to its mailbox."""
    try:
        return user_deleted(case) is not None
    except Unread:
        return False
