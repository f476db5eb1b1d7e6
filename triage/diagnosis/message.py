"""The causes of a message that can still be opened, or that was not looked for. Who moved it is never claimed."""

from __future__ import annotations

from dataclasses import replace

from triage.diagnosis.case import Case, Match, listed, mailbox_answers
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.place import Location
from triage.diagnosis.portals import MESSAGE_TRACE, USERS
from triage.diagnosis.rule import rule
from triage.diagnosis.search_steps import FIND_BY_SEARCH, PURGE_BY_SEARCH, SEARCH_OTHER_COPIES
from triage.diagnosis.steps import INBOX_RULES, RETRY, Step
from triage.diagnosis.words import found_in, rules_to_folder
from triage.intake.scenario import Scenario


@rule(
    Cause.MESSAGE_DELETED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.MEDIUM,
    title="The message is in Deleted Items and can still be opened",
    meaning="The message is in Deleted Items, or in a folder that was deleted. The person can still open it there. Graph "
    "does not show who moved it: the person, a rule, or another security product.",
    recognized_by="The most reachable copy of the message is in Deleted Items or in a folder below it, and that was not the "
    "target folder.",
    remedy=(
        RETRY,
        FIND_BY_SEARCH,
        PURGE_BY_SEARCH,
        SEARCH_OTHER_COPIES,
    ),
)  # fmt: skip
def message_deleted(case: Case) -> Match | None:
    return found_in(
        case,
        Location.DELETED_ITEMS,
        text="is in Deleted Items, where it can still be opened. Who moved it there was not read.",
    )


@rule(
    Cause.MESSAGE_SENT_COPY, Subject.MESSAGE, Confidence.CONFIRMED, Severity.HIGH,
    title="The mailbox is the sender's",
    meaning="The copy that is easiest to open is in Sent Items: the message was sent from this mailbox. Somebody else may "
    "have used the account.",
    recognized_by="The most reachable copy of the message is in Sent Items.",
    remedy=(
        RETRY,
        SEARCH_OTHER_COPIES,
    ),
)  # fmt: skip
def message_sent_copy(case: Case) -> Match | None:
    return found_in(
        case,
        Location.SENT_ITEMS,
        text="has its most reachable copy in Sent Items: it was sent from this mailbox, so look at the account.",
    )


@rule(
    Cause.MESSAGE_JUNKED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.MEDIUM,
    title="The message is in Junk Email",
    meaning="The message is in Junk Email, and the person can open it there. Microsoft 365's own filters put messages "
    "there at delivery or later; so can the person or a rule. Graph does not show which.",
    recognized_by="The most reachable copy of the message is in Junk Email, and that was not the target folder.",
    remedy=(RETRY, SEARCH_OTHER_COPIES),
)  # fmt: skip
def message_junked(case: Case) -> Match | None:
    return found_in(
        case, Location.JUNK, text="is in Junk Email, where it can still be opened. Who moved it there was not read."
    )


@rule(
    Cause.MESSAGE_MOVED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.HIGH,
    title="The message is in another folder",
    meaning="The message is not in the Inbox, and the person can still open it. A snoozed message comes back to the Inbox "
    "by itself. Graph does not show who moved it: the person, a rule, or a retention policy. If the Inbox rules can be "
    "read, the finding names those that move messages to that folder now.",
    recognized_by="The most reachable copy of the message is in a folder of its own, in the Archive folder, or among the "
    "snoozed messages, and that was not the target folder.",
    remedy=(
        RETRY,
        INBOX_RULES,
    ),
)  # fmt: skip
def message_moved(case: Case) -> Match | None:
    found = found_in(
        case,
        Location.OTHER_FOLDER, Location.ARCHIVE_FOLDER,
        text="is not in the Inbox: it is in {where}, where it can still be opened.",
    )  # fmt: skip
    rules = rules_to_folder(case)
    if found is None or not rules:
        return found
    names = listed([repr(name) for name in rules])
    sentence = f"The Inbox rule {names} moves" if len(rules) == 1 else f"The Inbox rules {names} move"
    return replace(found, summary=f"{found.summary} {sentence} messages there; whether it moved this one was not read.")


@rule(
    Cause.ADDRESS_IS_ALIAS, Subject.MESSAGE, Confidence.PROBABLE, Severity.MEDIUM,
    rests_on=("alias", "mailbox"),
    title="The address is an alias of the user",
    meaning="Graph finds a user by user principal name or id, not by another address. Email Threat Defense used such an "
    "address.",
    recognized_by="The error says that the user is invalid, a user has the address as another of its addresses, and that "
    "user's mailbox answers.",
    could_also_be=(Cause.MESSAGE_PRESENT,),
    remedy=(
        Step(
            "Remediate under the user's main address",
            "The mailbox belongs to {user}. Search for the message in Email Threat Defense under that address and under "
            "{mailbox}, and move it again. Then triage the failure again to check that it worked.",
            USERS,
            "Get-MgUser -UserId {user} -Property UserPrincipalName, Mail, ProxyAddresses |\n"
            "    Format-List UserPrincipalName, Mail, ProxyAddresses",
        ),
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
    return found_in(
        case,
        Location.INBOX,
        text="is in the Inbox: Email Threat Defense used an id that has changed, or the fault was temporary.",
    )


@rule(
    Cause.MAILBOX_REACHABLE, Subject.MESSAGE, Confidence.POSSIBLE, Severity.MEDIUM,
    rests_on=("mailbox",),
    title="The mailbox is in order, and the message was not looked for",
    meaning="The user and the mailbox are in order. Where the message is would show the cause, but the failure does not "
    "name the message.",
    recognized_by="The mailbox answers, and the failure has no `internetMessageId`.",
    could_also_be=(
        Cause.MESSAGE_DELETED, Cause.MESSAGE_RECOVERABLE, Cause.MESSAGE_SENT_COPY, Cause.MESSAGE_JUNKED,
        Cause.MESSAGE_MOVED, Cause.MESSAGE_GONE, Cause.MESSAGE_PRESENT,
    ),
    remedy=(
        Step(
            "Look for the message",
            "Send failures with the internetMessageId, and the finding shows where the message is. Until then, the trace "
            "lists what the mailbox received in these days.",
            MESSAGE_TRACE,
            "Get-MessageTraceV2 -RecipientAddress {mailbox} -StartDate {trace_start} -EndDate {trace_end} |\n"
            "    Format-Table Received, SenderAddress, Subject, Status, MessageId",
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
