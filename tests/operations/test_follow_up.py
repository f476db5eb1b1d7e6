"""Open findings are looked at again until they are resolved: on a real storage emulator, with a simulated tenant."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import Served, serve
from sandbox.tenant.world import World
from tests.operations.conftest import make_services
from tests.operations.queues import taken
from triage.diagnosis.causes import Cause
from triage.finding import Finding, FindingState, Resolution
from triage.incidents import IncidentState, ResolveReason, StateError, suppress
from triage.intake.queue_message import QueuedRetriage, QueuedSettle, decode
from triage.operations import follow_up, incidents
from triage.operations.accept import accept
from triage.operations.audits import audit_all
from triage.operations.deliveries import handle
from triage.operations.follow_up import next_look, recheck, release
from triage.operations.incidents import reopen_by_hand, resolve_by_hand, settle_findings
from triage.operations.maintenance import maintain
from triage.operations.messages import QueueMessage
from triage.operations.services import Services
from triage.storage import due
from triage.storage.due import DueLook
from triage.storage.exposures import ExposureQuery
from triage.wire import epoch_ns, from_epoch_ns, now

MINUTE = 60 * 10**9
MESSAGE, AGAIN = "<m1@mail.example>", "<m2@mail.example>"
DATA: dict[str, Any] = {
    "tenants": {
        "one": {
            "domains": ["one.example"],
            "people": {
                "ines": {"messages": [{"id": MESSAGE, "in": "inbox"}, {"id": AGAIN, "in": "inbox"}]},
                "otto": {"messages": [{"id": AGAIN, "in": "deleteditems"}]},
            },
        },
    }
}  # fmt: skip
WORLD = World(DATA)
FAILURE = {
    "mailbox": "ines@one.example",
    "internetMessageId": MESSAGE,
    "error": "The Requested User is Invalid",
    "folder": "quarantine",
}


@pytest.fixture
async def tenant() -> AsyncIterator[Served]:
    async with serve(World(DATA)) as served:
        yield served


@pytest.fixture(autouse=True)
def nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents, "_NEXT", 1)


@pytest.fixture
async def services(storage: Azurite, tenant: Served, request: pytest.FixtureRequest) -> AsyncIterator[Services]:
    made = make_services(tenant.url, storage.connection_string, f"follow{abs(hash(request.node.name))}", WORLD)
    yield made
    await made.close()


async def triaged(services: Services, name: str, **changes: Any) -> Finding:
    """The finding of a failure that was triaged."""
    [one] = await accept(services, json.dumps(FAILURE | {"id": name} | changes).encode(), {})
    await handle(services, QueueMessage(one.encode().decode(), name, now()))
    return await found(services, one.finding_id)


async def found(services: Services, finding_id: str) -> Finding:
    finding = await services.findings.get(finding_id)
    assert finding is not None
    return finding


def in_folder(message_id: str, folder: str) -> dict[str, Any]:
    """The change of the tenant's data that puts a message into a folder of Ines's mailbox."""
    return {"tenants": {"one": {"people": {"ines": {"messages": [{"id": message_id, "in": folder}]}}}}}


async def look(services: Services, text: str) -> None:
    await handle(services, QueueMessage(text, "look", now()))


async def test_an_open_finding_is_looked_at_when_it_is_due(
    services: Services, tenant: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = epoch_ns(now())
    finding = await triaged(services, "due")
    assert (finding.state, finding.exposed) == (FindingState.OPEN, True)
    assert finding.next_look_at is not None
    assert 15 * MINUTE <= epoch_ns(finding.next_look_at) - before <= 18 * MINUTE
    await services.projector.run(10)
    assert await release(services) == 0
    later = time.time_ns() + 20 * MINUTE
    with monkeypatch.context() as then:
        then.setattr(due.time, "time_ns", lambda: later)
        assert await release(services) >= 1  # others may be due in this storage
        assert await release(services) == 0, "it is on the queue"
    [text] = [one for one in await taken(services, "-looks") if finding.id in decode(one)]
    await look(services, text)
    second = await found(services, finding.id)
    assert (second.state, second.looks) == (FindingState.OPEN, 2)
    await look(services, text)
    assert (await found(services, finding.id)).looks == 2, "a look that comes twice is done once"


async def test_follow_up_ends_when_the_message_is_out_of_reach(services: Services, tenant: Served) -> None:
    tenant.world.merge(in_folder("<ends@mail.example>", "inbox"))
    finding = await triaged(services, "ends", internetMessageId="<ends@mail.example>", folder="junk")
    assert finding.state is FindingState.OPEN
    await services.projector.run(10)
    incident = await services.incidents.get(finding.incident.id)
    assert incident is not None
    assert (incident.state, incident.open_findings, incident.exposed) == (IncidentState.OPEN, 1, 1)
    tenant.world.merge(in_folder("<ends@mail.example>", "junkemail"))
    assert await recheck(services, finding.incident.id, finding.tenant_id) == 1
    [text] = await taken(services, "-looks")
    await look(services, text)
    after = await found(services, finding.id)
    assert (after.state, after.resolution) == (FindingState.RESOLVED, Resolution.REMEDIATED)
    assert after.next_look_at is None
    assert after.time_in_reach is not None
    await services.projector.run(10)
    whole = await services.incidents.get(finding.incident.id)
    assert whole is not None
    assert (whole.state, whole.exposed) == (IncidentState.RESOLVED, 0)
    page, _ = await services.exposures.page(ExposureQuery(incident_id=finding.incident.id), 10, None)
    assert page == []


async def test_resolving_an_incident_resolves_its_findings(services: Services) -> None:
    finding = await triaged(services, "by hand")
    await services.projector.run(10)
    incident_id = finding.incident.id
    await settle_findings(services, QueuedSettle(incident_id=incident_id))
    assert (await found(services, finding.id)).state is FindingState.OPEN, "nobody has resolved the incident"
    await resolve_by_hand(services, incident_id, "adele", ResolveReason.ACCEPTED, "We know")
    [text] = await taken(services, "-looks", seconds=10)
    assert json.loads(decode(text)) == {"kind": "triage.settle", "incidentId": incident_id}
    await look(services, text)
    after = await found(services, finding.id)
    assert (after.state, after.resolution) == (FindingState.RESOLVED, Resolution.BY_HAND)
    await services.projector.run(10)
    whole = await services.incidents.get(incident_id)
    assert whole is not None
    assert (whole.state, whole.open_findings) == (IncidentState.RESOLVED, 0)
    with pytest.raises(StateError, match="already resolved"):
        await resolve_by_hand(services, incident_id, "adele", ResolveReason.FIXED, None)


async def test_reopening_an_incident_reopens_findings_resolved_by_hand(services: Services) -> None:
    by_hand = await triaged(services, "again", internetMessageId=AGAIN)
    by_itself = await triaged(services, "gone", internetMessageId=AGAIN, mailbox="otto@one.example", folder="trash")
    assert (by_itself.incident, by_itself.resolution) == (by_hand.incident, Resolution.REMEDIATED)
    incident_id = by_hand.incident.id
    await services.projector.run(10)
    await resolve_by_hand(services, incident_id, "adele", ResolveReason.ACCEPTED, None)
    for text in await taken(services, "-looks", seconds=10):
        await look(services, text)
    await services.projector.run(10)
    await settle_findings(services, QueuedSettle(incident_id=incident_id, reopened=True))
    assert (await found(services, by_hand.id)).state is FindingState.RESOLVED, "nobody has reopened the incident"
    await reopen_by_hand(services, incident_id, "adele", "Not fixed after all")
    [text] = await taken(services, "-looks", seconds=10)
    assert json.loads(decode(text)) == {"kind": "triage.settle", "incidentId": incident_id, "reopened": True}
    await look(services, text)
    after = await found(services, by_hand.id)
    assert (after.state, after.resolution) == (FindingState.OPEN, None)
    assert (await found(services, by_itself.id)).resolution is Resolution.REMEDIATED, "nobody had resolved it by hand"
    whole = await services.incidents.get(incident_id)
    assert whole is not None
    assert (whole.state, whole.open_findings) == (IncidentState.OPEN, 1)


async def test_the_delay_grows_with_the_time_since_the_failure(services: Services) -> None:
    finding = await triaged(services, "grows")
    delays = {0: 15, 14: 15, 15: 60, 80: 240, 400: 720, 1100: 1440, 6000: 1440, 14 * 1440: None}
    for minutes, expected in delays.items():
        came = from_epoch_ns(epoch_ns(now()) - minutes * MINUTE)
        for start, spread in (("0000", 1.0), ("ffff", 1.1)):
            one = finding.model_copy(update={"id": start + finding.id[4:], "first_seen": came})
            due_at = next_look(services.settings, one)
            delay = None if due_at is None else (epoch_ns(due_at) - epoch_ns(now())) / MINUTE
            wanted = None if expected is None else pytest.approx(expected * spread, abs=0.1)
            assert delay == wanted, f"{minutes} minutes after the failure, id {start}…"
    resolved = finding.model_copy(update={"state": FindingState.RESOLVED})
    assert next_look(services.settings, resolved) is None


async def test_looks_keep_to_the_share_of_their_tenant(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever instance releases them, and at whichever second of a minute."""
    many = [DueLook(f"{number:032x}", "crowd", 1) for number in range(1500)]
    other = [DueLook(f"{number:032x}", "another", 1) for number in range(5)]
    instances = [services, Services(services.settings)]
    at = time.time()
    monkeypatch.setattr(due.time, "time", lambda: at)
    parts = await asyncio.gather(*(follow_up._within_share(one, many + other, set()) for one in instances))
    delays = [delay for released, _ in parts for delay, look in released if look.tenant_id == "crowd"]
    assert len(delays) == follow_up.LOOKS_PER_MINUTE
    assert (min(delays), max(delays)) == (0, 59)
    assert max(Counter(delays).values()) <= follow_up.LOOKS_PER_MINUTE / 60 + 1
    assert [sum(look.tenant_id == "another" for _, look in released) for released, _ in parts] == [5, 5]
    for released, left in parts:
        assert sorted([*(look for _, look in released), *left]) == sorted(many + other)
    await instances[1].close()


async def test_looks_over_the_share_stay_due(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    await release(services)  # what other tests have left
    monkeypatch.setattr(follow_up, "LOOKS_PER_MINUTE", 2)
    await services.due.add([DueLook(f"0{number:031x}", "over", None) for number in range(5)])
    begun = time.time()
    for minute, released in enumerate((2, 2, 1)):
        monkeypatch.setattr(due.time, "time", lambda ahead=minute * 60: begun + ahead)
        assert await release(services) == released
        assert await release(services) == 0


async def test_looks_share_a_reading_of_the_app_that_is_newer_than_their_messages(
    services: Services, tenant: Served
) -> None:
    finding = await triaged(services, "shared")
    text = QueuedRetriage.of(finding.id).encode().decode()

    async def readings(seconds_ago: int) -> int:
        """How often a look reads the app whose message was put on the queue then."""
        read = tenant.simulator.stats.by_path["/servicePrincipals(appId={})"]
        await handle(services, QueueMessage(text, "look", from_epoch_ns(time.time_ns() - seconds_ago * 10**9)))
        return tenant.simulator.stats.by_path["/servicePrincipals(appId={})"] - read

    assert await readings(0) > 0, "what was read before the message is not used"
    assert await readings(30) == 0
    assert await readings(1) > 0, "the clock of the queue may be late"


def granted(*permissions: str) -> dict[str, Any]:
    """The change of the tenant's data that grants these permissions to the app, and no others."""
    return {"tenants": {"one": {"etd": {"granted": [*permissions]}}}}


async def test_an_audit_that_finds_the_app_fixed_has_its_findings_looked_at(
    services: Services, tenant: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the next one, if that one ends before it has asked for the looks."""
    tenant.world.merge(granted("Organization.Read.All"))
    finding = await triaged(services, "audited", error="Remediation Failed - Unknown Reason")
    assert finding.cause in (Cause.CONSENT_MISSING, Cause.PERMISSION_MISSING)
    await services.projector.run(10)
    await audit_all(services, services.settings.tenants)
    assert await taken(services, "-looks", seconds=1) == [], "it is still broken"
    tenant.world.merge(granted("Organization.Read.All", "Mail.ReadWrite"))

    async def killed(*_: Any) -> int:
        raise ConnectionAbortedError

    with monkeypatch.context() as then:
        then.setattr(incidents, "recheck", killed)
        with pytest.raises(ConnectionAbortedError):
            await audit_all(services, services.settings.tenants)
    await audit_all(services, services.settings.tenants)
    [text] = await taken(services, "-looks")
    await look(services, text)
    await services.projector.run(10)
    whole = await services.incidents.get(finding.incident.id)
    assert whole is not None
    assert whole.state is IncidentState.RESOLVED


async def test_an_audit_that_finds_the_app_fixed_resolves_what_is_suppressed(
    services: Services, tenant: Served
) -> None:
    tenant.world.merge(granted("Organization.Read.All"))
    finding = await triaged(services, "hushed", error="Remediation Failed - Unknown Reason")
    await services.projector.run(10)
    until = from_epoch_ns(time.time_ns() + 60 * MINUTE)
    await services.incidents.change(finding.incident.id, lambda one: suppress(one, now(), "adele", "planned", until))
    tenant.world.merge(granted("Organization.Read.All", "Mail.ReadWrite"))
    await audit_all(services, services.settings.tenants)
    for text in await taken(services, "-looks"):
        await look(services, text)
    await services.projector.run(10)
    whole = await services.incidents.get(finding.incident.id)
    assert whole is not None
    assert whole.state is IncidentState.RESOLVED


async def test_the_maintenance_of_each_minute_does_every_part(services: Services) -> None:
    finding = await triaged(services, "maintained")
    await maintain(services)
    assert await services.incidents.get(finding.incident.id) is not None
