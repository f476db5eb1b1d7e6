"""Services on a real storage emulator, with simulated tenants behind the Graph client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import serve
from sandbox.tenant.world import World
from triage.operations.services import Services
from triage.settings import read_settings

WORLD = World({
    "tenants": {
        "one": {"domains": ["one.example"], "people": {"ines": {}, "otto": {}}},
        "two": {"domains": ["two.example"]},
    }
})  # fmt: skip


def make_services(
    graph: str, connection_string: str, queue: str = "failures", world: World = WORLD, **more: str
) -> Services:
    """Services for the tenants of a world, with a Graph endpoint and a storage account."""
    environ = {
        "GRAPH_ENDPOINT": graph,
        "TRIAGE_TENANTS": json.dumps(world.triage_tenants()),
        "TriageStorage": connection_string,
        "TRIAGE_QUEUE": queue,
        **more,
    }
    return Services(read_settings(environ))


@pytest.fixture(scope="module")
def storage(accounts: Iterator[Azurite]) -> Azurite:
    return next(accounts)


@pytest.fixture
async def services(storage: Azurite, request: pytest.FixtureRequest) -> AsyncIterator[Services]:
    async with serve(WORLD) as tenant:
        made = make_services(tenant.url, storage.connection_string, f"q{abs(hash(request.node.name))}")
        yield made
        await made.close()
