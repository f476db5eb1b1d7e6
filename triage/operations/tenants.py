"""The configured tenants: the name and the state of each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from triage import deadlines
from triage.coverage.model import ScanState
from triage.graph.models.directory import Organization
from triage.operations.services import Services
from triage.settings import Tenant


async def describe_tenants(services: Services, tenants: tuple[Tenant, ...]) -> list[dict[str, Any]]:
    """Each tenant as in `GET /api/tenants`. Raises azure.core's errors. If Graph can't be reached, the name is a domain."""
    ids = tuple(tenant.tenant_id for tenant in tenants)
    asked = asyncio.gather(*(_organization(services, tenant) for tenant in tenants))
    audits, exposures, incidents, scans, organizations = await asyncio.gather(
        services.audits.latest(ids), services.exposures.totals(ids), services.incident_lists.open_by_tenant(),
        services.coverages.latest(ids, ScanState.COMPLETE), asked,
    )  # fmt: skip
    newest = {audit.tenant_id: audit for audit in audits}
    covered = {scan.tenant_id: {"mailboxes": scan.mailboxes, "uncovered": scan.uncovered} for scan in scans}
    return [
        {
            "tenantId": tenant.tenant_id,
            "name": _name(tenant, organization),
            "mode": tenant.mode.value,
            "domains": list(tenant.domains or _verified(organization)),
            "verdict": audit.verdict.value if (audit := newest.get(tenant.tenant_id)) else None,
            "auditedAt": audit.audited_at if audit else None,
            "openIncidents": incidents[tenant.tenant_id],
            "exposed": exposures.by_tenant[tenant.tenant_id],
            "coverage": covered.get(tenant.tenant_id),
        }
        for tenant, organization in zip(tenants, organizations, strict=True)
    ]


async def tenant_names(services: Services, tenant_ids: Iterable[str | None]) -> dict[str, str]:
    """What those of these tenants that are configured are called, by ID."""
    found = [tenant for tenant_id in set(tenant_ids) if (tenant := services.settings.tenant(tenant_id))]
    organizations = await asyncio.gather(*(_organization(services, tenant, named=True) for tenant in found))
    return {
        tenant.tenant_id: _name(tenant, organization) for tenant, organization in zip(found, organizations, strict=True)
    }


async def _organization(services: Services, tenant: Tenant, *, named: bool = False) -> Organization | None:
    """The organization in Graph, if it is needed and arrives in time. It is cached for 15 minutes.

    `named`: it is needed only for the name.
    """
    if tenant.name and (named or tenant.domains):
        return None
    with suppress(TimeoutError):
        async with asyncio.timeout(deadlines.TENANT_NAME):
            return (await services.tenants.graph(tenant).organization.get()).value
    return None


def _name(tenant: Tenant, organization: Organization | None) -> str:
    """The name of the tenant: that in the settings, or the organization's, or a domain."""
    known = (
        tenant.name,
        organization.display_name if organization else None,
        *tenant.domains,
        *_verified(organization),
    )
    return next(filter(None, known), tenant.tenant_id)


def _verified(organization: Organization | None) -> list[str]:
    return [domain.name for domain in (organization.verified_domains if organization else None) or []]
