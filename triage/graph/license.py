"""What a user's licenses say about Exchange Online."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from triage.graph.evidence import Answer
from triage.graph.models.directory import ServiceProvisioningError, User
from triage.graph.models.licenses import AssignedPlan, LicenseAssignmentState, SubscribedSku
from triage.graph.plans import MAILBOX_PLANS, OTHER_PLANS

# assignedPlan.capabilityStatus. In the grace period after a lapse (Warning), the mailbox still works.
_WORKING = ("Enabled", "Warning")
_LAPSED = ("Suspended", "LockedOut")
_DELETED = "Deleted"


@dataclass(frozen=True)
class License:
    """A user's mailbox plans, and what is wrong with them. `skus`: what the tenant's SKUs include, None if not known."""

    user: User
    skus: tuple[SubscribedSku, ...] | None = None

    @cached_property
    def plans(self) -> list[AssignedPlan]:
        """The user's mailbox plans. One that was taken away stays among them, as Deleted."""
        return [plan for plan in self.user.assigned_plans or [] if _id(plan) in MAILBOX_PLANS]

    @cached_property
    def switched_off(self) -> list[str]:
        """The mailbox plans that are switched off in a license, unless another license brings one that works."""
        off = [{_key(plan) for plan in sku.disabled_plans} for sku in self.user.assigned_licenses or []]
        names = [name for plans in off for plan, name in MAILBOX_PLANS.items() if plan in plans]
        in_every_license = all(plans & MAILBOX_PLANS.keys() for plans in off)
        return names if in_every_license or not self._with(_WORKING) else []

    @property
    def working(self) -> list[AssignedPlan]:
        """The mailbox plans that are switched on."""
        return [] if self.switched_off else self._with(_WORKING)

    @property
    def lapsed(self) -> AssignedPlan | None:
        """A mailbox plan whose subscription ended."""
        return next(iter(self._with(_LAPSED)), None)

    @property
    def deleted(self) -> AssignedPlan | None:
        """A mailbox plan that was taken away: its license was removed, or its subscription ended long ago."""
        return next(iter(self._with((_DELETED,))), None)

    @property
    def all_deleted(self) -> bool:
        """Whether the user has no mailbox plan, or only plans that were taken away."""
        return all(plan.capability_status == _DELETED for plan in self.plans)

    @property
    def new_plan(self) -> AssignedPlan | None:
        """A plan of Exchange that is switched on, and of which it is not known whether it includes a mailbox."""
        known = MAILBOX_PLANS.keys() | OTHER_PLANS.keys()
        plans = (plan for plan in self.user.assigned_plans or [] if plan.capability_status in _WORKING)
        return next((plan for plan in plans if _key(plan.service) == "exchange" and _id(plan) not in known), None)

    def _with(self, status: tuple[str, ...]) -> list[AssignedPlan]:
        return [plan for plan in self.plans if plan.capability_status in status]

    @property
    def errors(self) -> list[LicenseAssignmentState]:
        """The licenses that could not be assigned. Graph documents null for no error, and sends "None"."""
        states = self.user.license_assignment_states or []
        return [state for state in states if _key(state.error) not in ("", "none")]

    @property
    def asks_for_skus(self) -> bool:
        """Whether the cause depends on what a SKU includes."""
        removed = self.deleted and not self.switched_off and self.user.assigned_licenses
        return not self.working and bool(self.errors or removed)

    @property
    def still_licensed(self) -> bool | None:
        """Whether a license that may have brought a deleted plan is still assigned; None if the SKUs are not known.

        A SKU that the tenant no longer has may have brought it.
        """
        assigned = self.user.assigned_licenses or []
        if assigned and self.skus is None:
            return None
        return any(self.includes_mailbox(sku.sku_id) is not False for sku in assigned)

    def includes_mailbox(self, sku_id: str | None) -> bool | None:
        """Whether a SKU includes a mailbox plan; None if that is not known."""
        sku = self._sku(sku_id)
        return None if sku is None else any(_key(plan.service_plan_id) in MAILBOX_PLANS for plan in sku.service_plans)

    def sku_name(self, sku_id: str | None) -> str:
        """The name of a SKU, such as SPE_E3, or its id."""
        sku = self._sku(sku_id)
        return (sku.sku_part_number if sku else None) or f"SKU {sku_id}"

    def _sku(self, sku_id: str | None) -> SubscribedSku | None:
        return next((sku for sku in self.skus or () if _key(sku.sku_id) == _key(sku_id)), None)

    @property
    def provisioning(self) -> list[str]:
        """How far Exchange is with the user's plans. Graph does not say which of them is the mailbox's."""
        plans = self.user.provisioned_plans or []
        return [plan.provisioning_status or "" for plan in plans if _key(plan.service) == "exchange"]

    @property
    def pending(self) -> bool:
        """Whether Exchange still has to provision a plan. For some plans it never does."""
        return any(status.startswith("Pending") for status in self.provisioning)

    @property
    def provisioning_errors(self) -> list[str]:
        """All unresolved provisioning errors: where they are, in the directory or in a service."""
        directory = [error.category or "unnamed" for error in self.user.on_premises_provisioning_errors or []]
        return directory + [error.service_instance or "unnamed" for error in self._unresolved]

    @property
    def _unresolved(self) -> list[ServiceProvisioningError]:
        return [error for error in self.user.service_provisioning_errors or [] if not error.is_resolved]

    @property
    def exchange_errors(self) -> list[str]:
        """The unresolved provisioning errors of Exchange. If all its plans have an error, the mailbox's has."""
        found = [error.service_instance or "" for error in self._unresolved]
        every_plan = ["every Exchange plan"] if set(self.provisioning) == {"Error"} else []
        return [name for name in found if _key(name).startswith("exchange")] + every_plan


def license(user: User, skus: Answer[list[SubscribedSku]]) -> License | None:
    """The user's license; None if Graph did not show it (a caller with too few permissions gets nulls)."""
    if user.assigned_plans is None or user.assigned_licenses is None:
        return None
    return License(user, None if skus.value is None else tuple(skus.value))


def plan_name(plan: AssignedPlan) -> str:
    """The name of a mailbox plan, such as EXCHANGE_S_STANDARD."""
    return MAILBOX_PLANS[_id(plan)]


def _id(plan: AssignedPlan) -> str:
    return _key(plan.service_plan_id)


def _key(text: str | None) -> str:
    """A name or id to compare: their case differs from one answer to another."""
    return (text or "").lower()
