"""Anybody may ask for the health, so it must not be a way to ask Graph or storage without end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import Served, serve
from tests.operations.conftest import WORLD, make_services
from triage.graph import kept
from triage.operations.health import check_health
from triage.operations.services import Services
from triage.operations.states import STORAGE_ASKED
from triage.storage.queue import IntakeQueue


@pytest.fixture
async def tenants() -> AsyncIterator[Served]:
    async with serve(WORLD) as served:
        yield served


async def control(served: Served, method: str, path: str, body: Any = None) -> Any:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{served.url}/_sandbox/{path}", json=body) as reply,
    ):
        return await reply.json() if reply.content_type == "application/json" else None


@pytest.mark.parametrize("fault", [
    {"path": "^/users", "status": 500}, {"path": "^/organization", "status": 503, "retryAfter": 99},
    {"path": "^/organization", "status": 401}, {"path": r"^/\$batch", "status": 401},
])  # fmt: skip
async def test_a_probe_that_fails_is_not_repeated_for_a_minute(
    storage: Azurite, tenants: Served, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await control(tenants, "POST", "faults", fault)
    services = make_services(tenants.url, storage.connection_string)
    first = await check_health(services)
    assert (first["status"], first["checks"]["graph"]["status"]) == ("degraded", "degraded")
    asked = (await control(tenants, "GET", "stats"))["requests"]
    for _ in range(3):
        assert (await check_health(services))["checks"]["graph"] == first["checks"]["graph"]
    await asyncio.gather(*(check_health(services) for _ in range(10)))
    assert (await control(tenants, "GET", "stats"))["requests"] == asked

    await control(tenants, "DELETE", "faults")
    later = time.monotonic() + 61
    monkeypatch.setattr(kept, "time", SimpleNamespace(monotonic=lambda: later))
    assert (await check_health(services))["checks"]["graph"] == {"status": "ok"}
    await services.close()


async def test_a_graph_that_hangs_is_asked_once(
    storage: Azurite, tenants: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.deadlines.HEALTH_GRAPH", 0.3)
    await control(tenants, "POST", "faults", {"path": r"^/\$batch", "delaySeconds": 5})
    services = make_services(tenants.url, storage.connection_string)
    assert (await check_health(services))["checks"]["graph"] == {"status": "degraded", "reasons": ["timeout"]}
    asked = (await control(tenants, "GET", "stats"))["requests"]
    assert (await check_health(services))["checks"]["graph"] == {"status": "degraded", "reasons": ["timeout"]}
    assert (await control(tenants, "GET", "stats"))["requests"] == asked
    await services.close()


async def test_storage_is_tried_a_few_times_in_five_seconds(
    storage: Azurite, tenants: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Services] = []
    ping = IntakeQueue.ping

    async def counted(self: Any) -> None:
        tried.append(self)
        await ping(self)

    monkeypatch.setattr(IntakeQueue, "ping", counted)
    services = make_services(tenants.url, storage.connection_string)
    for _ in range(3 * STORAGE_ASKED):
        assert (await check_health(services))["checks"]["storage"] == {"status": "ok"}
    assert len(tried) == STORAGE_ASKED
    await services.close()
