"""A coverage scan from a laptop: with Graph only, and nothing is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from triage.coverage.compare import kept
from triage.coverage.model import CoverageScan, ScanState, UncoveredMailbox, new_scan
from triage.coverage.tally import counted, ended
from triage.coverage.work import Work
from triage.graph.tenants import Tenants
from triage.operations.scanner import FORGOTTEN, MOST_ROUNDS, Blocked, Part, Scanner, StartOver
from triage.settings import Tenant

PATIENCE_SECONDS = 600.0
"""How long the scan waits for Graph before it ends as it is."""

Progress = Callable[[CoverageScan, list[UncoveredMailbox]], None]
"""Called after each part with the scan so far and the uncovered mailboxes of the part."""


async def scan_without_storage(tenants: Tenants, tenant: Tenant, progress: Progress) -> CoverageScan:
    """Scans one tenant, and returns the scan. Raises nothing for what Graph does: then the scan is partial.

    The users of a part are reported before the next part is read, so memory doesn't grow. If Graph no longer knows the
    page, the scan starts over: then `progress` gets a scan with fewer users than before.
    """
    scanner = Scanner(tenants.graph(tenant))
    scan, work, waited = new_scan(tenant.tenant_id), Work(expected=await scanner.count()), 0.0
    while scan.state is ScanState.RUNNING:
        match await scanner.next(work):
            case Part() as part:
                scan = counted(scan, part.users, part.found, work.expected)
                if part.last:
                    scan = ended(scan)
                rows = [row for one in part.found if (row := kept(one, None, scan)) is not None]
                progress(scan, [mailbox for _, mailbox in rows])
                work, waited = part.work, 0.0
            case Blocked(lack, later, seconds):
                if later is None or waited + seconds > PATIENCE_SECONDS:
                    return ended(scan, lack)
                await asyncio.sleep(seconds)
                work, waited = later, waited + seconds
            case StartOver(work):
                if work.round == MOST_ROUNDS:
                    return ended(scan, FORGOTTEN)
                scan, waited = scan.begun_again(), 0.0
    return scan
