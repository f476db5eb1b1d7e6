"""Is it the message? Where it is now, compared with where the remediation was to put it."""

from __future__ import annotations

from triage.diagnosis.case import Case, Match, mailbox_answers
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.place import Location, Place, locate
from triage.diagnosis.portals import MESSAGE_TRACE, USERS
from triage.diagnosis.rule import rule
from triage.diagnosis.steps import FIND_BY_SEARCH, INBOX_RULES, PURGE_BY_SEARCH, RETRY, SEARCH_OTHER_COPIES, Step
from triage.intake.scenario import Scenario

# The location that each target folder means. Source: Cisco's page "Move and Reclassify Messages".
TARGET_FOLDERS = {
    "trash": Location.DELETED_ITEMS,
    "junk": Location.JUNK,
    "quarantine": Location.QUARANTINE,
    "inbox": Location.INBOX,
    "delete": Location.RECOVERABLE_ITEMS,
}
_WORDS = {
    Location.INBOX: "the Inbox",
    Location.JUNK: "Junk Email",
    Location.SENT_ITEMS: "Sent Items",
    Location.ARCHIVE_FOLDER: "the Archive folder",
    Location.DELETED_ITEMS: "Deleted Items",
    Location.RECOVERABLE_ITEMS: "Recoverable Items",
    Location.QUARANTINE: "a hidden quarantine folder",
}


@rule(
    Cause.MESSAGE_REMEDIATED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.INFO,
    title="The message is already remediated",
    meaning="The message is where the remediation was to put it, or nobody can open it any more.",
    recognized_by="The message is in the target folder or in a hidden quarantine folder. If it was to be deleted, it is in "
    "Recoverable Items or no longer in the mailbox.",
    remedy=(
        Step("Nothing to do", "The message is where the remediation was to put it, or the person can't open it any more."),
        SEARCH_OTHER_COPIES,
    ),
    next_try_works=True,
)  # fmt: skip
def message_remediated(case: Case) -> Match | None:
    place = locate(case)
    if place is None or not _remediated(case, place):
        return None
    where = "no longer in the mailbox" if place.location is Location.NOT_FOUND else f"already in {_where(place)}"
    return Match(f"The message is {where}: there is nothing left to remediate in {case.failure.mailbox}.")


@rule(
    Cause.MESSAGE_DELETED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.MEDIUM,
    title="The message was deleted, but can still be opened",
    meaning="The person, or a rule, moved the message to Deleted Items. The person can still open it there.",
    recognized_by="The most reachable copy of the message is in Deleted Items, and that was not the target folder.",
    remedy=(
        RETRY,
        FIND_BY_SEARCH,
        PURGE_BY_SEARCH,
        SEARCH_OTHER_COPIES,
    ),
)  # fmt: skip
def message_deleted(case: Case) -> Match | None:
    return _at(
        case, (Location.DELETED_ITEMS,), "was deleted by the mailbox's owner or by a rule: it is in Deleted Items."
    )


@rule(
    Cause.MESSAGE_RECOVERABLE, Subject.MESSAGE, Confidence.CONFIRMED, Severity.LOW,
    title="The message was permanently deleted by its owner",
    meaning="The message is in Recoverable Items. The person can't open it there, but can restore it.",
    recognized_by="The most reachable copy of the message is in Recoverable Items, and that was not the target.",
    remedy=(
        Step(
            "Usually nothing to do",
            "Its owner deleted it. It can be restored from Recoverable Items until the retention period ends.",
        ),
        Step(
            "To be sure", "List what is in Recoverable Items.", command="Get-RecoverableItems -Identity {mailbox}"
        ),
    ),
)  # fmt: skip
def message_recoverable(case: Case) -> Match | None:
    return _at(
        case,
        (Location.RECOVERABLE_ITEMS,),
        "was permanently deleted by the mailbox's owner: it is in Recoverable Items, where it can only be restored.",
    )


@rule(
    Cause.MESSAGE_MOVED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.HIGH,
    title="The message is in another folder",
    meaning="The message left the Inbox before the remediation. The person can still open it.",
    recognized_by="The most reachable copy of the message is in a folder that is neither the Inbox nor the target folder.",
    remedy=(
        RETRY,
        INBOX_RULES,
    ),
)  # fmt: skip
def message_moved(case: Case) -> Match | None:
    moved = (Location.OTHER_FOLDER, Location.ARCHIVE_FOLDER, Location.JUNK, Location.SENT_ITEMS)
    return _at(case, moved, "is no longer in the Inbox: it is in {where}, where it can still be opened.")


@rule(
    Cause.MESSAGE_GONE, Subject.MESSAGE, Confidence.PROBABLE, Severity.LOW,
    title="The message is not in the mailbox",
    meaning="The message was purged, moved to the archive mailbox, or never delivered. Graph does not show which.",
    recognized_by="The message is in no folder of the primary mailbox, including hidden folders and Recoverable Items.",
    could_also_be=("a message in the archive mailbox, which Graph can't read",),
    remedy=(
        Step(
            "Check whether it was delivered",
            "A message trace shows whether it arrived, was quarantined, or was rejected.",
            MESSAGE_TRACE,
            "Get-MessageTraceV2 -RecipientAddress {mailbox} -MessageId {internet_message_id}",
        ),
        Step(
            "Look into the archive mailbox",
            "Graph can't read an in-place archive. A retention rule may have moved the message there.",
            command="Get-EXOMailbox -Identity {mailbox} -Properties ArchiveStatus",
        ),
    ),
)  # fmt: skip
def message_gone(case: Case) -> Match | None:
    return _at(
        case,
        (Location.NOT_FOUND,),
        "is not in the primary mailbox: it was purged, moved to the archive mailbox, or never delivered.",
    )


@rule(
    Cause.ADDRESS_IS_ALIAS, Subject.MESSAGE, Confidence.PROBABLE, Severity.MEDIUM,
    title="The address is an alias of the user",
    meaning="Graph finds a user by user principal name or id, not by another address. Email Threat Defense used such an "
    "address.",
    recognized_by="The error says that the user is invalid, a user has the address as another of its addresses, and that "
    "user's mailbox answers.",
    could_also_be=(Cause.MESSAGE_PRESENT,),
    remedy=(
        Step(
            "Remediate under the user's main address",
            "The mailbox belongs to {user}. Search for the message in Email Threat Defense under that address.",
            USERS,
            "Get-MgUser -UserId {user} -Property UserPrincipalName, Mail, ProxyAddresses",
        ),
        Step("To prevent it", "Make the user principal name and the primary address the same."),
    ),
    last_resort=True,
)  # fmt: skip
def address_is_alias(case: Case) -> Match | None:
    if case.scenario is not Scenario.INVALID_USER:
        return None
    if case.evidence.user.get() is not None:
        return None
    owner = case.evidence.person()
    if owner is None or not mailbox_answers(case.evidence):
        return None
    return Match(
        f"{case.failure.mailbox} is another address of {owner.user_principal_name}, whose mailbox answers: Graph finds "
        "a user by UPN or id, not by such an address."
    )


@rule(
    Cause.MESSAGE_PRESENT, Subject.MESSAGE, Confidence.PROBABLE, Severity.HIGH,
    title="The message is still in the Inbox",
    meaning="Nothing prevents the remediation now: Email Threat Defense used an id that has changed, or the fault was "
    "temporary. The person can open the message.",
    recognized_by="The message is in the Inbox, and everything else that was read is in order.",
    could_also_be=("a fault that returns",),
    remedy=(RETRY,),
    last_resort=True,
    next_try_works=True,
)  # fmt: skip
def message_present(case: Case) -> Match | None:
    return _at(
        case,
        (Location.INBOX,),
        "is in the Inbox: Email Threat Defense used an id that has changed, or the fault was temporary.",
    )


@rule(
    Cause.MAILBOX_REACHABLE, Subject.MESSAGE, Confidence.POSSIBLE, Severity.MEDIUM,
    title="The mailbox is in order, and the message was not looked for",
    meaning="The user and the mailbox are in order. Where the message is would show the cause, but the failure does not "
    "name the message.",
    recognized_by="The mailbox answers, and the failure has no `internetMessageId`.",
    could_also_be=(
        Cause.MESSAGE_DELETED, Cause.MESSAGE_RECOVERABLE, Cause.MESSAGE_MOVED, Cause.MESSAGE_GONE, Cause.MESSAGE_PRESENT,
    ),
    remedy=(
        Step(
            "Look for the message",
            "Send failures with the internetMessageId, and the finding shows where the message is. Until then, search "
            "for it in the mailbox.",
            command="Get-MessageTraceV2 -RecipientAddress {mailbox}",
        ),
        RETRY,
    ),
    last_resort=True,
    next_try_works=True,
)  # fmt: skip
def mailbox_reachable(case: Case) -> Match | None:
    if case.failure.internet_message_id or not mailbox_answers(case.evidence):
        return None
    return Match(
        f"{case.failure.mailbox} and its mailbox are in order. The message was not looked for: the failure has no "
        "internetMessageId."
    )


def _at(case: Case, locations: tuple[Location, ...], text: str) -> Match | None:
    place = locate(case)
    if place is None or place.location not in locations or _remediated(case, place):
        return None
    return Match(f"The message in {case.failure.mailbox} {text.format(where=_where(place))}")


def _remediated(case: Case, place: Place) -> bool:
    """Whether the most reachable copy is where the action was to put it, or in quarantine, where nobody can open it."""
    target = TARGET_FOLDERS.get(case.failure.target_folder or "")
    if place.location is Location.NOT_FOUND:
        return target is Location.RECOVERABLE_ITEMS
    return place.location in (target, Location.QUARANTINE)


def _where(place: Place) -> str:
    if place.location is Location.OTHER_FOLDER:
        return f"the folder {place.folder!r}" if place.folder else "another folder"
    return _WORDS.get(place.location, place.location.value)
