"""A coverage scan without storage finds the same, waits as Graph asks, and ends as it is if Graph doesn't answer."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from sandbox.tenant.serve.server import serve
from sandbox.tenant.world import World
from tests.operations.test_coverage import expect, world
from triage.coverage.model import CoverageScan, UncoveredMailbox
from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.precedence import causes_of
from triage.graph.tenants import Tenants
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import QueuedFailure
from triage.operations import coverage_direct, scanner
from triage.operations.coverage_direct import scan_without_storage
from triage.operations.triage import triage
from triage.settings import read_settings
from triage.wire import now

COUNT = 250


async def scan(*faults: dict[str, Any]) -> tuple[CoverageScan, list[CoverageScan], list[UncoveredMailbox]]:
    """The scan of a tenant, the scans that were told on the way, and the mailboxes."""
    told: list[CoverageScan] = []
    found: list[UncoveredMailbox] = []

    def progress(scan: CoverageScan, mailboxes: list[UncoveredMailbox]) -> None:
        told.append(scan)
        found.extend(mailboxes)

    tenant = world(COUNT, page_size=230)
    async with serve(tenant) as served:
        served.simulator.faults.add(list(faults))
        settings = read_settings({
            "GRAPH_ENDPOINT": served.url, "TRIAGE_TENANTS": json.dumps(tenant.triage_tenants()), "TriageStorage": "UseDevelopmentStorage=true",
        })  # fmt: skip
        tenants = Tenants(settings)
        scanned = await scan_without_storage(tenants, settings.tenants[0], progress)
        await tenants.close()
    return scanned, told, found


@pytest.fixture(autouse=True)
def small_and_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "USERS", 50)
    monkeypatch.setattr(scanner, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(coverage_direct, "PATIENCE_SECONDS", 0.2)


async def test_a_scan_reports_progress_and_every_uncovered_mailbox() -> None:
    scanned, told, found = await scan()
    expect(scanned, COUNT)
    assert [one.users for one in told] == [200, 230, COUNT]
    assert [one.progress for one in told] == [0.8, 0.92, 1]
    assert Counter(one.cause for one in found) == scanned.by_cause
    assert {one.since for one in found} == {scanned.started_at}
    assert told[-1] == scanned


async def test_graph_is_away_for_a_moment() -> None:
    scanned, _, _ = await scan({"path": r"^/users\?", "status": 500, "times": 3})
    expect(scanned, COUNT)


@pytest.mark.parametrize(("fault", "users", "reason"), [
    ({"path": r"^/users\?", "status": 500}, 0, "unavailable"),
    ({"path": "skiptoken", "status": 403, "code": "Authorization_RequestDenied"}, 230, "forbidden"),
    ({"path": "skiptoken", "status": 400, "code": "Directory_ExpiredPageToken"}, 230, "unavailable"),
])  # fmt: skip
async def test_a_scan_that_cannot_read_all_users_is_partial(fault: dict[str, Any], users: int, reason: str) -> None:
    scanned, _, _ = await scan(fault)
    assert (scanned.state, scanned.users) == ("partial", users)
    assert scanned.progress < 1
    assert [(one.check, one.reason) for one in scanned.reasons] == [("users", reason)]
    assert scanned.finished_at is not None


@pytest.mark.parametrize("never", [{"status": 413}, {"status": 408}])
async def test_a_page_that_graph_never_sends_is_asked_for_with_fewer_users(never: dict[str, Any]) -> None:
    scanned, told, _ = await scan({"path": r"\$top=999.*skiptoken", **never})
    expect(scanned, COUNT)
    assert [one.users for one in told] == [200, 230, 200, COUNT]


async def test_an_expired_page_token_restarts_the_scan() -> None:
    scanned, told, _ = await scan(
        {"path": "skiptoken", "status": 400, "code": "Directory_ExpiredPageToken", "times": 1}
    )
    expect(scanned, COUNT)
    assert [one.users for one in told] == [200, 230, 230, COUNT], "the second time, the parts are larger"


async def test_a_scan_says_what_triage_says() -> None:
    """Of every person of the sample tenants whose mailbox or address is the cause, and of nobody else."""
    shipped = World.load()
    said: dict[str, str] = {}
    of_mailbox = causes_of(Subject.MAILBOX)
    async with serve(shipped) as served:
        settings = read_settings({
            "GRAPH_ENDPOINT": served.url, "TRIAGE_TENANTS": json.dumps(shipped.triage_tenants()), "TriageStorage": "UseDevelopmentStorage=true",
        })  # fmt: skip
        tenants = Tenants(settings)

        async def triaged(tenant_id: str, mailbox: str) -> Cause:
            failure = RemediationFailure(
                tenant_id=tenant_id, mailbox=mailbox, message_id="m", error="The Requested User is Invalid"
            )
            queued = QueuedFailure.of(failure, "0" * 32, received_at=now())
            return (await triage(settings, tenants, queued)).cause

        for tenant in settings.tenants:
            found: list[UncoveredMailbox] = []
            scanned = await scan_without_storage(tenants, tenant, lambda _, more, found=found: found.extend(more))
            if scanned.state != "complete":
                continue
            for one in found:
                assert await triaged(tenant.tenant_id, one.mailbox) is one.cause, one.mailbox
                said[one.mailbox] = one.cause
            listed = {one.mailbox for one in found}
            for user in shipped.by_id[tenant.tenant_id].users.items:
                if user["mail"] and user["mail"] not in listed:
                    assert await triaged(tenant.tenant_id, user["mail"]) not in of_mailbox
        await tenants.close()
    assert set(of_mailbox) == set(said.values()), "each cause of a mailbox"
