"""What a tenant is called: by the settings, by Graph, by a domain; and how it is."""

from __future__ import annotations

import json

import pytest

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import serve
from tests.factories import APP_ID
from tests.operations.conftest import WORLD, make_services
from tests.operations.test_coverage import finished
from triage import deadlines
from triage.operations.audits import audit_tenant
from triage.operations.coverage import start_scan
from triage.operations.services import Services
from triage.operations.tenants import describe_tenants, tenant_names

ONE, TWO = WORLD.triage_tenants()


async def names(services: Services) -> list[str]:
    return [tenant["name"] for tenant in await describe_tenants(services, services.settings.tenants)]


async def test_a_tenant(services: Services) -> None:
    tenants = services.settings.tenants
    first, second = await describe_tenants(services, tenants)
    assert first == {
        **first,  # other tests may have audited it, and stored findings
        "tenantId": ONE["tenantId"],
        "name": WORLD.tenants["one"].name,
        "mode": "read_write",
        "domains": ["one.example"],
        "coverage": None,
    }
    assert second["tenantId"] == TWO["tenantId"]
    await finished(services, await start_scan(services, tenants[1]))
    audit = await audit_tenant(services, tenants[1])
    (again,) = await describe_tenants(services, tenants[1:])
    coverage = {"mailboxes": 0, "uncovered": 0}
    assert again == second | {"verdict": audit.verdict.value, "auditedAt": audit.audited_at, "coverage": coverage}


@pytest.mark.parametrize(("fields", "graph", "name", "domains"), [
    ({"name": "Contoso", "domains": ["x.example"]}, True, "Contoso", ["x.example"]),
    ({"name": "Contoso", "domains": []}, True, "Contoso", ["one.example"]),
    ({"name": "", "domains": ["x.example"]}, True, WORLD.tenants["one"].name, ["x.example"]),
    ({"domains": ["x.example"]}, False, "x.example", ["x.example"]),
    ({"domains": [], "tenantId": APP_ID}, False, APP_ID, []),
])  # fmt: skip
async def test_where_the_name_and_domains_of_a_tenant_come_from(
    storage: Azurite, fields: dict[str, object], graph: bool, name: str, domains: list[str]
) -> None:
    setting = json.dumps([ONE | fields])
    async with serve(WORLD) as served:
        url = served.url if graph else "http://127.0.0.1:9"
        services = make_services(url, storage.connection_string, TRIAGE_TENANTS=setting)
        (found,) = await describe_tenants(services, services.settings.tenants)
        assert (found["name"], found["domains"]) == (name, domains)
        known = found["tenantId"]
        assert await tenant_names(services, [known, known, None, TWO["tenantId"]]) == {known: name}
        if name == APP_ID:
            assert (found["verdict"], found["auditedAt"]) == (None, None), "nobody has audited it"
        await services.close()


async def test_graph_that_is_slow_delays_the_list_no_longer_than_it_may(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "TENANT_NAME", 0.05)
    async with serve(WORLD, latency=5) as served:
        services = make_services(served.url, storage.connection_string)
        assert await names(services) == ["one.example", "two.example"]
        await services.close()
