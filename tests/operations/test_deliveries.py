"""How queue messages are handled, on a real storage emulator, with a simulated tenant behind the Graph client."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from azure.core.exceptions import AzureError
from pydantic import ValidationError

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import serve
from tests.e2e.storage_proxy import storage_proxy
from tests.operations.conftest import WORLD, make_services
from triage import deadlines
from triage.diagnosis.causes import Cause
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import IntakeError
from triage.intake.queue_message import QueuedRetriage
from triage.intake.queued_failures import finding_id
from triage.operations.accept import accept, retriage
from triage.operations.deliveries import handle, handle_poison
from triage.operations.messages import QueueMessage
from triage.operations.services import Services
from triage.storage.documents import decompressed, pack_compressed
from triage.storage.finding_rows import DOCUMENT, all_key, id_key
from triage.storage.shards import shard_of

AT = "2026-11-20T10:11:12Z"
FAILURE = {"mailbox": "ines@one.example", "messageId": "m", "error": "The Requested User is Invalid", "occurredAt": AT}


def message(value: Any, attempt: int = 1) -> QueueMessage:
    return QueueMessage(value if isinstance(value, str) else json.dumps(value), "message", AT, attempt)


async def queued(services: Services) -> list[str]:
    """The texts of the messages on the queue. They are no longer visible on it afterwards."""
    client = services.account.queues().get_queue_client(services.settings.queue)
    try:
        return [one.content async for one in client.receive_messages(messages_per_page=32)]
    finally:
        await client.close()


async def rejected(services: Services, text: str) -> list[dict[str, Any]]:
    events, _ = await services.rejected.page(1000, None)
    return [event for event in events if event["body"] == text]


async def accepted(services: Services, **fields: Any) -> tuple[str, str]:
    """Accepts a failure. Returns the id of its finding, and its queue message."""
    [one] = await accept(services, json.dumps({**FAILURE, **fields}).encode(), {})
    return one.finding_id, one.encode().decode()


async def test_a_message_from_outside_cannot_change_the_finding_of_another_failure(services: Services) -> None:
    finding_id, text = await accepted(services, id="victim")
    await handle(services, message(text))
    before = await services.findings.get(finding_id)
    forged = json.loads(text)
    forged["failure"] |= {"mailbox": "otto@one.example", "id": "mine"}
    forged |= {"findingId": finding_id, "fresh": True, "delivery": "forged"}
    await handle(services, message(forged))
    assert before is not None
    assert await services.findings.get(finding_id) == before


async def test_a_retriage_uses_the_stored_failure_whatever_its_size(services: Services) -> None:
    large = {**FAILURE, "id": "large", "subject": "x" * 60_000}
    await handle(services, message([large, {**FAILURE, "id": "small"}]))
    assert len(await queued(services)) == 1, (
        "the small one; the large one does not fit a message and is triaged at once"
    )
    finding = await services.findings.get(finding_id(services.settings, RemediationFailure(**large)))
    assert finding is not None
    await retriage(services, [finding.id])
    [text] = await queued(services)
    await handle(services, message(text))
    again = await services.findings.get(finding.id)
    assert again is not None
    assert again.triaged_at > finding.triaged_at
    assert (again.failure, again.deliveries) == (finding.failure, 1)


async def test_a_large_failure_that_lacks_evidence_does_not_send_the_others_again(storage: Azurite) -> None:
    large = {**FAILURE, "id": "large, and lacking", "subject": "x" * 60_000}
    async with serve(WORLD) as served:
        served.simulator.faults.add([{"status": 500}])
        services = make_services(served.url, storage.connection_string, "lacking")
        await handle(services, message([large, {**FAILURE, "id": "small"}]))
        assert len(await queued(services)) == 1, "no error: the message is done, and the small one is sent once"
        finding = await services.findings.get(finding_id(services.settings, RemediationFailure(**large)))
        assert finding is not None
        assert (finding.cause, finding.next_look_at is not None) == (Cause.UNDETERMINED, True)
        await services.findings.remove(finding.id, 2**62)  # other tests count what waits
        await services.close()


async def test_a_retriage_of_a_removed_finding_does_nothing(services: Services) -> None:
    text = QueuedRetriage.of("0" * 32).encode().decode()
    await handle(services, message(text))
    await handle_poison(services, message(text))
    assert await services.findings.get("0" * 32) is None
    assert await rejected(services, text) == []


WIDE = {**FAILURE, "mailboxes": [f"a{number}@one.example" for number in range(500)], "extra": "x" * 40_000}


async def test_a_body_whose_messages_are_too_large_in_total_is_refused(services: Services) -> None:
    with pytest.raises(IntakeError) as caught:
        await accept(services, json.dumps(WIDE).encode(), {})
    assert caught.value.reason == "too_large"
    text = json.dumps(WIDE)
    await handle(services, message(text))
    assert [event["reason"] for event in await rejected(services, text)] == ["too_large"]


async def change_document(services: Services, identifier: str, change: dict[str, Any]) -> None:
    """Changes a stored finding into one that another version of the service wrote."""
    table = await services.account.table("findings")
    shard = shard_of(identifier)
    place = (await table.get_entity(shard, id_key(identifier)))["place"]
    entity = await table.get_entity(shard, all_key(place))
    document = json.loads(decompressed(DOCUMENT, entity)) | change
    await table.update_entity({**entity, **pack_compressed(DOCUMENT, document)})


@pytest.mark.parametrize("treat", [handle, handle_poison])
async def test_a_failure_comes_again_after_a_newer_version_stored_its_finding(services: Services, treat: Any) -> None:
    identifier, text = await accepted(services, id=treat.__name__)
    await handle(services, message(text))
    await change_document(services, identifier, {"cause": "of_a_newer_version", "alternatives": ["new", "app_healthy"]})
    _, again = await accepted(services, id=treat.__name__)
    await treat(services, message(again))
    finding = await services.findings.get(identifier)
    assert finding is not None
    assert finding.deliveries == 2
    assert await rejected(services, again) == []


async def test_a_poisoned_message_whose_finding_cannot_be_saved_becomes_a_rejected_event(services: Services) -> None:
    identifier, text = await accepted(services, id="unreadable")
    await handle(services, message(text))
    readable = await services.findings.get(identifier)
    assert readable is not None
    await change_document(services, identifier, {"failure": "of a version that is not known"})
    with pytest.raises(ValidationError):
        await handle(services, message(text))
    for again in (text, QueuedRetriage.of(identifier).encode().decode()):
        await handle_poison(services, message(again))
        [event] = await rejected(services, again)
        assert (event["reason"], event["detail"]) == ("poison", "Its finding could not be saved (ValidationError).")
    await change_document(services, identifier, readable.wire())  # other tests read all that is in this storage


async def test_a_poisoned_message_stays_on_the_queue_while_storage_is_away(
    services: Services, storage: Azurite
) -> None:
    _, text = await accepted(services, id="away")
    with storage_proxy(storage.table_port) as tables:
        connection = storage.connection_string.replace(f":{storage.table_port}/", f":{tables.port}/")
        others = make_services(services.settings.graph_endpoint, connection)
        tables.go()
        with pytest.raises(AzureError):
            await handle_poison(others, message(text))
        tables.come_back()
        await handle_poison(others, message(text))
        await others.close()
    assert await rejected(services, text) == []


async def test_a_poisoned_message_ends_in_time_when_storage_does_not_answer(
    services: Services, storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the host ends the function, and all others of the instance with it."""
    _, text = await accepted(services, id="silent")
    monkeypatch.setattr(deadlines, "TRIAGE", 0.5)
    with storage_proxy(storage.table_port) as tables:
        connection = storage.connection_string.replace(f":{storage.table_port}/", f":{tables.port}/")
        others = make_services(services.settings.graph_endpoint, connection)
        tables.fall_silent()
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            await handle_poison(others, message(text))
        assert time.monotonic() - begun < 5
        await others.close()
