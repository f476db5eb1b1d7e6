"""The service looks again by itself: on a real storage emulator, with a simulated tenant that fails and recovers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from azure.core.exceptions import AzureError

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import Served, serve
from tests.e2e.storage_proxy import storage_proxy
from tests.operations.conftest import WORLD, make_services
from tests.operations.queues import all_taken, taken
from triage.diagnosis.causes import Cause
from triage.finding import Finding
from triage.graph.evidence import Reason
from triage.intake.queue_message import QueuedLook, decode, read_retriage
from triage.operations import deliveries, messages
from triage.operations.accept import accept, retriage
from triage.operations.deliveries import handle, handle_poison
from triage.operations.looks import look_again
from triage.operations.messages import QueueMessage, TriageIncompleteError
from triage.operations.services import Services
from triage.storage.query import Query
from triage.wire import epoch_ns, now

FAILURE = {"mailbox": "ines@one.example", "messageId": "m", "error": "The Requested User is Invalid"}
FAULT = {"path": "mailFolders/inbox", "status": 500}


@pytest.fixture
async def tenant() -> AsyncIterator[Served]:
    async with serve(WORLD) as served:
        yield served


@pytest.fixture
async def services(storage: Azurite, tenant: Served, request: pytest.FixtureRequest) -> AsyncIterator[Services]:
    queue = f"looks{abs(hash(request.node.name))}"
    made = make_services(tenant.url, storage.connection_string, queue, RETRY_SECONDS="1", FOLLOW_UP_DAYS="0")
    yield made
    await made.close()


async def failed(services: Services, name: str) -> tuple[str, str]:
    """Accepts a failure. Returns the id of its finding, and its queue message, which is no longer on the queue."""
    [one] = await accept(services, json.dumps(FAILURE | {"id": name}).encode(), {})
    [text] = await taken(services, seconds=5)
    return one.finding_id, text


async def left(services: Services) -> int:
    """How many messages are on the queue, visible or not."""
    async with services.account.queues().get_queue_client(services.settings.queue) as client:
        return (await client.get_queue_properties()).approximate_message_count or 0


def message(text: str, attempt: int = 1) -> QueueMessage:
    return QueueMessage(text, "message", now(), attempt)


async def found(services: Services, finding_id: str) -> Finding:
    finding = await services.findings.get(finding_id)
    assert finding is not None
    return finding


async def test_a_failure_is_looked_at_again_until_its_evidence_is_there(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, "until")
    before = epoch_ns(now())
    await handle(services, message(text))
    first = await found(services, identifier)
    assert (first.cause, first.reasons[0].reason, first.looks) == (Cause.UNDETERMINED, Reason.UNAVAILABLE, 1)
    assert first.next_look_at is not None
    assert 1.0 <= (epoch_ns(first.next_look_at) - before) / 1e9 < 5
    [text] = await taken(services, seconds=5)
    await handle(services, message(text))
    second = await found(services, identifier)
    assert (second.cause, second.looks, second.deliveries) == (Cause.UNDETERMINED, 2, 1)
    assert second.next_look_at is not None
    tenant.simulator.faults.rules.clear()
    [text] = await taken(services, seconds=5)
    await handle(services, message(text))
    third = await found(services, identifier)
    assert (third.cause, third.looks, third.next_look_at) == (Cause.MAILBOX_REACHABLE, 3, None)
    assert await left(services) == 0


@pytest.mark.parametrize(("retry_after", "wait"), [(40, 40), (100_000, 300)])
async def test_the_next_look_is_not_before_the_retry_after_of_graph(
    services: Services, tenant: Served, retry_after: int, wait: int
) -> None:
    tenant.simulator.faults.add([FAULT | {"status": 429, "retryAfter": retry_after}])
    identifier, text = await failed(services, f"retry after {retry_after}")
    before = epoch_ns(now())
    await handle(services, message(text))
    finding = await found(services, identifier)
    assert finding.reasons[0].reason is Reason.THROTTLED
    assert finding.next_look_at is not None
    assert wait <= (epoch_ns(finding.next_look_at) - before) / 1e9 < wait + 5
    if retry_after == wait:
        assert await taken(services, count=1, seconds=1.5) == [], "its message stays invisible as long"


async def test_permanently_missing_evidence_is_not_retried(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([FAULT | {"status": 403}])
    identifier, text = await failed(services, "forbidden")
    await handle(services, message(text))
    finding = await found(services, identifier)
    assert (finding.cause, finding.next_look_at) == (Cause.UNDETERMINED, None)
    assert await left(services) == 0


async def test_a_message_that_comes_again_leaves_one_chain_of_looks(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, "again")
    await handle(services, message(text))
    await handle(services, message(text, attempt=2))
    for text in await taken(services, count=2, seconds=5):
        await handle(services, message(text))
    assert (await found(services, identifier)).looks == 3
    assert len(await all_taken(services)) == 1


async def test_a_look_that_is_sent_twice_is_done_once(services: Services, tenant: Served) -> None:
    """As when the service is killed after it sent the next look, and before it stored the finding."""
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, "twice")
    await handle(services, message(text))
    [look] = await taken(services, seconds=5)
    asked = read_retriage(decode(look))
    assert isinstance(asked, QueuedLook)
    await look_again(services, await found(services, identifier), asked)
    await handle(services, message(look, attempt=2))
    one, other = await taken(services, count=2, seconds=5)
    await handle(services, message(one))
    looked = await found(services, identifier)
    await handle(services, message(other))
    assert await found(services, identifier) == looked
    assert len(await all_taken(services)) == 1


async def test_two_deliveries_at_a_time_leave_one_chain_of_looks(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, "both")
    await asyncio.gather(*(handle(services, message(text)) for _ in range(4)))
    for text in await all_taken(services):
        await handle(services, message(text))
    assert (await found(services, identifier)).looks >= 2
    tenant.simulator.faults.rules.clear()
    for text in await all_taken(services):
        await handle(services, message(text))
    assert (await found(services, identifier)).cause is Cause.MAILBOX_REACHABLE
    assert await left(services) == 0


async def test_a_later_delivery_that_knows_less_does_not_start_looks(services: Services, tenant: Served) -> None:
    identifier, text = await failed(services, "known")
    await handle(services, message(text))
    before = await found(services, identifier)
    tenant.simulator.faults.add([FAULT])
    _, again = await failed(services, "known")
    await handle(services, message(again))
    after = await found(services, identifier)
    assert (after.cause, after.deliveries, after.next_look_at) == (before.cause, 2, None)
    assert await left(services) == 0


async def test_a_retriage_that_lacks_evidence_is_looked_at_again(services: Services, tenant: Served) -> None:
    identifier, text = await failed(services, "retriage")
    await handle(services, message(text))
    tenant.simulator.faults.add([FAULT])
    await retriage(services, [identifier])
    [text] = await taken(services, seconds=5)
    await handle(services, message(text))
    waiting = await found(services, identifier)
    assert (waiting.cause, waiting.looks) == (Cause.MAILBOX_REACHABLE, 2)
    assert waiting.next_look_at is not None
    tenant.simulator.faults.rules.clear()
    [text] = await taken(services, seconds=5)
    await handle(services, message(text))
    done = await found(services, identifier)
    assert (done.looks, done.next_look_at) == (3, None)
    assert done.triaged_at > waiting.triaged_at


async def test_looks_end_a_day_after_the_first_one(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, "day")
    await handle(services, message(text))
    [text] = await taken(services, seconds=5)
    look = read_retriage(decode(text))
    assert isinstance(look, QueuedLook)
    late = QueuedLook.after(look.finding_id, look.number, 40, "2026-11-20T00:00:00Z").encode().decode()
    await handle(services, message(late))
    finding = await found(services, identifier)
    assert (finding.cause, finding.looks, finding.next_look_at) == (Cause.UNDETERMINED, 2, None)
    assert await left(services) == 0


async def test_a_look_that_comes_before_its_finding_is_stored_is_tried_again(
    services: Services, tenant: Served
) -> None:
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, "early")
    early = QueuedLook.after(identifier, 2, 1, now()).encode().decode()
    with pytest.raises(TriageIncompleteError, match="not stored yet"):
        await handle(services, message(early))
    await handle(services, message(text))
    await handle(services, message(early, attempt=2))
    assert (await found(services, identifier)).looks == 2


@pytest.mark.parametrize(("treat", "attempt"), [(handle, 5), (handle_poison, 1)])
async def test_a_look_that_used_up_its_tries_before_its_finding_is_stored_is_put_back(
    services: Services, tenant: Served, monkeypatch: pytest.MonkeyPatch, treat: Callable[..., Any], attempt: int
) -> None:
    monkeypatch.setattr(messages, "EARLY_SECONDS", 1)
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, f"put back {attempt}")
    early = QueuedLook.after(identifier, 2, 1, now())
    await treat(services, message(early.encode().decode(), attempt))
    [again] = await taken(services, seconds=5)
    assert read_retriage(decode(again)) == early
    await handle(services, message(text))
    await handle(services, message(again))
    assert (await found(services, identifier)).looks == 2


@pytest.mark.parametrize("since", ["2026-11-20T00:00:00Z", "2099-01-01T00:00:00Z"])
async def test_a_look_at_a_finding_that_is_never_stored_ends(services: Services, since: str) -> None:
    await failed(services, since)  # makes the queue
    await handle(services, message(QueuedLook.after("0" * 32, 2, 1, since).encode().decode(), 5))
    assert await left(services) == 0


@pytest.mark.parametrize("number", [1, 3])
async def test_a_look_from_outside_with_another_number_does_nothing(
    services: Services, tenant: Served, number: int
) -> None:
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, f"forged {number}")
    await handle(services, message(text))
    before = await found(services, identifier)
    await handle(services, message(QueuedLook.after(identifier, number, 0, now()).encode().decode(), attempt=5))
    assert await found(services, identifier) == before


async def test_a_poisoned_failure_is_looked_at_again(services: Services) -> None:
    identifier, text = await failed(services, "poison")
    await handle_poison(services, message(text))
    poisoned = await found(services, identifier)
    assert (poisoned.cause, poisoned.reasons[0].reason, poisoned.looks) == (Cause.UNDETERMINED, Reason.POISON, 1)
    assert poisoned.next_look_at is not None
    [text] = await taken(services, seconds=5)
    await handle(services, message(text))
    finding = await found(services, identifier)
    assert (finding.cause, finding.deliveries, finding.next_look_at) == (Cause.MAILBOX_REACHABLE, 1, None)


async def test_a_poisoned_look_is_followed_by_the_next_one(services: Services, tenant: Served) -> None:
    tenant.simulator.faults.add([FAULT])
    identifier, text = await failed(services, "poisoned look")
    await handle(services, message(text))
    [text] = await taken(services, seconds=5)
    await handle_poison(services, message(text))
    finding = await found(services, identifier)
    assert (finding.looks, finding.reasons[0].reason) == (2, Reason.POISON)
    tenant.simulator.faults.rules.clear()
    [text] = await taken(services, seconds=5)
    await handle(services, message(text))
    assert (await found(services, identifier)).cause is Cause.MAILBOX_REACHABLE


async def test_a_message_is_put_back_while_tables_are_away(
    storage: Azurite, tenant: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "PUT_BACK_SECONDS", 1)
    failure = json.dumps(FAILURE | {"id": "put back", "occurredAt": "2026-11-20T10:11:12Z"})
    with storage_proxy(storage.table_port) as tables:
        connection = storage.connection_string.replace(f":{storage.table_port}/", f":{tables.port}/")
        services = make_services(tenant.url, connection, "putback", RETRY_SECONDS="1")
        tables.go()
        with pytest.raises(AzureError):
            await handle(services, message(failure, attempt=4))
        await handle(services, message(failure, attempt=5))
        [text] = await taken(services, seconds=5)
        await handle(services, message(text, attempt=5))
        [text] = await taken(services, seconds=5)
        tables.come_back()
        await handle(services, message(text))
        page, _ = await services.finding_lists.page(Query({}), 1000, None)
        await services.close()
    [finding] = [one for one in page if one["failure"]["id"] == "put back"]
    assert (finding["cause"], finding["deliveries"]) == ("mailbox_reachable", 1)


async def test_cached_evidence_says_when_it_was_read(services: Services) -> None:
    """The app and the organization are kept for a while. A retriage reads them again."""
    texts = [await failed(services, name) for name in ("reads", "keeps")]
    for _, text in texts:
        await handle(services, message(text))
    first, second = [await found(services, identifier) for identifier, _ in texts]
    assert [check.id for check in first.checks if "readAt" in check.observed] == []
    kept = {check.id: check.observed["readAt"] for check in second.checks if "readAt" in check.observed}
    assert {"organization", "service_principal", "permissions"} <= kept.keys()
    assert not {"user", "mailbox"} & kept.keys()
    assert {epoch_ns(moment) <= epoch_ns(first.triaged_at) for moment in kept.values()} == {True}
    await retriage(services, [second.id])
    [text] = await taken(services, seconds=5)
    await handle(services, message(text))
    assert [check.id for check in (await found(services, second.id)).checks if "readAt" in check.observed] == []
