"""Triages one failure: finds its tenant, collects evidence from Graph, and makes the finding."""

from __future__ import annotations

import asyncio

from triage import deadlines
from triage.diagnosis.case import Case
from triage.diagnosis.diagnose import diagnose, undetermined
from triage.finding import Finding, make_finding
from triage.graph.collect import collect
from triage.graph.evidence import Answer, Lack, Reason
from triage.graph.tenants import Tenants
from triage.intake.queue_message import QueuedFailure
from triage.intake.scenario import classify
from triage.settings import Settings, Tenant


async def triage(settings: Settings, tenants: Tenants, queued: QueuedFailure) -> Finding:
    """The finding of one failure, not yet stored. Errors of Graph are part of the finding, and are not raised."""
    queued = _in_time(settings, queued)
    failure = queued.failure
    classified = classify(failure.error, failure.error_code)
    home, tenant_id = await _home(settings, tenants, queued)
    if not isinstance(home, Tenant):
        diagnosis = undetermined((home,), failure.mailbox)
        return make_finding(queued, tenant_id, classified, diagnosis, None)
    evidence = await collect(
        tenants.graph(home), failure, classified[0], since=queued.since, seconds=deadlines.EVIDENCE
    )
    case = Case(failure, classified[0], evidence)
    return make_finding(queued, tenant_id, classified, diagnose(case), case)


async def _home(settings: Settings, tenants: Tenants, queued: QueuedFailure) -> tuple[Tenant | Lack, str | None]:
    """The tenant to ask, or why there is none, and the ID of the tenant that the failure belongs to.

    If the mailbox's domain is in none of the configured tenants, the failure belongs to no tenant. The first tenant is
    asked who owns the domain.
    """
    failure = queued.failure
    if failure.tenant_id is not None:
        tenant = settings.tenant(failure.tenant_id)
        return tenant or Lack(check="tenant", reason=Reason.TENANT_NOT_CONFIGURED), failure.tenant_id
    try:
        async with asyncio.timeout(deadlines.OWNER):
            owner = await tenants.owner(failure, since=queued.since)
    except TimeoutError:
        return Lack(check="organization", reason=Reason.TIMEOUT), None
    if isinstance(owner, Tenant):
        return owner, owner.tenant_id
    if isinstance(owner, Answer):
        return owner.lack, None
    return settings.tenants[0], None


def poison_finding(settings: Settings, queued: QueuedFailure) -> Finding:
    """The finding of a failure for which every try failed. Graph is not asked, not even for the tenant."""
    queued = _in_time(settings, queued)
    failure = queued.failure
    tenant_id = settings.configured_tenant_id(failure.tenant_id, failure.mailbox)
    diagnosis = undetermined((Lack(check="triage", reason=Reason.POISON),), failure.mailbox)
    return make_finding(queued, tenant_id, classify(failure.error, failure.error_code), diagnosis, None)


def _in_time(settings: Settings, queued: QueuedFailure) -> QueuedFailure:
    """The failure, with the time of arrival if its own can't be right. The finding's ID is made from the original time."""
    failure = queued.failure.in_time(queued.received_at, settings.retention_days)
    return queued.model_copy(update={"failure": failure})
