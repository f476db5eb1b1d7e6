"""Of coverage scans the last ones stay with their mailboxes, and the last complete one; everything else goes."""

from __future__ import annotations

import time

import pytest

from tests.storage.conftest import ANOTHER, TENANT
from triage.coverage.compare import Standing
from triage.coverage.model import CoverageScan, ScanState, UncoveredMailbox, new_scan
from triage.coverage.work import Work
from triage.diagnosis.causes import Cause, Confidence
from triage.operations.services import Services
from triage.storage import coverage_retention
from triage.storage.coverage_retention import remove_scans
from triage.storage.coverage_rows import mailbox_row
from triage.storage.retention import Expiry
from triage.wire import from_epoch_ns

DAY = 86400 * 10**9
NOW = time.time_ns()
MAILBOXES = 3


@pytest.fixture(autouse=True)
def two_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage_retention, "KEPT_SCANS", 2)


async def scanned(
    services: Services, state: ScanState, tenant_id: str = TENANT, *, rounds: int = 1, days: float = 0
) -> CoverageScan:
    """A scan that has started over this number of times, with mailboxes from each round."""
    runs = services.coverage_runs
    await runs.begin(
        new_scan(tenant_id).model_copy(update={"started_at": from_epoch_ns(NOW - int(days * DAY))}), Work()
    )
    run = await runs.lease(tenant_id, 60)
    assert run is not None
    for number in range(rounds):
        await runs.store(run, run.stored.scan, Work(round=number))
        found = [
            UncoveredMailbox(
                mailbox=f"m{one}@x.example", cause=Cause.MAILBOX_UNLICENSED, confidence=Confidence.PROBABLE, summary="",
                since=run.stored.scan.started_at,
            )
            for one in range(MAILBOXES)
        ]  # fmt: skip
        rows = [mailbox_row(run.stored.mailboxes, Standing.UNCOVERED, one, 0) for one in found]
        await runs.store(run, run.stored.scan.model_copy(update={"state": state}), run.stored.work, rows)
    if state is not ScanState.RUNNING:
        await runs.end(run)
    return run.stored.scan


async def left(services: Services) -> tuple[set[str], int]:
    """The scans and the number of mailboxes that are left."""
    table = await services.account.table("coverage")
    rows = [(str(row["PartitionKey"]), str(row["RowKey"])) async for row in table.list_entities()]
    scans = {f"{tenant}.{key.removeprefix('scan|')}" for tenant, key in rows if key.startswith("scan|")}
    return scans, sum(key.startswith("u|") for _, key in rows)


def expiry(before: int = 0, seconds: float = 60) -> Expiry:
    return Expiry(before, time.monotonic() + seconds)


async def test_the_last_scans_stay_and_the_last_complete_one(services: Services) -> None:
    await scanned(services, ScanState.COMPLETE)
    complete = await scanned(services, ScanState.COMPLETE, rounds=2)
    await scanned(services, ScanState.PARTIAL)
    partial = [await scanned(services, ScanState.PARTIAL) for _ in range(2)]
    running = await scanned(services, ScanState.RUNNING)
    other = await scanned(services, ScanState.COMPLETE, ANOTHER)
    kept = {one.id for one in (complete, *partial, running, other)}
    assert await remove_scans(services.account, expiry()) == 2 + 3 * MAILBOXES
    assert await left(services) == (kept, 5 * MAILBOXES)
    assert await remove_scans(services.account, expiry()) == 0
    assert len((await services.coverages.mailboxes(complete.id))[0]) == MAILBOXES


async def test_a_scan_that_has_expired_goes_even_if_it_is_the_last(services: Services) -> None:
    """Nobody scans a tenant that is no longer configured, and its addresses must not stay for ever."""
    await scanned(services, ScanState.COMPLETE, days=410)
    assert await remove_scans(services.account, expiry(NOW - 400 * DAY)) == 1 + MAILBOXES
    assert await left(services) == (set(), 0)


async def test_a_run_without_time_leaves_the_rest_to_the_next(services: Services) -> None:
    for _ in range(4):
        await scanned(services, ScanState.COMPLETE)
    assert await remove_scans(services.account, expiry(seconds=0)) == 0
    assert await remove_scans(services.account, expiry()) == 2 * (1 + MAILBOXES)
