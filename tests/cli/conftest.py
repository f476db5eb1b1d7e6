"""One simulated tenant, one storage and one host with keys, for all tests of the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from sandbox.azurite import azurite
from sandbox.processes import child, host
from sandbox.tenant.world import World
from tests.cli.program import InProcess

KEY = "key-of-the-tests"


@dataclass(frozen=True)
class Deployment:
    """A host that asks for a key, and the settings that it runs with."""

    address: str
    settings: dict[str, str]

    @property
    def remote(self) -> dict[str, str]:
        """The environment of a person who has its address and key, and nothing else."""
        return {"TRIAGE_URL": self.address, "TRIAGE_KEY": KEY}


@pytest.fixture(scope="session")
def world() -> World:
    return World.load()


@pytest.fixture(scope="session")
def graph(world: World) -> Iterator[dict[str, str]]:
    """The settings that `check` and `audit` need."""
    with child("tenant", "--port", "0", environ={}) as tenant:
        url = tenant.wait_for(r"^Graph listening at (http://\S+)")[1]
        yield {"GRAPH_ENDPOINT": url, "TRIAGE_TENANTS": json.dumps(world.triage_tenants())}


@pytest.fixture(scope="session")
def deployment(graph: dict[str, str]) -> Iterator[Deployment]:
    with azurite() as storage:
        settings = {**graph, "TriageStorage": storage.connection_string}
        quick = {"AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.200"}
        with host("--enable-auth", environ={**settings, **quick, "AzureWebJobsSandboxKey": KEY}) as (_, address):
            yield Deployment(address, settings)


@pytest.fixture
def service(deployment: Deployment) -> Iterator[httpx.Client]:
    """The deployment's API, past the command line."""
    with httpx.Client(base_url=deployment.address, headers={"x-functions-key": KEY}, timeout=30) as http:
        yield http


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> InProcess:
    return InProcess(monkeypatch, capsys)
