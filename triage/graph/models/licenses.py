"""Graph's answers about licenses: what a user has, and what the products of a tenant contain."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from triage.graph.models.resource import Resource


class AssignedLicense(Resource):
    """`assignedLicense`: a SKU, and the plans in it that are switched off."""

    sku_id: str | None = None
    disabled_plans: list[str] = Field(default_factory=list[str])


class AssignedPlan(Resource):
    """`assignedPlan`: capabilityStatus is Enabled, Warning, Suspended, Deleted or LockedOut."""

    assigned_date_time: datetime | None = None
    capability_status: str | None = None
    service: str | None = None
    service_plan_id: str | None = None


class ProvisionedPlan(Resource):
    """`provisionedPlan`: it names a service only, not a plan."""

    provisioning_status: str | None = None
    service: str | None = None


class LicenseAssignmentState(Resource):
    """`licenseAssignmentState`: `error` is null or "None" if there is none."""

    sku_id: str | None = None
    state: str | None = None
    error: str | None = None


class ServicePlanInfo(Resource):
    """`servicePlanInfo`: a plan in a SKU."""

    service_plan_id: str | None = None


class SubscribedSku(Resource):
    """`subscribedSku`: a product that the tenant has licenses of, and the plans in it."""

    sku_id: str | None = None
    sku_part_number: str | None = None
    service_plans: list[ServicePlanInfo] = Field(default_factory=list[ServicePlanInfo])
