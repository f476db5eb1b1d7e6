"""The causes of a message that nobody can open in the mailbox: it is where the action aimed, or not there at all."""

from __future__ import annotations

from triage.diagnosis.case import Case, Match
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.exposure import nowhere, remediated
from triage.diagnosis.place import Location, locate
from triage.diagnosis.portals import QUARANTINE
from triage.diagnosis.rule import rule
from triage.diagnosis.search_steps import SEARCH_OTHER_COPIES, TRACE
from triage.diagnosis.steps import Step
from triage.diagnosis.trace import FAILED, OUT_OF_REACH, QUARANTINED, traced
from triage.diagnosis.words import found_in, where


@rule(
    Cause.MESSAGE_REMEDIATED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.INFO,
    title="The message is already remediated",
    meaning="The message is where the remediation should have put it, or in a quarantine folder. Graph does not show who moved "
    "it there.",
    recognized_by="The most reachable copy of the message is in the target folder, or in a hidden folder that Exchange "
    "does not know by a name. If the message was to be deleted, it is in Recoverable Items or nowhere in the mailbox.",
    remedy=(
        Step("Nothing to do", "The message is where the remediation should have put it, or the person can no longer open it."),
        SEARCH_OTHER_COPIES,
    ),
    next_try_works=True,
)  # fmt: skip
def message_remediated(case: Case) -> Match | None:
    place = locate(case)
    if place is None or not remediated(case, place):
        return None
    now = "no longer in the mailbox" if place.location is Location.NOT_FOUND else f"already in {where(place)}"
    return Match(f"The message is {now}: there is nothing left to remediate in {case.failure.mailbox}.")


@rule(
    Cause.MESSAGE_QUARANTINED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.INFO,
    title="The message is in Microsoft's quarantine",
    meaning="Microsoft 365 has quarantined the message, so it is not in the mailbox. The trace tells what the transport "
    "did; a message that was quarantined after its delivery stays `delivered` there, and is `message_gone`.",
    recognized_by="The message is nowhere in the mailbox, and the message trace says that each copy for this person was "
    "quarantined, or failed beside one that was. The trace needs the permission ExchangeMessageTrace.Read.All.",
    remedy=(
        Step(
            "Do not release it",
            "There is nothing left to remediate. Look at the message in the quarantine, and leave or delete it there.",
            QUARANTINE,
            "Get-QuarantineMessage -MessageId {internet_message_id} -RecipientAddress {mailbox}",
        ),
        SEARCH_OTHER_COPIES,
    ),
    next_try_works=True,
    rests_on=("message_trace", "message", "recoverable_items"),
)  # fmt: skip
def message_quarantined(case: Case) -> Match | None:
    found = _traced(case)
    if QUARANTINED not in found or not found <= OUT_OF_REACH:
        return None
    return Match(f"The message for {case.failure.mailbox} is in Microsoft's quarantine, and not in the mailbox.")


@rule(
    Cause.MESSAGE_NOT_DELIVERED, Subject.MESSAGE, Confidence.CONFIRMED, Severity.INFO,
    title="The message was not delivered",
    meaning="Microsoft 365 did not deliver the message to this mailbox, so there is nothing to remediate in it.",
    recognized_by="The message is nowhere in the mailbox, and the message trace says that its delivery to this person "
    "failed. The trace needs the permission ExchangeMessageTrace.Read.All.",
    remedy=(
        Step("Nothing to do in this mailbox", "The details of the trace show why the delivery failed."),
        TRACE,
        SEARCH_OTHER_COPIES,
    ),
    next_try_works=True,
    rests_on=("message_trace", "message", "recoverable_items"),
)  # fmt: skip
def message_not_delivered(case: Case) -> Match | None:
    if _traced(case) != frozenset({FAILED}):
        return None
    return Match(f"The message was not delivered to {case.failure.mailbox}: the message trace says that it failed.")


def _traced(case: Case) -> frozenset[str]:
    """What the message trace says, if the message is nowhere in the mailbox."""
    place = locate(case)
    return traced(case) if place is not None and nowhere(case, place) else frozenset()


@rule(
    Cause.MESSAGE_RECOVERABLE, Subject.MESSAGE, Confidence.CONFIRMED, Severity.LOW,
    title="The message was deleted and can only be restored",
    meaning="The message is in Recoverable Items. The person can't open it there, but can restore it. Graph does not show "
    "who deleted it: the person, a rule, a retention policy, an administrator, or a security product.",
    recognized_by="The most reachable copy of the message is in Recoverable Items, and that was not the target.",
    remedy=(
        Step(
            "Usually nothing to do",
            "{recoverable} Nobody can open it in Recoverable Items.",
        ),
        Step(
            "To be sure, list what was deleted",
            "The command lists what was deleted in the mailbox with this subject around that time.",
            command="""Get-RecoverableItems -Identity {mailbox} -SubjectContains {subject} -FilterItemType IPM.Note `
    -FilterStartTime {start} -FilterEndTime {end} | Format-List Subject, LastModifiedTime, SourceFolder""",
        ),
    ),
)  # fmt: skip
def message_recoverable(case: Case) -> Match | None:
    return found_in(
        case,
        Location.RECOVERABLE_ITEMS,
        text="is in Recoverable Items, where it can't be opened, only restored. Who deleted it was not read.",
    )


@rule(
    Cause.MESSAGE_GONE, Subject.MESSAGE, Confidence.PROBABLE, Severity.LOW,
    title="The message is not in the mailbox",
    meaning="The message is nowhere in the primary mailbox. The usual reason is Microsoft's zero-hour auto purge (ZAP) or "
    "Microsoft Defender, which quarantine the same messages that Email Threat Defense convicts. Or the message was "
    "deleted for good, moved to the archive mailbox, or never delivered. Graph does not show which, so whether the person "
    "can still open it is not known.",
    recognized_by="The message is in no folder of the primary mailbox, including hidden folders and Recoverable Items.",
    could_also_be=(
        "a message in the archive mailbox, which Graph can't read",
        "a copy with another message ID, such as one that was sent again or forwarded",
    ),
    remedy=(
        Step(
            "Look in Microsoft's quarantine",
            "Microsoft 365 removes such messages from mailboxes by itself, up to 48 hours after delivery. The second command "
            "lists what it removed from this mailbox.",
            QUARANTINE,
            """Get-QuarantineMessage -MessageId {internet_message_id} -RecipientAddress {mailbox} |
    Format-List Identity, ReceivedTime, Type, ReleaseStatus, PolicyName, Expires
Get-DetailZapReport -StartDate {trace_start} -EndDate {trace_end} |
    Where-Object {{ ($_ | Out-String -Width 4096) -match [regex]::Escape({mailbox}) }} | Format-List""",
        ),
        TRACE,
        Step(
            "Look into the archive mailbox",
            "Graph can't read an in-place archive. A retention policy may have moved the message there.",
            command="Get-EXOMailbox -Identity {mailbox} -Properties ArchiveStatus | Format-List ArchiveStatus",
        ),
        SEARCH_OTHER_COPIES,
    ),
)  # fmt: skip
def message_gone(case: Case) -> Match | None:
    return found_in(
        case,
        Location.NOT_FOUND,
        text="is not in the primary mailbox. Most often, Microsoft 365 has quarantined it; or it was deleted for good, "
        "moved to the archive mailbox, or never delivered.",
    )
