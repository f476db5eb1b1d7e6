"""An error in the audit of one tenant does not stop the audits of the others."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import serve
from tests.operations.conftest import WORLD, make_services
from triage.audit.model import Verdict
from triage.operations.audits import audit_all
from triage.wire import newest_first


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


async def test_what_an_audit_has_to_tell_is_stored_with_it(storage: Azurite) -> None:
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
