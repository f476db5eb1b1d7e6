"""Is it the license? Why a user whose mailbox does not answer has no Exchange Online plan that works."""

from __future__ import annotations

from triage.diagnosis.case import Match, listed
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.license_steps import ASSIGN_LICENSE, CHECK_SUBSCRIPTION, CHOOSE_LICENSE, MAILBOX_PLAN_NAMES
from triage.diagnosis.no_mailbox import if_not_synced, unless_synced
from triage.diagnosis.portals import LICENSES, USERS
from triage.diagnosis.rule import rule
from triage.diagnosis.steps import CHECK_RECIPIENT, Step
from triage.graph.license import License, plan_name


@rule(
    Cause.LICENSE_ASSIGNMENT_FAILED, Subject.MAILBOX, Confidence.CONFIRMED, Severity.MEDIUM,
    rests_on=("license", "subscribed_skus", "mailbox"),
    title="A license could not be assigned to the user",
    meaning="A license with Exchange Online was assigned, but it did not take effect, so the user has no mailbox.",
    recognized_by="The mailbox does not answer, no mailbox plan of the user works, and `licenseAssignmentStates` has an "
    "error for a SKU that includes a mailbox plan. The user is not synced from on-premises. If what the SKU includes can't "
    "be read, this is only possible.",
    could_also_be=(
        Cause.EXCHANGE_PLAN_DISABLED, Cause.LICENSE_LAPSED, Cause.PROVISIONING_ERROR, Cause.MAILBOX_UNLICENSED,
        Cause.MAILBOX_DISCONNECTED,
    ),
    remedy=(
        CHECK_SUBSCRIPTION,
        Step(
            "Fix the assignment",
            "CountViolation: buy or free licenses. DependencyViolation and MutuallyExclusiveViolation: choose plans that "
            "go together. ProhibitedInUsageLocationViolation: set the usage location.",
            LICENSES,
            """Get-MgUser -UserId {user} -Property LicenseAssignmentStates | Select-Object -ExpandProperty LicenseAssignmentStates |
    Format-Table SkuId, State, Error, AssignedByGroup, LastUpdatedDateTime""",
        ),
        Step(
            "Process the licenses again",
            "If a group assigns the licenses, have them processed again.",
            command="Invoke-MgLicenseUser -UserId {user}",
        ),
    ),
)  # fmt: skip
@unless_synced(Cause.LICENSE_ASSIGNMENT_FAILED)
def license_assignment_failed(found: License, mailbox: str) -> Match | None:
    """An error of a SKU that includes a mailbox counts; of the others, those whose SKU could not be read."""
    if found.working:
        return None
    sure = [error for error in found.errors if found.includes_mailbox(error.sku_id)]
    errors = sure or [error for error in found.errors if found.includes_mailbox(error.sku_id) is None]
    if not errors:
        return None
    names = listed([f"{error.error} ({found.sku_name(error.sku_id)})" for error in errors])
    text = f"A license could not be assigned to {mailbox}: {names}."
    if sure:
        return Match(text)
    return Match(
        f"{text} What it includes could not be read, so it may be a license without Exchange Online.",
        Confidence.POSSIBLE,
        if_not_synced(found, mailbox, below=Cause.LICENSE_ASSIGNMENT_FAILED),
    )


@rule(
    Cause.EXCHANGE_PLAN_DISABLED, Subject.MAILBOX, Confidence.CONFIRMED, Severity.MEDIUM,
    title="Exchange Online is switched off in the license",
    meaning="The user has a license, but its Exchange Online app is switched off, so the user has no mailbox.",
    recognized_by="The mailbox does not answer, a license of the user has its mailbox plan among `disabledPlans`, and no "
    "other license brings one. The user is not synced from on-premises.",
    remedy=(
        Step(
            "Switch Exchange Online on",
            "Open Users > Active users > {mailbox} > Licenses and apps > Apps, select Exchange Online, and save. The mailbox is "
            "then created automatically, within 24 hours. The command does that for licenses that are assigned to the user "
            "directly; if a group assigns them, switch it on in the license of the group.",
            USERS,
            f"""$user = Get-MgUser -UserId {{user}} -Property Id, AssignedLicenses
$exchange = (Get-MgSubscribedSku).ServicePlans | Where-Object ServicePlanName -match {MAILBOX_PLAN_NAMES}
foreach ($license in $user.AssignedLicenses) {{{{
    $rest = @($license.DisabledPlans | Where-Object {{{{ $_ -notin $exchange.ServicePlanId }}}})
    if ($rest.Count -lt @($license.DisabledPlans).Count) {{{{
        Set-MgUserLicense -UserId $user.Id -AddLicenses @(@{{{{ SkuId = $license.SkuId; DisabledPlans = $rest }}}}) -RemoveLicenses @()
    }}}}
}}}}""",
        ),
    ),
)  # fmt: skip
@unless_synced(Cause.EXCHANGE_PLAN_DISABLED)
def exchange_plan_disabled(found: License, mailbox: str) -> Match | None:
    if not found.switched_off:
        return None
    return Match(f"{mailbox} has a license, but Exchange Online ({found.switched_off[0]}) is switched off in it.")


@rule(
    Cause.LICENSE_LAPSED, Subject.MAILBOX, Confidence.CONFIRMED, Severity.MEDIUM,
    rests_on=("license", "subscribed_skus", "mailbox"),
    title="The Exchange Online license has lapsed",
    meaning="The subscription of the user's license ended, so the mailbox is disconnected.",
    recognized_by="The mailbox does not answer, and the user's mailbox plan is Suspended or LockedOut, or is Deleted while "
    "its license is still assigned. The user is not synced from on-premises. If the plan is Deleted and what the assigned "
    "licenses include can't be read, this is only possible.",
    could_also_be=(Cause.PROVISIONING_ERROR, Cause.MAILBOX_UNLICENSED),
    remedy=(CHECK_SUBSCRIPTION, CHOOSE_LICENSE, ASSIGN_LICENSE),
)  # fmt: skip
@unless_synced(Cause.LICENSE_LAPSED)
def license_lapsed(found: License, mailbox: str) -> Match | None:
    plan = found.lapsed or found.deleted
    if found.switched_off or found.working or plan is None or (plan is found.deleted and found.still_licensed is False):
        return None
    whose = f"The Exchange Online plan of {mailbox} ({plan_name(plan)})"
    if plan is found.lapsed or found.still_licensed:
        return Match(f"{whose} has lapsed: its status is {plan.capability_status}.")
    return Match(
        f"{whose} is Deleted: its subscription ended, or its license was removed. What the user's other licenses include "
        "could not be read.",
        Confidence.POSSIBLE,
        if_not_synced(found, mailbox, below=Cause.LICENSE_LAPSED) or (Cause.MAILBOX_UNLICENSED,),
    )


@rule(
    Cause.MAILBOX_UNLICENSED, Subject.MAILBOX, Confidence.PROBABLE, Severity.MEDIUM,
    title="The user has no Exchange Online license",
    meaning="Without a license that includes Exchange Online, the user has no mailbox. A shared, room, or equipment mailbox "
    "needs no license, but then it answers. If a license was removed, the mailbox is kept for 30 days, and a license that is "
    "assigned before then brings it back.",
    recognized_by="The mailbox does not answer, and the user has no mailbox plan and is not synced from on-premises. This is "
    "confirmed if a license was removed: the mailbox plan is Deleted, and no assigned license includes it. It is only "
    "possible if a plan of Exchange is switched on that the service does not know.",
    could_also_be=("a mail user, whose mailbox is elsewhere: in Graph it looks the same", Cause.MAILBOX_DISCONNECTED),
    remedy=(CHECK_SUBSCRIPTION, CHECK_RECIPIENT, CHOOSE_LICENSE, ASSIGN_LICENSE),
)  # fmt: skip
@unless_synced(Cause.MAILBOX_UNLICENSED)
def mailbox_unlicensed(found: License, mailbox: str) -> Match | None:
    if found.switched_off or not found.all_deleted or (found.deleted and found.still_licensed is not False):
        return None
    removed = f"The license with Exchange Online of {mailbox} was removed" if found.deleted else None
    text = removed or f"{mailbox} has no license with Exchange Online"
    if found.new_plan is not None:
        return Match(
            f"{text} that this service knows. But a plan of Exchange is switched on that it does not know "
            f"({found.new_plan.service_plan_id}), and that may include a mailbox.",
            Confidence.POSSIBLE,
            (Cause.MAILBOX_DISCONNECTED,),
        )
    if removed:
        return Match(f"{removed}, so the user has no mailbox.", Confidence.CONFIRMED)
    return Match(f"{text}, so it has no mailbox here. It may be a mail user, whose mailbox is elsewhere.")
