"""Is it the mailbox? Why Exchange Online has none that answers for this user."""

from __future__ import annotations

from datetime import timedelta

from triage.diagnosis.case import Case, Match, day, listed
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.no_mailbox import if_not_synced, unless_synced, without_mailbox
from triage.diagnosis.portals import MAILBOXES, MIGRATION, USERS
from triage.diagnosis.retention import NEW_MAILBOX, PENDING_MAILBOX
from triage.diagnosis.rule import rule
from triage.diagnosis.search_steps import DELETE_ON_PREMISES, FIND_ON_PREMISES
from triage.diagnosis.steps import CHECK_RECIPIENT, Step
from triage.graph.license import License


@rule(
    Cause.PROVISIONING_ERROR, Subject.MAILBOX, Confidence.PROBABLE, Severity.MEDIUM,
    title="The mailbox could not be created",
    meaning="Exchange reports an error for the user, so the mailbox was probably not created. Most often, two objects have "
    "the same address.",
    recognized_by="The mailbox does not answer, and `serviceProvisioningErrors` of the user has an error of Exchange that is "
    "not resolved, or the provisioning of all Exchange plans has failed. The user is not synced from on-premises.",
    could_also_be=("a mailbox that is missing for another reason, if the error is about an alias only",),
    remedy=(
        Step(
            "Read the error",
            "The admin center shows it on the user's page. Usually two objects have the same address.",
            USERS,
            """Get-MgUser -UserId {user} -Property OnPremisesProvisioningErrors, ServiceProvisioningErrors |
    Select-Object OnPremisesProvisioningErrors, ServiceProvisioningErrors | ConvertTo-Json -Depth 4""",
        ),
        Step(
            "Fix it at its source",
            "Give the address to one of the two objects, in the admin center of the one that should not have it. Then the "
            "mailbox is created automatically.",
        ),
    ),
)  # fmt: skip
@unless_synced(Cause.PROVISIONING_ERROR)
def provisioning_error(found: License, mailbox: str) -> Match | None:
    if not found.exchange_errors:
        return None
    return Match(
        f"Exchange reports an unresolved provisioning error for {mailbox} ({listed(found.exchange_errors)}), so its mailbox "
        "was probably not created."
    )


@rule(
    Cause.MAILBOX_PROVISIONING, Subject.MAILBOX, Confidence.PROBABLE, Severity.LOW,
    title="The mailbox is still being created",
    meaning="A new mailbox is ready within 24 hours after its license is assigned.",
    recognized_by="The mailbox does not answer, and the user's mailbox plan is switched on and was assigned less than 24 "
    "hours ago, or less than 48 hours ago while provisioning is pending.",
    could_also_be=(Cause.MAILBOX_DISCONNECTED,),
    remedy=(
        Step("Wait", "{ready_by} Exchange sometimes takes longer: up to 48 hours, while it reports the plan as pending."),
        Step(
            "Then triage again",
            "If there is still no mailbox, open a case with Microsoft. Do not assign the license again if the user is synced "
            "from on-premises: the mailbox may be there.",
            USERS,
            "Get-EXOMailbox -Identity {mailbox} | Format-List DisplayName, RecipientTypeDetails, ExchangeGuid",
        ),
    ),
)  # fmt: skip
def mailbox_provisioning(case: Case) -> Match | None:
    found = without_mailbox(case)
    if found is None:
        return None
    # Pending alone proves nothing: it is also the state of plans that are not activated in the tenant.
    takes = PENDING_MAILBOX if found.pending else NEW_MAILBOX
    recent = [plan.assigned_date_time for plan in found.working if plan.assigned_date_time]
    recent = [moment for moment in recent if moment > case.evidence.now - takes]
    if not recent:
        return None
    return Match(
        f"The mailbox of {case.failure.mailbox} is still being created: its plan was assigned on {day(recent[0])}, less than "
        f"{takes // timedelta(hours=1)} hours ago{', and is still being provisioned' if found.pending else ''}."
    )


@rule(
    Cause.MAILBOX_ON_PREMISES, Subject.MAILBOX, Confidence.PROBABLE, Severity.MEDIUM,
    rests_on=("mailbox", "user", "alias", "license"),
    title="The mailbox may be on-premises",
    meaning="The user is synced from on-premises. In a hybrid organization, the mailbox may be on the on-premises "
    "Exchange server, which Email Threat Defense can't access.",
    recognized_by="The mailbox does not answer, and the user is synced from on-premises. With a mailbox plan that works, this "
    "is probable. Without one it is only possible, and the alternative is what would be the cause for a user that is not "
    "synced. Graph does not show where a mailbox is.",
    could_also_be=(
        Cause.MAILBOX_DISCONNECTED, Cause.LICENSE_ASSIGNMENT_FAILED, Cause.EXCHANGE_PLAN_DISABLED, Cause.LICENSE_LAPSED,
        Cause.PROVISIONING_ERROR, Cause.MAILBOX_UNLICENSED,
    ),
    remedy=(
        CHECK_RECIPIENT,
        FIND_ON_PREMISES,
        DELETE_ON_PREMISES,
        Step(
            "Or move the mailbox",
            "If the mailbox is on-premises and Email Threat Defense should protect it, migrate it to Exchange Online with a "
            "migration batch. Assign a license only after that, or if the user has no mailbox at all.",
            MIGRATION,
        ),
    ),
)  # fmt: skip
def mailbox_on_premises(case: Case) -> Match | None:
    found, mailbox = without_mailbox(case), case.failure.mailbox
    if found is None or not found.user.on_premises_sync_enabled:
        return None
    if found.working:
        return Match(
            f"{mailbox} is synced from on-premises and has an Exchange Online plan, but no mailbox that answers in Exchange "
            "Online: it is probably on-premises. It may also have been disabled or soft-deleted.",
            alternatives=(Cause.MAILBOX_DISCONNECTED,),
        )
    others = if_not_synced(found, mailbox)
    if not others:
        return None
    return Match(
        f"{mailbox} is synced from on-premises and has no Exchange Online plan that works. Its mailbox is on-premises, or it "
        f"has none: {_WHY_NONE[others[0]]}.",
        Confidence.POSSIBLE,
        others,
    )


_WHY_NONE = {
    Cause.LICENSE_ASSIGNMENT_FAILED: "a license could not be assigned",
    Cause.EXCHANGE_PLAN_DISABLED: "Exchange Online is switched off in its license",
    Cause.LICENSE_LAPSED: "its plan has lapsed",
    Cause.PROVISIONING_ERROR: "Exchange reports a provisioning error",
    Cause.MAILBOX_UNLICENSED: "it has no license with Exchange Online",
}


@rule(
    Cause.MAILBOX_DISCONNECTED, Subject.MAILBOX, Confidence.POSSIBLE, Severity.MEDIUM,
    rests_on=("mailbox", "license"),
    title="The mailbox may have been disabled or soft-deleted",
    meaning="The user should have a mailbox, and there is none that answers. It may have been disabled or soft-deleted "
    "in Exchange.",
    recognized_by="The mailbox does not answer, although the user's plan is switched on and the user is not synced from "
    "on-premises.",
    could_also_be=(Cause.MAILBOX_PROVISIONING,),
    remedy=(
        Step(
            "Look for a soft-deleted mailbox",
            "Exchange Online keeps it for 30 days after WhenSoftDeleted. Note its ExchangeGuid and its LegacyExchangeDN.",
            MAILBOXES,
            "Get-Mailbox -SoftDeletedMailbox -Identity {mailbox} |\n"
            "    Format-List Name, ExchangeGuid, LegacyExchangeDN, WhenSoftDeleted",
        ),
        Step(
            "Restore what is in it",
            "The user needs a mailbox to restore it to: Exchange Online creates a new, empty one if the license is assigned "
            "again. If that mailbox has another LegacyExchangeDN, first add the old one to it as an X500 address.",
            command="""New-MailboxRestoreRequest -SourceMailbox {exchange_guid} -TargetMailbox {mailbox}
Get-MailboxRestoreRequest -TargetMailbox {mailbox} | Format-Table Name, Status""",
        ),
    ),
)  # fmt: skip
def mailbox_disconnected(case: Case) -> Match | None:
    found = without_mailbox(case)
    if found is None or not found.working or found.user.on_premises_sync_enabled:
        return None
    return Match(
        f"{case.failure.mailbox} has an Exchange Online plan that is switched on, but no mailbox that answers: it may "
        "have been disabled or soft-deleted in Exchange."
    )
