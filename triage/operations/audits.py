"""Audits a tenant: reads its ETD app again, and reports what is wrong and what has changed since the last audit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from triage import deadlines
from triage.audit.assess import assess
from triage.audit.contents import unreadable
from triage.audit.drift import compared_with, culprits, drift
from triage.audit.model import Audit, new_audit
from triage.graph.directory_audits import DirectoryAudit, read_changes
from triage.graph.evidence import Answer, AppEvidence, Reason, State
from triage.graph.tenants import TenantGraph, Tenants
from triage.intake.queue_message import QueuedAudit
from triage.notifications.audits import audit_occasions
from triage.notifications.pending import pending
from triage.operations.at_once import all_of
from triage.operations.incidents import follow_audit
from triage.operations.services import Services
from triage.settings import Settings, Tenant
from triage.telemetry.instruments import Metric, count, span

# A slow Graph takes 20 seconds for each, and a request has 25 for all of them.
_TENANTS_AT_ONCE = 32

_log = logging.getLogger(__name__)


async def queue_audits(services: Services, tenants: Iterable[Tenant]) -> None:
    """Has each tenant audited by a message of its own. Raises azure.core's errors.

    If Graph is slow, the audits of many tenants take longer than a function may. An audit that fails is tried again.
    """
    await services.looks.send([QueuedAudit(tenant_id=tenant.tenant_id).encode() for tenant in tenants])


async def audit_queued(services: Services, queued: QueuedAudit) -> None:
    """Audits the tenant of a message, unless it is not configured any more. Raises azure.core's errors."""
    tenant = services.settings.tenant(queued.tenant_id)
    if tenant is not None:
        await audit_tenant(services, tenant)


async def audit_all(services: Services, tenants: tuple[Tenant, ...]) -> list[Audit]:
    """Audits tenants, a few at a time, and stores the audits.

    If an audit fails (azure.core's errors), the other tenants are audited before the first error is raised.
    """
    limit = asyncio.Semaphore(_TENANTS_AT_ONCE)

    async def one(tenant: Tenant) -> Audit:
        async with limit:
            return await audit_tenant(services, tenant)

    return await all_of(one(tenant) for tenant in tenants)


async def audit_tenant(services: Services, tenant: Tenant) -> Audit:
    """Audits one tenant and stores the audit. Raises azure.core's errors; a failure of Graph is part of the audit."""
    with span("Audit") as note:
        earlier = await services.audits.earlier(tenant.tenant_id)
        audit, log = await asyncio.gather(
            audit_without_storage(services.settings, services.tenants, tenant),
            _changes(services.tenants.graph(tenant), earlier),
        )
        audit = _with_drift(audit, earlier, log)
        # Notifications first: if the audit can't be saved, the next one sends them again.
        await _tell(services, audit, earlier)
        await services.audits.save(audit)
        await follow_audit(services, audit)
        note(verdict=audit.verdict.value)
    count(Metric.AUDITS, verdict=audit.verdict.value)
    _log.info("Audited a tenant: %s", audit.verdict.value)
    return audit


async def _tell(services: Services, audit: Audit, earlier: list[Audit]) -> None:
    if services.settings.notifications:
        told = audit_occasions(audit, earlier)
        await services.outbox.add(row for one in told for row in pending(services.settings.notifications, one))


async def audit_without_storage(settings: Settings, tenants: Tenants, tenant: Tenant) -> Audit:
    """Audits one tenant and stores nothing. Without an earlier audit there is no drift."""
    app = await _read(tenants.graph(tenant)) if tenant.app_id else None
    return assess(new_audit(tenant), tenant, app, settings.credential_warning_days, several=len(settings.tenants) > 1)


async def _changes(graph: TenantGraph, earlier: list[Audit]) -> Answer[list[DirectoryAudit]]:
    """Who changed apps since the audit that this one is compared with. Not read if there is no earlier audit or no app."""
    if not earlier or graph.tenant.app_id is None:
        return Answer("app_changes")
    # Graph accepts at most seven digits of a second.
    return await read_changes(graph.session, f"{compared_with(earlier).audited_at[:19]}Z")


def _with_drift(audit: Audit, earlier: list[Audit], log: Answer[list[DirectoryAudit]]) -> Audit:
    found = drift(audit, earlier)
    if found is None:
        return audit
    unread = list(audit.unreadable)
    if log.state is State.UNREAD and not found.nothing:
        unread += unreadable([log])
    found = found.model_copy(update={"by": culprits(audit, earlier, log)})
    return audit.model_copy(update={"drift": found, "unreadable": unread})


async def _read(graph: TenantGraph) -> AppEvidence:
    """The app, read now within the time for an audit."""
    try:
        async with asyncio.timeout(deadlines.AUDIT):
            return await graph.audited_app()
    except TimeoutError:
        return AppEvidence(Answer("service_principal")).all_unread(Reason.TIMEOUT)
