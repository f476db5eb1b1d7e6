"""A coverage scan goes on wherever it was interrupted, once and not twice, and ends whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import httpx
import pytest

from sandbox.azurite import Azurite
from sandbox.tenant.world import World
from tests.operations.conftest import make_services
from tests.operations.test_coverage import begin, expect, finished, queue_of, scanning, uncovered, world
from triage import deadlines
from triage.coverage.model import CoverageScan
from triage.coverage.work import Work
from triage.intake.queue_message import QueuedRetriage
from triage.operations import coverage, scanner
from triage.operations.coverage import run_scans
from triage.operations.services import Services
from triage.storage.coverage_rows import StoredScan
from triage.wire import from_epoch_ns, now

COUNT = 12
SECONDS = 20.0


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "USERS", 2)


@pytest.fixture
def ended_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the lease of a worker: it has ended when it begins."""
    monkeypatch.setattr(deadlines, "COVERAGE_LEASE", -SECONDS)


class Death:
    """A process that is killed after this number of requests: it gets no more answers, and sends nothing more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        self.sent = 0
        for owner, name in ((aiohttp.ClientSession, "_request"), (httpx.AsyncClient, "send")):
            monkeypatch.setattr(owner, name, self._mortal(getattr(owner, name)))

    def after(self, requests: int) -> None:
        self.left, self.sent = requests, 0

    def _mortal(self, request: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def send(*args: Any, **kwargs: Any) -> Any:
            if self.sent >= self.left:
                raise asyncio.CancelledError
            self.sent += 1
            answer = await request(*args, **kwargs)
            if self.sent >= self.left:
                raise asyncio.CancelledError
            return answer

        return send


async def listed(services: Services, scan: CoverageScan) -> list[str]:
    return [one.mailbox for one in await uncovered(services, scan)]


@pytest.mark.usefixtures("ended_leases")
async def test_a_process_that_is_killed_at_any_point(storage: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = world(COUNT, page_size=10)
    death = Death(monkeypatch)
    death.after(10**9)
    async with scanning(storage, tenant) as (services, served):
        first = await finished(services, await begin(services))
        whole = await listed(services, first)
        at, killed = 1, True
        while killed:
            scan = await begin_only(services)
            mortal = make_services(served.url, storage.connection_string, queue_of(tenant), tenant)
            await mortal.queue.ping()
            death.after(at)
            with contextlib.suppress(asyncio.CancelledError):
                await run_scans(mortal, SECONDS)
            killed = death.sent >= at
            death.after(10**9)
            await mortal.close()
            found = await finished(services, scan)
            expect(found, COUNT)
            assert found.changes is not None
            assert (found.changes.newly_uncovered, found.changes.recovered) == (0, 0)
            assert await listed(services, found) == whole, f"killed after {at} requests"
            at += 1
        assert at > 30


async def begin_only(services: Services) -> CoverageScan:
    """A scan that has begun, and on which nobody works."""
    return await coverage._begin(services, services.settings.tenants[0])


@pytest.mark.parametrize("lease", [10.0, -SECONDS])
async def test_two_instances(storage: Azurite, monkeypatch: pytest.MonkeyPatch, lease: float) -> None:
    """Also if each believes that the other one was killed."""
    monkeypatch.setattr(deadlines, "COVERAGE_LEASE", lease)
    tenant = world(120, page_size=50)
    async with scanning(storage, tenant) as (services, served):
        other = make_services(served.url, storage.connection_string, queue_of(tenant), tenant)
        scan = await begin_only(services)
        async with asyncio.timeout(30):
            while await services.coverage_runs.running(scan.tenant_id) is not None:
                await asyncio.gather(*(run_scans(one, SECONDS) for one in (services, other, services, other)))
        found = await services.coverages.get(scan.id)
        assert found is not None
        expect(found, 120)
        assert len(await listed(services, found)) == found.uncovered
        await other.close()


async def slice_of(services: Services, scan: CoverageScan, seconds: float = SECONDS) -> StoredScan:
    """The scan after one slice."""
    await run_scans(services, seconds)
    found = await services.coverages.stored(scan.id)
    assert found is not None
    return found


async def changed(services: Services, scan: CoverageScan, **work: Any) -> None:
    """Changes how far a scan is, as if time had passed."""
    run = await services.coverage_runs.lease(scan.tenant_id, 60)
    assert run is not None
    await services.coverage_runs.store(run, run.stored.scan, run.stored.work.model_copy(update=work))
    await services.coverage_runs.release(run)


async def test_throttling_slows_a_scan_down_and_costs_it_no_mailbox(storage: Azurite) -> None:
    count = 50
    async with scanning(storage, world(count)) as (services, served):
        served.simulator.faults.add([{"path": "mailFolders", "status": 429, "retryAfter": 1, "times": 6}])
        scan = await begin_only(services)
        found = await slice_of(services, scan)
        expect(found.scan, count)
        assert served.simulator.stats.by_status[429] == 6
        assert found.work.width > Work().width, "and then it becomes faster again"


async def test_it_waits_as_long_as_graph_asks(storage: Azurite) -> None:
    tenant = world(COUNT)
    async with scanning(storage, tenant) as (services, served):
        served.simulator.faults.add([{"path": "mailFolders", "status": 429, "retryAfter": 90, "times": 3}])
        scan = await begin_only(services)
        found = await slice_of(services, scan)
        assert (found.scan.state, found.scan.users, found.work.waits) == ("running", 0, 1)
        assert found.work.width < scanner.MOST_BATCHES
        assert found.work.not_before is not None
        assert 85 < coverage._seconds_until(found.work.not_before) <= 90
        asked = served.simulator.stats.requests
        later = make_services(served.url, storage.connection_string, queue_of(tenant), tenant)
        assert (await slice_of(later, scan)).work == found.work
        assert served.simulator.stats.requests == asked, "nothing is asked before"
        await changed(later, scan, not_before=now())
        expect((await slice_of(later, scan)).scan, COUNT)
        await later.close()


@pytest.mark.parametrize(("people", "status", "reason", "state"), [
    (COUNT, 429, "throttled", "complete"), (COUNT, 500, "unavailable", "complete"), (1, 500, "unavailable", "partial"),
])  # fmt: skip
async def test_a_mailbox_that_never_answers_becomes_unknown(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch, people: int, status: int, reason: str, state: str
) -> None:
    monkeypatch.setattr(scanner, "_FIRST_WAIT", 0.0)
    monkeypatch.setattr(coverage, "_LOOK_AGAIN", 0.01)
    tenant = world(people)
    (name,) = tenant.tenants
    user = tenant.tenants[name].users.lookup("userPrincipalName", "well00000@scanned.example")[0]["id"]
    async with scanning(storage, tenant) as (services, served):
        served.simulator.faults.add([{"path": user, "status": status, "retryAfter": 0}])
        found = (await slice_of(services, await begin_only(services))).scan
        assert (found.state, found.unknown, found.users) == (state, 1, people)
        assert [(one.check, one.reason) for one in found.reasons] == [("mailbox", reason)]


@pytest.mark.parametrize(("fault", "lack", "users", "unknown"), [
    ({"path": r"^/users\?"}, ("users", "forbidden", "User.Read.All"), 0, 0),
    ({"path": "mailFolders"}, ("mailbox", "forbidden", "Mail.ReadBasic.All"), COUNT, COUNT - 2),
])  # fmt: skip
async def test_a_scan_without_a_permission_is_partial_and_names_it(
    storage: Azurite, fault: dict[str, Any], lack: tuple[str, str, str], users: int, unknown: int
) -> None:
    async with scanning(storage, world(COUNT)) as (services, served):
        served.simulator.faults.add([fault | {"status": 403, "code": "ErrorAccessDenied"}])
        found = await finished(services, await begin(services))
        assert (found.state, found.users, found.unknown) == ("partial", users, unknown)
        assert (found.covered, found.uncovered, found.changes) == (0, 0, None)
        assert [(one.check, one.reason, one.permission) for one in found.reasons] == [lack]
        assert await services.coverages.last_complete(found.tenant_id) is None


async def test_a_tenant_that_answers_for_another_reveals_nothing(storage: Azurite) -> None:
    tenant = World({"tenants": {
        "meant": {"domains": ["meant.example"], "tokenOf": "home"}, "home": {"domains": ["home.example"], "people": {"ines": {}}}
    }})  # fmt: skip
    async with scanning(storage, tenant) as (services, _):
        found = await finished(services, await begin(services))
        assert (found.state, found.users) == ("partial", 0)
        assert [(one.check, one.reason) for one in found.reasons] == [("organization", "unauthenticated")]


async def test_expired_page_tokens_restart_a_scan_only_a_few_times(storage: Azurite) -> None:
    expired = {"path": "skiptoken", "status": 400, "code": "Directory_ExpiredPageToken"}
    async with scanning(storage, world(COUNT, page_size=10)) as (services, served):
        served.simulator.faults.add([expired | {"times": 2}])
        found = await finished(services, await begin(services))
        expect(found, COUNT)
        assert len(await listed(services, found)) == found.uncovered
        stored = await services.coverages.stored(found.id)
        assert stored is not None
        assert stored.work.round == 2
        served.simulator.faults.add([expired])
        found = await finished(services, await begin(services))
        assert (found.state, found.reasons[0].check, found.changes) == ("partial", "users", None)


async def test_graph_is_away_for_hours(storage: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scanning(storage, world(COUNT)) as (services, served):
        served.simulator.faults.add([{"status": 500}])
        scan = await begin_only(services)
        found = await slice_of(services, scan, 5)
        assert (found.scan.state, found.work.waits) == ("running", 1)
        monkeypatch.setattr(coverage, "STALLED_SECONDS", 0.0)
        monkeypatch.setattr(coverage, "_seconds_until", lambda _: 0.0)
        found = await slice_of(services, scan)
        assert (found.scan.state, found.scan.users) == ("partial", 0)
        assert [(one.check, one.reason) for one in found.scan.reasons] == [("users", "unavailable")]


async def test_a_scan_gives_way_to_failures(storage: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_LOOK_AGAIN", SECONDS)  # longer than what is left of a slice
    async with scanning(storage, world(COUNT)) as (services, served):
        scan = await begin_only(services)
        services.triages = 1
        assert (await slice_of(services, scan)).scan.users == 0, "one is being triaged"
        services.triages = 0
        await services.queue.send([QueuedRetriage.of("0" * 32).encode()])
        assert (await slice_of(services, scan)).scan.users == 0, "one waits"
        assert set(served.simulator.stats.by_path) == {"/users"}, "only the number of users was asked for"
        await changed(services, scan, stored_at=from_epoch_ns(time.time_ns() - 121 * 10**9))
        assert (await slice_of(services, scan)).scan.users == 8, "a part, because it has waited for so long"
        await services.account.queues().get_queue_client(services.settings.queue).clear_messages()
        expect((await slice_of(services, scan)).scan, COUNT)


async def test_a_tenant_that_is_too_slow_for_a_part_gets_smaller_ones_and_ends(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scanning(storage, world(COUNT)) as (services, served):
        served.simulator.faults.add([{"path": "mailFolders", "delaySeconds": 9}])
        scan = await begin_only(services)
        found = await slice_of(services, scan, 3)
        assert (found.scan.state, found.scan.users, found.work.waits, found.work.width) == ("running", 0, 0, 2)
        monkeypatch.setattr(coverage, "STALLED_SECONDS", 0.0)
        found = await slice_of(services, scan, 1)
        assert found.scan.state == "partial"
        assert [(one.check, one.reason) for one in found.scan.reasons] == [("mailbox", "timeout")]


async def test_a_service_that_shuts_down_releases_its_scan(storage: Azurite) -> None:
    tenant = world(COUNT)
    async with scanning(storage, tenant) as (services, served):
        served.simulator.faults.add([{"path": "mailFolders", "delaySeconds": 9}])
        closing = make_services(served.url, storage.connection_string, queue_of(tenant), tenant)
        scan = await begin(closing)
        async with asyncio.timeout(20):
            while not served.simulator.faults.rules[0].hits:  # noqa: ASYNC110 - the other side counts, without an event
                await asyncio.sleep(0.01)
        await closing.close()
        served.simulator.faults.rules.clear()
        expect((await slice_of(services, scan)).scan, COUNT)


async def test_many_tenants_take_turns(storage: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "SHORTEST_SLICE", 5.0)
    tenants = World({"tenants": {f"turn{number}": {"domains": [f"turn{number}.example"]} for number in range(7)}})
    async with scanning(storage, tenants) as (services, _):
        for one in services.settings.tenants:
            await coverage._begin(services, one)
        await run_scans(services, 30)
        left = await services.coverage_runs.tenants([one.tenant_id for one in services.settings.tenants])
        assert not left, "who is done early leaves the time to the others"
