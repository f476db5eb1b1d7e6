"""Scans a tenant for mailboxes that could not be remediated today."""

from __future__ import annotations

from triage.coverage.model import CoverageChanges, CoverageScan, new_scan
from triage.coverage.work import Work
from triage.operations.services import Services
from triage.settings import Tenant


async def start_scan(services: Services, tenant: Tenant) -> CoverageScan:
    """Begins a scan of a tenant, or returns the one that runs already. Raises azure.core's errors."""
    earlier = await services.coverages.last_complete(tenant.tenant_id)
    scan = new_scan(tenant.tenant_id)
    work = Work(stored_at=scan.started_at)
    if earlier is not None:
        scan = scan.model_copy(update={"changes": CoverageChanges(since=earlier.scan.id)})
        work = work.model_copy(update={"earlier": earlier.mailboxes, "expected": earlier.scan.users})
    stored = await services.coverage_runs.begin(scan, work)
    return stored.scan
