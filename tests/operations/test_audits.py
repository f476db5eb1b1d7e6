"""Audits of many tenants: neither an error nor a slow Graph in one of them stops the audits of the others."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import serve
from tests.operations.conftest import WORLD, make_services
from tests.operations.queues import taken
from triage.audit.model import Verdict
from triage.intake.queue_message import QueuedAudit, decode, read_audit
from triage.operations.audits import audit_all, queue_audits
from triage.operations.deliveries import handle
from triage.operations.messages import QueueMessage
from triage.wire import epoch_ns, newest_first, now


async def test_every_other_tenant_is_audited_before_an_error_is_raised(storage: Azurite) -> None:
    first, second = (WORLD.tenants[name].id for name in ("one", "two"))
    async with serve(WORLD, latency=0.2) as served:
        services = make_services(served.url, storage.connection_string)
        table = await services.account.table("audits")
        unreadable = {"PartitionKey": first, "RowKey": newest_first(0), "document": "{}"}
        await table.create_entity(unreadable)
        with pytest.raises(ValidationError):
            await audit_all(services, services.settings.tenants)
        assert [audit.tenant_id for audit in await services.audits.latest((second,))] == [second]
        await table.delete_entity(first, newest_first(0))
        assert len(await audit_all(services, services.settings.tenants)) == 2
        await services.close()


async def test_the_timer_leaves_each_tenant_to_a_message_of_its_own(storage: Azurite) -> None:
    """Fifty tenants with a slow Graph take longer than a function may, so the timer waits for none of them."""
    async with serve(WORLD) as served:
        services = make_services(served.url, storage.connection_string, "audited")
        await queue_audits(services, services.settings.tenants)
        assert served.simulator.stats.requests == 0
        texts = await taken(services, "-looks", 2)
        ids = {tenant.tenant_id for tenant in services.settings.tenants}
        assert {queued.tenant_id for text in texts if (queued := read_audit(decode(text)))} == ids
        before = now()
        for text in texts:
            await handle(services, QueueMessage(text, "audit", before))
        audits = [one for one in await services.audits.latest() if epoch_ns(one.audited_at) >= epoch_ns(before)]
        assert {audit.tenant_id for audit in audits} == ids
        await services.close()


async def test_a_message_of_a_tenant_that_is_not_configured_audits_nothing(storage: Azurite) -> None:
    nobody = "6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a99"
    async with serve(WORLD) as served:
        services = make_services(served.url, storage.connection_string, "nobody")
        text = QueuedAudit(tenant_id=nobody).encode().decode()
        await handle(services, QueueMessage(text, "audit", now()))
        assert (served.simulator.stats.requests, await services.audits.latest((nobody,))) == (0, [])
        await services.close()


async def test_the_notifications_of_an_audit_are_stored_with_it(storage: Azurite) -> None:
    tenant = next(iter(WORLD.tenants.values()))
    channel = {"name": "soc", "kind": "slack", "url": "https://hooks.slack.com/services/x"}
    async with serve(WORLD) as served:
        services = make_services(served.url, storage.connection_string, TRIAGE_NOTIFICATIONS=json.dumps([channel]))
        settings = services.settings.tenants[:1]
        table = await services.account.table("audits")
        async for entity in table.query_entities(f"PartitionKey eq '{tenant.id}'"):
            await table.delete_entity(entity)
        (first,) = await audit_all(services, settings)
        assert await services.outbox.waiting("soc") == []
        await services.audits.save(first.model_copy(update={"verdict": Verdict.DEGRADED, "id": f"{first.id}0"}))
        await table.delete_entity(tenant.id, first.id.partition(".")[2])
        (second,) = await audit_all(services, settings)
        assert first.verdict == second.verdict == "healthy"
        assert [(row.event, row.subject_id) for row in await services.outbox.waiting("soc")] == [
            ("audit.changed", second.id)
        ]
        await services.close()
