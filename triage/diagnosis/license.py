"""What a user's licenses say about Exchange Online."""

from __future__ import annotations

from dataclasses import dataclass

from triage.diagnosis.plans import MAILBOX_PLANS
from triage.graph.models import AssignedPlan, User

# assignedPlan.capabilityStatus: with these the mailbox exists (Warning is the grace period after a lapse).
WORKING = ("Enabled", "Warning")
LAPSED = ("Suspended", "LockedOut", "Deleted")


@dataclass(frozen=True, slots=True)
class License:
    """A user's mailbox plans, those that are switched off in a license, and the errors of assigning and provisioning."""

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
    def lapsed(self) -> AssignedPlan | None:
        """The first mailbox plan that has lapsed."""
        return next((plan for plan in self.plans if plan.capability_status in LAPSED), None)

    @property
    def provisioning_errors(self) -> list[str]:
        """Where the unresolved provisioning errors are: a category on-premises, a service in the cloud."""
        return [
            *(error.category or "unnamed" for error in self.user.on_premises_provisioning_errors or []),
            *(
                error.service_instance or "unnamed"
                for error in self.user.service_provisioning_errors or []
                if not error.is_resolved
            ),
        ]

    @property
    def pending(self) -> bool:
        """Whether Exchange still has to provision the plan."""
        return any(status.startswith("Pending") for status in self.provisioning)


def license(user: User) -> License | None:
    """The user's license; None if Graph did not show it (a caller with too few permissions gets nulls)."""
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
        disabled = []  # another license of the user includes the plan
    errors = [
        f"{state.error} (SKU {state.sku_id})" for state in user.license_assignment_states or [] if _failed(state.error)
    ]
    provisioning = [
        plan.provisioning_status or "" for plan in user.provisioned_plans or [] if _is_exchange(plan.service)
    ]
    return License(user, plans, tuple(disabled), tuple(errors), tuple(provisioning))


def plan_name(plan: AssignedPlan) -> str:
    """The name of a mailbox plan, such as EXCHANGE_S_STANDARD."""
    return MAILBOX_PLANS[(plan.service_plan_id or "").lower()]


def _ids(plans: list[str]) -> set[str]:
    return {plan.lower() for plan in plans}


def _failed(error: str | None) -> bool:
    """Graph documents null for no error, and sends "None"."""
    return (error or "None").lower() != "none"


def _is_exchange(service: str | None) -> bool:
    return (service or "").lower() == "exchange"
