"""Is it the mailbox? Why Exchange Online has none that answers for this user."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from triage.diagnosis.case import Case, Match, day, listed, mailbox_answers
from triage.diagnosis.causes import Cause, Confidence
from triage.diagnosis.plans import MAILBOX_PLANS
from triage.graph.evidence import Evidence, Reason, Unread
from triage.graph.models import AssignedPlan, User

# assignedPlan.capabilityStatus: with these the mailbox is there (Warning is the grace period after a lapse).
WORKING = ("Enabled", "Warning")
LAPSED = ("Suspended", "LockedOut", "Deleted")
PROVISIONING_TIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class License:
    """What a user's licenses come to, for Exchange Online."""

    user: User
    plans: tuple[AssignedPlan, ...]
    disabled: tuple[str, ...]
    errors: tuple[str, ...]
    provisioning: tuple[str, ...]

    @property
    def working(self) -> list[AssignedPlan]:
        """The mailbox plans that are switched on."""
        return [plan for plan in self.plans if plan.capability_status in WORKING]

    @property
    def pending(self) -> bool:
        """Whether Exchange has yet to provision the plan."""
        return any(status.startswith("Pending") for status in self.provisioning)


def license(user: User) -> License | None:
    """The user's license, or None where Graph did not show it (a caller with too few permissions gets nulls)."""
    if user.assigned_plans is None or user.assigned_licenses is None:
        return None
    disabled = [
        MAILBOX_PLANS[plan.lower()]
        for sku in user.assigned_licenses
        for plan in sku.disabled_plans
        if plan.lower() in MAILBOX_PLANS
    ]
    plans = tuple(plan for plan in user.assigned_plans if (plan.service_plan_id or "").lower() in MAILBOX_PLANS)
    working = any(plan.capability_status in WORKING for plan in plans)
    whole = any(not (_ids(sku.disabled_plans) & MAILBOX_PLANS.keys()) for sku in user.assigned_licenses)
    if working and whole:
        disabled = []  # another license of the user's brings the plan
    errors = [
        f"{state.error} (SKU {state.sku_id})" for state in user.license_assignment_states or [] if _failed(state.error)
    ]
    provisioning = [
        plan.provisioning_status or "" for plan in user.provisioned_plans or [] if _is_exchange(plan.service)
    ]
    return License(user, plans, tuple(disabled), tuple(errors), tuple(provisioning))


def license_assignment_failed(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.errors:
        return None
    return Match(f"A license could not be assigned to {case.failure.mailbox}: {listed(list(found.errors))}.")


def exchange_plan_disabled(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.disabled:
        return None
    return Match(
        f"{case.failure.mailbox} has a license, but Exchange Online ({found.disabled[0]}) is switched off in it."
    )


def license_lapsed(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or found.disabled or found.working:
        return None
    lapsed = next((plan for plan in found.plans if plan.capability_status in LAPSED), None)
    if lapsed is None:
        return None
    name = MAILBOX_PLANS[(lapsed.service_plan_id or "").lower()]
    return Match(
        f"The Exchange Online plan of {case.failure.mailbox} ({name}) has lapsed: it is {lapsed.capability_status}."
    )


def provisioning_error(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None:
        return None
    on_premises = [error.category or "unnamed" for error in found.user.on_premises_provisioning_errors or []]
    services = [
        error.service_instance or "unnamed"
        for error in found.user.service_provisioning_errors or []
        if not error.is_resolved
    ]
    if not on_premises and not services and "Error" not in found.provisioning:
        return None
    which = f" ({listed([*on_premises, *services])})" if on_premises or services else ""
    return Match(f"{case.failure.mailbox} has an unresolved provisioning error{which}: its mailbox was not made.")


def mailbox_provisioning(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.working:
        return None
    start = case.evidence.now - PROVISIONING_TIME
    recent = [
        plan.assigned_date_time for plan in found.working if plan.assigned_date_time and plan.assigned_date_time > start
    ]
    if not found.pending and not recent:
        return None
    since = f" (the plan was assigned on {day(recent[0])}, within 24 hours)" if recent else ""
    return Match(f"The mailbox of {case.failure.mailbox} is still being set up{since}.")


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
        (Cause.MAILBOX_UNLICENSED,),
    )


def mailbox_unlicensed(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or found.plans or found.disabled or found.user.on_premises_sync_enabled:
        return None
    return Match(f"{case.failure.mailbox} has no license with Exchange Online, so it has no mailbox.")


def mailbox_disconnected(case: Case) -> Match | None:
    found = _without_mailbox(case)
    if found is None or not found.working or found.user.on_premises_sync_enabled:
        return None
    return Match(
        f"{case.failure.mailbox} has an Exchange Online plan that is switched on, and no mailbox that answers: it may "
        "have been disabled or soft-deleted in Exchange.",
        alternatives=(Cause.MAILBOX_PROVISIONING,),
    )


def _without_mailbox(case: Case) -> License | None:
    """The license of a user (no guest) whose mailbox does not answer; Unread where one of these is not known."""
    evidence = case.evidence
    user = evidence.person()
    if user is None or mailbox_answers(evidence):
        return None
    found = license(user)
    if found is None:
        raise Unread(_person_answer(evidence).unread(Reason.FORBIDDEN, "User.Read.All"))
    return found


def _person_answer(evidence: Evidence):  # type: ignore[no-untyped-def]
    return evidence.user if evidence.user.value is not None else evidence.alias


def _ids(plans: list[str]) -> set[str]:
    return {plan.lower() for plan in plans}


def _failed(error: str | None) -> bool:
    """Graph documents null for no error, and sends "None"."""
    return (error or "None").lower() != "none"


def _is_exchange(service: str | None) -> bool:
    return (service or "").lower() == "exchange"


RULES = {
    Cause.LICENSE_ASSIGNMENT_FAILED: license_assignment_failed,
    Cause.EXCHANGE_PLAN_DISABLED: exchange_plan_disabled,
    Cause.LICENSE_LAPSED: license_lapsed,
    Cause.PROVISIONING_ERROR: provisioning_error,
    Cause.MAILBOX_PROVISIONING: mailbox_provisioning,
    Cause.MAILBOX_ON_PREMISES: mailbox_on_premises,
    Cause.MAILBOX_UNLICENSED: mailbox_unlicensed,
    Cause.MAILBOX_DISCONNECTED: mailbox_disconnected,
}
