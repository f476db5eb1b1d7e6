"""Scans tenants for mailboxes in which a remediation would fail today: starts scans, and continues those that run.

A scan of a large tenant takes half an hour, and a function may run for two minutes. So each minute the instance with the
lease continues every scan for a slice of time, from where the last slice ended. A scan gives way to failures: while some
wait or are being triaged, it reads only one part in PAUSE_SECONDS. So it still ends.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from triage import deadlines
from triage.coverage.compare import kept
from triage.coverage.model import CoverageChanges, CoverageScan, MailboxChange, ScanState, UncoveredMailbox, new_scan
from triage.coverage.tally import counted, ended, tells_nothing
from triage.coverage.work import Work
from triage.graph.evidence import Lack, Reason
from triage.notifications.coverage import coverage_occasion
from triage.notifications.pending import pending
from triage.operations.at_once import all_of
from triage.operations.scanner import FORGOTTEN, MOST_ROUNDS, Blocked, Part, Scanner, StartOver
from triage.operations.services import SCANS_AT_ONCE, Services
from triage.settings import Tenant
from triage.storage.account import is_conflict
from triage.storage.coverage_earlier import EarlierMailboxes
from triage.storage.coverage_rows import Entity, mailbox_row
from triage.storage.coverage_runs import Run
from triage.telemetry.instruments import span
from triage.wire import epoch_ns, from_epoch_ns, now

PAUSE_SECONDS = 120.0
"""How long a scan waits for failures before it reads another part."""
STALLED_SECONDS = 2 * 3600.0
"""A scan that has read no part for this long ends as it is."""
SHORTEST_SLICE = 20.0
"""A part must fit into it."""
CLOSING_SECONDS = 10.0
"""The time to conclude a scan that has ended: it must fit into an HTTP request."""

_TELLS_NOTHING_AFTER = 500
_LOOK_AGAIN = 2.0
_READS_AT_ONCE = 16
_SECOND = 1_000_000_000

_log = logging.getLogger(__name__)


async def start_scan(services: Services, tenant: Tenant) -> CoverageScan:
    """Starts a scan of a tenant, or returns the one that is already running. Raises azure.core's errors."""
    found = await _begin(services, tenant)
    if found.state is not ScanState.RUNNING:  # it has ended, but its worker was killed before the scan was concluded
        await _go_on(services, tenant, time.monotonic() + CLOSING_SECONDS, CLOSING_SECONDS)
        found = await _begin(services, tenant)
    services.start(_go_on(services, tenant, time.monotonic() + deadlines.COVERAGE))
    return found


async def start_scans(services: Services, tenants: Sequence[Tenant]) -> None:
    """Starts a scan of each tenant. Raises the first of azure.core's errors, after trying the others."""
    await all_of(start_scan(services, one) for one in tenants)


async def run_scans(services: Services, seconds: float = deadlines.COVERAGE) -> None:
    """Continues running scans, as many as there is time for. Raises as `start_scans` does."""
    running = await services.coverage_runs.tenants([one.tenant_id for one in services.settings.tenants])
    tenants = [one for one in services.settings.tenants if one.tenant_id in running]
    share = min(seconds, max(SHORTEST_SLICE, seconds * SCANS_AT_ONCE / max(1, len(tenants))))
    random.shuffle(tenants)  # for those that are left over when the time ends
    until = time.monotonic() + seconds
    await all_of(_go_on(services, one, until, share) for one in tenants)


async def _begin(services: Services, tenant: Tenant) -> CoverageScan:
    earlier = await services.coverages.last_complete(tenant.tenant_id)
    scan = new_scan(tenant.tenant_id)
    work = Work(stored_at=scan.started_at)
    if earlier is not None:
        scan = scan.model_copy(update={"changes": CoverageChanges(since=earlier.scan.id)})
        work = work.model_copy(update={"earlier": earlier.mailboxes, "expected": earlier.scan.users})
    return (await services.coverage_runs.begin(scan, work)).scan


async def _go_on(services: Services, tenant: Tenant, until: float, share: float = deadlines.COVERAGE) -> None:
    """Continues the scan of a tenant for its share of the time, unless another worker does, or too little time is left."""
    from azure.core.exceptions import HttpResponseError

    async with services.scans_at_once:
        seconds = min(share, until - time.monotonic())
        if seconds < share / 2:
            return
        run = await services.coverage_runs.lease(tenant.tenant_id, seconds + deadlines.COVERAGE_LEASE)
        if run is None:
            return
        try:
            with span("Coverage scan") as note:
                await _Slice(services, tenant, run, time.monotonic() + seconds).work_on()
                note(state=run.stored.scan.state.value, parts=run.stored.work.part)
        except HttpResponseError as error:
            if not is_conflict(error):  # the lease was lost: another worker continues
                raise
        finally:
            await services.coverage_runs.release(run)


@dataclass(slots=True)
class _Slice:
    """The work on one scan by one worker, until a time of time.monotonic."""

    services: Services
    tenant: Tenant
    run: Run
    until: float
    took: float = 0.0
    earlier: EarlierMailboxes = field(init=False)
    scanner: Scanner = field(init=False)

    def __post_init__(self) -> None:
        self.scanner = Scanner(self.services.tenants.graph(self.tenant))
        self.earlier = self.services.coverage_runs.earlier(self.run)

    @property
    def scan(self) -> CoverageScan:
        """The scan as it was last stored."""
        return self.run.stored.scan

    @property
    def work(self) -> Work:
        """Its progress."""
        return self.run.stored.work

    async def work_on(self) -> None:
        """Reads parts until the scan or the time ends. Raises azure.core's errors."""
        limit = asyncio.timeout(self.until - time.monotonic())
        try:
            async with limit:
                await self._read_parts()
        except TimeoutError:
            if not limit.expired():
                raise
            if self.took == 0.0 and self.run.clean:  # the first part of the slice takes too long
                narrower = self.work.model_copy(update={"width": max(1, self.work.width // 2)})
                await self._wait(Lack(check="mailbox", reason=Reason.TIMEOUT), narrower, 0.0)

    async def _read_parts(self) -> None:
        if self.work.expected is None and self.scan.state is ScanState.RUNNING:
            expected = await self.scanner.count()
            await self._store(self.scan, self.work.model_copy(update={"expected": expected}))
        while self.scan.state is ScanState.RUNNING:
            if not await self._may_read():
                return
            begun = time.monotonic()
            match await self.scanner.next(self.work):
                case Part() as part:
                    await self._keep(part)
                case Blocked(lack, None):
                    await self._end(lack)
                case Blocked(lack, work, seconds):
                    await self._wait(lack, work or self.work, seconds)
                case StartOver(work):
                    await self._start_over(work)
            self.took = time.monotonic() - begun
        await self._conclude()

    async def _may_read(self) -> bool:
        """Whether there is time to read the next part now. Waits for Graph and for failures first, if the slice allows it."""
        while True:
            wait = _seconds_until(self.work.not_before)
            if wait <= 0 and not await self._gives_way():
                return time.monotonic() + 1.5 * self.took < self.until
            wait = max(wait, _LOOK_AGAIN)
            if time.monotonic() + wait >= self.until:
                return False
            await asyncio.sleep(wait)

    async def _gives_way(self) -> bool:
        """Whether failures have priority: some wait on the queue, or this instance is triaging one."""
        if -_seconds_until(self.work.stored_at) >= PAUSE_SECONDS:
            return False
        return self.services.triages > 0 or bool((await self.services.queue.state())[1])

    async def _keep(self, part: Part) -> None:
        scan = counted(self.scan, part.users, part.found, part.work.expected)
        scan, rows = await self._compared(scan, part)
        if part.last or (tells_nothing(scan) and scan.unknown >= _TELLS_NOTHING_AFTER):
            scan = ended(scan)
        await self._store(scan, part.work.model_copy(update={"stored_at": now()}), rows)

    async def _compared(self, scan: CoverageScan, part: Part) -> tuple[CoverageScan, list[Entity]]:
        """The scan with what has changed since the earlier one, and the rows of a part."""
        limit = asyncio.Semaphore(_READS_AT_ONCE)

        async def before(mailbox: str) -> UncoveredMailbox | None:
            async with limit:
                return await self.earlier.get(mailbox)

        known = await asyncio.gather(*(before(one.mailbox) for one in part.found))
        found = [kept(one, old, scan) for one, old in zip(part.found, known, strict=True)]
        partition, number = self.run.stored.mailboxes, self.work.part
        rows = [mailbox_row(partition, *one, number) for one in found if one is not None]
        changes = scan.changes
        if changes is not None:
            count = [one[1].change for one in found if one is not None].count
            changes = CoverageChanges(
                since=changes.since,
                newly_uncovered=changes.newly_uncovered + count(MailboxChange.NEW),
                recovered=changes.recovered + count(MailboxChange.RECOVERED),
            )
        return scan.model_copy(update={"changes": changes}), rows

    async def _wait(self, lack: Lack, work: Work, seconds: float) -> None:
        """Stores when to continue, or ends a scan that has been waiting for too long."""
        if -_seconds_until(work.stored_at) >= STALLED_SECONDS:
            await self._end(lack)
            return
        not_before = from_epoch_ns(time.time_ns() + int(seconds * _SECOND))
        await self._store(self.scan, work.model_copy(update={"not_before": not_before}))

    async def _start_over(self, work: Work) -> None:
        """Starts again from the first page. Retention removes what was found until then."""
        if work.round == MOST_ROUNDS:
            await self._end(FORGOTTEN)
        else:
            await self._store(self.scan.begun_again(), work.model_copy(update={"stored_at": now()}))

    async def _end(self, lack: Lack) -> None:
        await self._store(ended(self.scan, lack), self.work)

    async def _store(self, scan: CoverageScan, work: Work, rows: Sequence[Entity] = ()) -> None:
        await self.services.coverage_runs.store(self.run, scan, work, rows)

    async def _conclude(self) -> None:
        """Notifies channels of a scan that has ended, and lets the next one start. May run twice: they are notified once."""
        occasion = coverage_occasion(self.scan)
        if occasion is not None:
            await self.services.outbox.add(pending(self.services.settings.notifications, occasion))
        await self.services.coverage_runs.end(self.run)
        _log.info("A coverage scan ended: %s", self.scan.state.value)


def _seconds_until(at: str | None) -> float:
    """The seconds until a time, negative after it; 0 for none."""
    return 0.0 if at is None else (epoch_ns(at) - time.time_ns()) / _SECOND
