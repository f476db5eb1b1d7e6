"""Is it the mailbox? Why Exchange Online has none that answers for this user."""

from __future__ import annotations

from datetime import timedelta

from triage.diagnosis.case import Case, Match, day, listed, mailbox_answers
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.license import License, license, plan_name
from triage.diagnosis.portals import LICENSES, MAILBOXES, MIGRATION, USERS
from triage.diagnosis.rule import rule
from triage.diagnosis.steps import (
    ASSIGN_LICENSE,
    CHECK_SUBSCRIPTION,
    CHOOSE_LICENSE,
    DELETE_ON_PREMISES,
    FIND_ON_PREMISES,
    Step,
)
from triage.graph.evidence import Reason, Unread

PROVISIONING_TIME = timedelta(hours=24)


@rule(
    Cause.LICENSE_ASSIGNMENT_FAILED, Subject.MAILBOX, Confidence.CONFIRMED, Severity.MEDIUM,
    title="A license could not be assigned to the user",
    meaning="A license was assigned, but it did not take effect, so the user has no mailbox.",
    recognized_by="The mailbox does not answer, and `licenseAssignmentStates` of the user has an error.",
    remedy=(
        CHECK_SUBSCRIPTION,
        Step(
            "Fix the assignment",
            "CountViolation: buy or free licenses. DependencyViolation and MutuallyExclusiveViolation: choose plans that "
            "go together. ProhibitedInUsageLocationViolation: set the usage location.",
            LICENSES,
            "Get-MgUser -UserId {user} -Property LicenseAssignmentStates | Select-Object -ExpandProperty "
            "LicenseAssignmentStates",
        ),
        Step(
            "Process the licenses again",
            "If a group assigns the licenses, have them processed again.",
            command="Invoke-MgLicenseUser -UserId {user}",
        ),
    ),
)  # fmt: skip
def license_assignment_failed(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.errors:
        return None
    return Match(f"A license could not be assigned to {case.failure.mailbox}: {listed(list(found.errors))}.")


@rule(
    Cause.EXCHANGE_PLAN_DISABLED, Subject.MAILBOX, Confidence.CONFIRMED, Severity.MEDIUM,
    title="Exchange Online is switched off in the license",
    meaning="The user has a license, but its Exchange Online app is switched off, so the user has no mailbox.",
    recognized_by="The mailbox does not answer, and a license of the user has its mailbox plan among `disabledPlans`.",
    remedy=(
        Step(
            "Switch Exchange Online on",
            "Open Users > Active users > {mailbox} > Licenses and apps > Apps, select Exchange Online, and save. The "
            "mailbox is then created automatically, within 24 hours.",
            USERS,
            "Get-MgUser -UserId {user} -Property AssignedLicenses | Select-Object -ExpandProperty AssignedLicenses",
        ),
    ),
)  # fmt: skip
def exchange_plan_disabled(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.disabled:
        return None
    return Match(
        f"{case.failure.mailbox} has a license, but Exchange Online ({found.disabled[0]}) is switched off in it."
    )


@rule(
    Cause.LICENSE_LAPSED, Subject.MAILBOX, Confidence.CONFIRMED, Severity.MEDIUM,
    title="The Exchange Online license has lapsed",
    meaning="The subscription ended or the license was removed, so the mailbox is disconnected.",
    recognized_by="The mailbox does not answer, and the user's mailbox plan is Suspended, LockedOut, or Deleted.",
    remedy=(CHECK_SUBSCRIPTION, CHOOSE_LICENSE, ASSIGN_LICENSE),
)  # fmt: skip
def license_lapsed(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or found.disabled or found.working or found.lapsed is None:
        return None
    return Match(
        f"The Exchange Online plan of {case.failure.mailbox} ({plan_name(found.lapsed)}) has lapsed: its status is "
        f"{found.lapsed.capability_status}."
    )


@rule(
    Cause.PROVISIONING_ERROR, Subject.MAILBOX, Confidence.PROBABLE, Severity.MEDIUM,
    title="The mailbox could not be created",
    meaning="Microsoft 365 reports an error for the user, and the mailbox was not created. Most often, two objects have "
    "the same address.",
    recognized_by="The mailbox does not answer, and the user has an unresolved provisioning error.",
    could_also_be=("a mailbox that is missing for another reason, if the error is not about Exchange",),
    remedy=(
        Step(
            "Read the error",
            "The admin center shows it on the user's page. Usually two objects have the same address.",
            USERS,
            "Get-MgUser -UserId {user} -Property OnPremisesProvisioningErrors, ServiceProvisioningErrors | Format-List",
        ),
        Step(
            "Fix it at its source",
            "For a synced user, correct the attribute on-premises and let it sync. Otherwise correct it in Entra.",
        ),
    ),
)  # fmt: skip
def provisioning_error(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None:
        return None
    errors = found.provisioning_errors
    if not errors and "Error" not in found.provisioning:
        return None
    which = f" ({listed(errors)})" if errors else ""
    return Match(f"{case.failure.mailbox} has an unresolved provisioning error{which}, so its mailbox was not created.")


@rule(
    Cause.MAILBOX_PROVISIONING, Subject.MAILBOX, Confidence.PROBABLE, Severity.LOW,
    title="The mailbox is still being created",
    meaning="A new mailbox is ready within 24 hours after its license is assigned.",
    recognized_by="The mailbox does not answer, the user's plan is switched on, and its provisioning is pending or it "
    "was assigned less than 24 hours ago.",
    could_also_be=(Cause.MAILBOX_DISCONNECTED,),
    remedy=(
        Step("Wait", "A new mailbox is ready within 24 hours after its license is assigned."),
        Step(
            "Then triage again",
            "If there is still no mailbox, assign the license again, or open a case with Microsoft.",
            USERS,
            "Get-EXOMailbox -Identity {mailbox}",
        ),
    ),
)  # fmt: skip
def mailbox_provisioning(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.working:
        return None
    assigned = (plan.assigned_date_time for plan in found.working)
    recent = [moment for moment in assigned if moment and moment > case.evidence.now - PROVISIONING_TIME]
    if not found.pending and not recent:
        return None
    since = f" (the plan was assigned on {day(recent[0])}, less than 24 hours ago)" if recent else ""
    return Match(f"The mailbox of {case.failure.mailbox} is still being created{since}.")


@rule(
    Cause.MAILBOX_ON_PREMISES, Subject.MAILBOX, Confidence.PROBABLE, Severity.MEDIUM,
    title="The mailbox may be on-premises",
    meaning="The user is synced from on-premises. In a hybrid organization, the mailbox may be on the on-premises "
    "Exchange server, which Email Threat Defense can't access.",
    recognized_by="The mailbox does not answer, and the user is synced from on-premises. Without an Exchange Online plan "
    "this is only possible.",
    could_also_be=(Cause.MAILBOX_UNLICENSED,),
    remedy=(
        Step(
            "Find where the mailbox is",
            "In a hybrid organization, the mailbox may be on the on-premises Exchange server, which Email Threat Defense "
            "can't access. The type MailUser means that it is.",
            MAILBOXES,
            "Get-Recipient -Identity {mailbox} | Format-List RecipientTypeDetails, ExternalEmailAddress",
        ),
        FIND_ON_PREMISES,
        DELETE_ON_PREMISES,
        Step(
            "Or move the mailbox",
            "Migrate it to Exchange Online, or assign an Exchange Online license if the user has no mailbox at all.",
            MIGRATION,
        ),
    ),
)  # fmt: skip
def mailbox_on_premises(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.user.on_premises_sync_enabled:
        return None
    if found.working:
        return Match(
            f"{case.failure.mailbox} is synced from on-premises and has an Exchange Online plan, but no mailbox there: "
            "it is most likely still hosted on-premises."
        )
    if found.plans or found.disabled:
        return None
    return Match(
        f"{case.failure.mailbox} is synced from on-premises and has no Exchange Online plan: its mailbox is hosted "
        "on-premises, or it has none.",
        Confidence.POSSIBLE,
    )


@rule(
    Cause.MAILBOX_UNLICENSED, Subject.MAILBOX, Confidence.CONFIRMED, Severity.MEDIUM,
    title="The user has no Exchange Online license",
    meaning="Without a license that includes Exchange Online, the user has no mailbox.",
    recognized_by="The mailbox does not answer, the user has no mailbox plan, and is not synced from on-premises.",
    remedy=(CHECK_SUBSCRIPTION, CHOOSE_LICENSE, ASSIGN_LICENSE),
)  # fmt: skip
def mailbox_unlicensed(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or found.plans or found.disabled or found.user.on_premises_sync_enabled:
        return None
    return Match(f"{case.failure.mailbox} has no license with Exchange Online, so it has no mailbox.")


@rule(
    Cause.MAILBOX_DISCONNECTED, Subject.MAILBOX, Confidence.POSSIBLE, Severity.MEDIUM,
    title="The mailbox may have been disabled or soft-deleted",
    meaning="The user should have a mailbox, and there is none that answers. It may have been disabled or soft-deleted "
    "in Exchange.",
    recognized_by="The mailbox does not answer, although the user's plan is switched on and the user is not synced from "
    "on-premises.",
    could_also_be=(Cause.MAILBOX_PROVISIONING,),
    remedy=(
        Step(
            "Look for a soft-deleted mailbox",
            "Exchange Online keeps a disconnected mailbox for 30 days.",
            MAILBOXES,
            "Get-Mailbox -SoftDeletedMailbox -Identity {mailbox}",
        ),
        Step(
            "Restore it",
            "Restore it, or remove the license and assign it again to create a new mailbox.",
            USERS,
            "Undo-SoftDeletedMailbox -SoftDeletedObject {mailbox}",
        ),
    ),
)  # fmt: skip
def mailbox_disconnected(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.working or found.user.on_premises_sync_enabled:
        return None
    return Match(
        f"{case.failure.mailbox} has an Exchange Online plan that is switched on, but no mailbox that answers: it may "
        "have been disabled or soft-deleted in Exchange."
    )


def _without_mailbox(case: Case) -> License | None:
    """The license of a user whose mailbox does not answer. Raises Unread if one of the two is not known."""
    evidence = case.evidence
    user = evidence.person()
    if user is None or mailbox_answers(evidence):
        return None
    found = license(user)
    if found is None:
        answer = evidence.user if evidence.user.value is not None else evidence.alias
        raise Unread(answer.unread(Reason.FORBIDDEN, "User.Read.All"))
    return found
