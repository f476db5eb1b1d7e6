"""Coverage scans in storage: one runs in a tenant, one worker has it, and a part that was not finished leaves nothing."""

from __future__ import annotations

import asyncio

import pytest
from azure.core.exceptions import HttpResponseError

from tests.storage.conftest import ANOTHER, TENANT
from triage.coverage.compare import Standing
from triage.coverage.model import CoverageScan, MailboxChange, ScanState, UncoveredMailbox, new_scan
from triage.coverage.work import Work
from triage.diagnosis.causes import Cause, Confidence
from triage.operations.services import Services
from triage.storage.coverage_rows import Entity, StoredScan, mailbox_row
from triage.storage.coverage_runs import Run

AT = "2026-11-20T12:00:00Z"


def mailbox(
    address: str, cause: Cause = Cause.MAILBOX_UNLICENSED, change: MailboxChange | None = None
) -> UncoveredMailbox:
    return UncoveredMailbox(
        mailbox=address, cause=cause, confidence=Confidence.PROBABLE, summary=f"{address}…", since=AT, change=change
    )


def row(run: Run, address: str, kind: Standing = Standing.UNCOVERED, part: int = 0, **more: object) -> Entity:
    return mailbox_row(run.stored.mailboxes, kind, mailbox(address, **more), part)  # type: ignore[arg-type]


async def begun(services: Services, tenant_id: str = TENANT) -> StoredScan:
    return await services.coverage_runs.begin(new_scan(tenant_id), Work())


async def leased(services: Services) -> Run:
    run = await services.coverage_runs.lease(TENANT, 60)
    assert run is not None
    return run


async def ended(services: Services, state: ScanState) -> CoverageScan:
    await begun(services)
    run = await leased(services)
    scan = run.stored.scan.model_copy(update={"state": state})
    await services.coverage_runs.store(run, scan, run.stored.work)
    await services.coverage_runs.end(run)
    return scan


async def test_concurrent_starts_begin_one_scan(services: Services) -> None:
    found = await asyncio.gather(*(begun(services) for _ in range(8)))
    assert len({one.scan.id for one in found}) == 1
    other = await begun(services, ANOTHER)
    latest = await services.coverages.latest((TENANT, ANOTHER, "nobody"))
    assert [scan.id for scan in latest] == [found[0].scan.id, other.scan.id]
    assert await services.coverages.get(other.scan.id) == other.scan


async def test_an_invalid_or_unknown_scan_id_finds_nothing(services: Services) -> None:
    await begun(services)
    for wrong in ("", ".", "nobody.1", "a/b.c?", f"{TENANT}.x", f"{TENANT}.{0:021}.{0:08x}"):
        assert await services.coverages.get(wrong) is None, wrong
        assert await services.coverages.mailboxes(wrong) == ([], None), wrong


async def test_the_newest_scan_and_the_newest_complete_one(services: Services) -> None:
    assert await services.coverages.last_complete(TENANT) is None
    complete = await ended(services, ScanState.COMPLETE)
    partial = await ended(services, ScanState.PARTIAL)
    found = await services.coverages.last_complete(TENANT)
    assert found is not None
    assert (found.scan.id, found.mailboxes) == (complete.id, f"{complete.id}.0")
    assert await services.coverages.latest([TENANT]) == [partial]
    assert await services.coverages.latest([TENANT], ScanState.COMPLETE) == [complete]


async def test_one_worker_at_a_time(services: Services) -> None:
    assert await services.coverage_runs.lease(TENANT, 60) is None, "no scan runs"
    await begun(services)
    runs = await asyncio.gather(*(services.coverage_runs.lease(TENANT, 60) for _ in range(4)))
    (run,) = [one for one in runs if one is not None]
    await services.coverage_runs.release(run)
    again = await leased(services)
    await services.coverage_runs.release(run)
    assert await services.coverage_runs.lease(TENANT, 60) is None, "a lease that was lost is not released"
    await services.coverage_runs.end(again)
    assert await services.coverage_runs.running(TENANT) is None


async def test_a_worker_that_lost_its_lease_stores_nothing_more(services: Services) -> None:
    await begun(services)
    first = await services.coverage_runs.lease(TENANT, 0)
    second = await leased(services)
    assert first is not None
    scan = second.stored.scan.model_copy(update={"users": 7})
    await services.coverage_runs.store(second, scan, Work(part=1))
    with pytest.raises(HttpResponseError):
        await services.coverage_runs.store(first, first.stored.scan, Work())
    assert (await leased_scan(services)).users == 7
    await services.coverage_runs.end(first)
    assert await services.coverage_runs.running(TENANT) is not None


async def leased_scan(services: Services) -> CoverageScan:
    found = await services.coverage_runs.running(TENANT)
    assert found is not None
    return found.scan


async def test_a_part_that_was_not_finished_leaves_nothing(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    await begun(services)
    run = await services.coverage_runs.lease(TENANT, 0)
    assert run is not None
    await services.coverage_runs.store(run, run.stored.scan, Work(part=1), [row(run, "a@x.example")])
    table = await services.account.table("coverage")

    async def killed(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    rows = [row(run, f"b{number:03}@x.example", part=1) for number in range(150)]
    with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr(table, "update_entity", killed)
        await services.coverage_runs.store(run, run.stored.scan, Work(part=2), rows)
    await services.coverage_runs.release(run)
    assert len((await services.coverages.mailboxes(run.stored.scan.id, top=1000))[0]) == 151
    again = await leased(services)
    found, _ = await services.coverages.mailboxes(run.stored.scan.id)
    assert [one.mailbox for one in found] == ["a@x.example"]
    assert again.stored.work.part == 1


async def test_the_mailboxes_of_a_scan(services: Services) -> None:
    await begun(services)
    run = await leased(services)
    odd = "o'hara/#1?%~{}|ß@x.example"
    rows = [
        row(run, "b@x.example", change=MailboxChange.NEW),
        row(run, "a@x.example", cause=Cause.MAILBOX_ON_PREMISES),
        row(run, odd),
        row(run, "x@x.example", Standing.UNKNOWN),
        row(run, "r@x.example", Standing.RECOVERED, change=MailboxChange.RECOVERED),
    ]
    await services.coverage_runs.store(run, run.stored.scan, Work(part=1), rows)
    scan_id = run.stored.scan.id

    async def addresses(**filters: object) -> list[str]:
        found, token = await services.coverages.mailboxes(scan_id, **filters)  # type: ignore[arg-type]
        assert token is None
        return [one.mailbox for one in found]

    assert await addresses() == ["a@x.example", "b@x.example", odd]
    assert await addresses(causes=[Cause.MAILBOX_ON_PREMISES]) == ["a@x.example"]
    assert await addresses(causes=list(Cause)[:20], changed=[]) == []
    assert await addresses(changed=[MailboxChange.NEW]) == ["b@x.example"]
    assert await addresses(changed=list(MailboxChange)) == ["r@x.example", "b@x.example"]
    assert await addresses(changed=list(MailboxChange), causes=[Cause.MAILBOX_ON_PREMISES]) == []
    first, token = await services.coverages.mailboxes(scan_id, top=2)
    rest, end = await services.coverages.mailboxes(scan_id, top=2, token=token)
    assert [one.mailbox for one in [*first, *rest]] == await addresses()
    assert end is None
    assert first[0] == mailbox("a@x.example", Cause.MAILBOX_ON_PREMISES)
