"""After an outage of Graph, what waits for a retry is looked at at once: on a real storage emulator and a simulated tenant."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import Served, serve
from tests.operations.conftest import WORLD, make_services
from tests.operations.queues import all_taken, taken
from triage.diagnosis.causes import Cause
from triage.finding import Finding
from triage.intake.queue_message import QueuedLook, decode, read_retriage
from triage.operations import recovery
from triage.operations.accept import accept
from triage.operations.deliveries import handle
from triage.operations.maintenance import maintain
from triage.operations.messages import QueueMessage
from triage.operations.services import Services
from triage.storage.query import Query
from triage.wire import epoch_ns, from_epoch_ns, now

FAILURE = {"mailbox": "ines@one.example", "messageId": "m", "error": "The Requested User is Invalid"}
AWAY = {"status": 500}


@pytest.fixture
async def tenant() -> AsyncIterator[Served]:
    async with serve(WORLD) as served:
        yield served


@pytest.fixture
async def services(storage: Azurite, tenant: Served, request: pytest.FixtureRequest) -> AsyncIterator[Services]:
    queue = f"recovery{abs(hash(request.node.name))}"
    made = make_services(tenant.url, storage.connection_string, queue, RETRY_SECONDS="7200", FOLLOW_UP_DAYS="0")
    yield made
    rows, _ = await made.finding_lists.page(Query({}), 100, None)
    for row in rows:
        await made.findings.remove(row["id"], 2**62)
    await made.close()


async def arrived(services: Services, *names: str) -> list[str]:
    """Failures that were triaged once. Returns the ids of their findings."""
    ids: list[str] = []
    for name in names:
        [one] = await accept(services, json.dumps(FAILURE | {"id": name}).encode(), {})
        await handle(services, QueueMessage(one.encode().decode(), name, now()))
        ids.append(one.finding_id)
    return ids


async def look(services: Services, text: str) -> None:
    await handle(services, QueueMessage(text, "look", now()))


async def found(services: Services, finding_id: str) -> Finding:
    finding = await services.findings.get(finding_id)
    assert finding is not None
    return finding


async def test_what_waits_for_hours_is_looked_at_as_soon_as_graph_answers_again(
    services: Services, tenant: Served
) -> None:
    tenant.simulator.faults.add([AWAY])
    ids = await arrived(services, "a", "b", "c", "d")
    assert {(await found(services, one)).cause for one in ids} == {Cause.UNDETERMINED}
    await maintain(services, 5)
    [text] = await all_taken(services, "-looks")
    await look(services, text)  # Graph is still away: nobody else is looked at
    assert await all_taken(services, "-looks") == []
    probed = [one for one in [await found(services, one) for one in ids] if one.looks == 2]
    assert [one.cause for one in probed] == [Cause.UNDETERMINED]
    assert probed[0].next_look_at is not None, "its retries go on"
    tenant.simulator.faults.rules.clear()
    await maintain(services, 5)
    [text] = await all_taken(services, "-looks")
    await look(services, text)
    others = await taken(services, "-looks", 3)
    assert len(others) == 3
    for text in others:
        await look(services, text)
    after = [await found(services, one) for one in ids]
    assert {(one.cause, one.next_look_at) for one in after} == {(Cause.MAILBOX_REACHABLE, None)}
    await maintain(services, 5)
    assert await all_taken(services, "-looks") == [], "nothing is left"


async def test_the_message_that_waited_is_dropped(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([AWAY])
    [identifier] = await arrived(services, "dropped")
    await maintain(services, 5)
    [text] = await all_taken(services, "-looks")
    released = read_retriage(decode(text))
    assert isinstance(released, QueuedLook)
    assert (released.finding_id, released.number, released.before) == (identifier, 2, 1)
    tenant.simulator.faults.rules.clear()
    await look(services, text)
    waited = QueuedLook.after(identifier, 2, 1, now())
    before = await found(services, identifier)
    await look(services, waited.encode().decode())
    assert await found(services, identifier) == before


async def test_a_look_that_was_lost_is_made_an_hour_late(
    services: Services, tenant: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.simulator.faults.add([AWAY])
    [identifier] = await arrived(services, "lost")
    async with services.account.queues().get_queue_client(services.settings.queue) as queue:
        await queue.clear_messages()
    tenant.simulator.faults.rules.clear()
    due = epoch_ns((await found(services, identifier)).next_look_at or "")
    for late, looks in ((3500, 0), (3700, 1)):
        monkeypatch.setattr(recovery, "now", lambda late=late: from_epoch_ns(due + late * 1_000_000_000))
        assert await recovery.probe(services) == looks
    [text] = await all_taken(services, "-looks")
    await look(services, text)
    finding = await found(services, identifier)
    assert (finding.cause, finding.next_look_at) == (Cause.MAILBOX_REACHABLE, None)


async def test_a_retry_after_is_waited_for(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([{"path": "mailFolders/inbox", "status": 429, "retryAfter": 200}])
    await arrived(services, "throttled")
    await maintain(services, 5)
    assert await all_taken(services, "-looks") == []


async def test_what_lacks_a_permission_is_no_outage(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([{"path": "mailFolders/inbox", "status": 403, "code": "ErrorAccessDenied"}])
    await arrived(services, "denied")
    assert await recovery.probe(services) == 0
