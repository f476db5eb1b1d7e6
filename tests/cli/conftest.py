"""One simulated tenant, one storage and one host with keys, for all tests of the command line."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox.azurite import Azurite
from sandbox.processes import child, host
from sandbox.tenant.world import World
from tests.cli.program import InProcess, environment

KEY = "key-of-the-tests"
PEOPLE = ("dana", "jane", "mona", "dora", "gona")


@dataclass(frozen=True)
class Deployment:
    """A host that asks for a key, and the settings that it runs with."""

    address: str
    settings: dict[str, str]

    @property
    def remote(self) -> dict[str, str]:
        """The environment of a person who has its address and key, and nothing else."""
        return {"TRIAGE_URL": self.address, "TRIAGE_KEY": KEY}


@pytest.fixture(scope="package")
def world() -> World:
    return World.load()


@pytest.fixture(scope="package")
def graph(world: World) -> Iterator[dict[str, str]]:
    """The settings that `check` and `audit` need."""
    with child("tenant", "--port", "0", environ={}) as tenant:
        url = tenant.wait_for(r"^Graph listening at (http://\S+)")[1]
        yield {"GRAPH_ENDPOINT": url, "TRIAGE_TENANTS": json.dumps(world.triage_tenants())}


@pytest.fixture(scope="package")
def deployment(graph: dict[str, str], accounts: Iterator[Azurite]) -> Iterator[Deployment]:
    settings = {**graph, "TriageStorage": next(accounts).connection_string}
    quick = {"AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.500"}
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


def wait_for_finding(service: httpx.Client, identifier: str) -> dict[str, Any]:
    end = time.monotonic() + 60
    while (answer := service.get(f"/api/findings/{identifier}")).status_code == 404:
        assert time.monotonic() < end, "no finding"
        time.sleep(0.1)
    return answer.json()


def post(service: httpx.Client, *people: str, **fields: str) -> list[dict[str, Any]]:
    """Failures of people, and their findings."""
    usual = {"error": "Resource is Not Found", "folder": "quarantine", **fields}
    body = [
        {"id": uuid.uuid4().hex, "mailbox": f"{who}@contoso.com", "internetMessageId": f"<{who}@mail.example>", **usual}
        for who in people
    ]
    accepted = service.post("/api/failures", json=body).raise_for_status().json()["accepted"]
    return [wait_for_finding(service, one["findingId"]) for one in accepted]


def only(settings: dict[str, str]) -> dict[str, str]:
    """These settings, with the others empty, because `started` adds to this process's environment."""
    names = ("TRIAGE_URL", "TRIAGE_KEY", "TriageStorage", "TRIAGE_TENANTS")
    return dict.fromkeys(names, "") | environment(**settings) | {"COLUMNS": "160"}


@pytest.fixture(scope="package")
def findings(deployment: Deployment) -> list[dict[str, Any]]:
    """The findings of one day, 2026-11-20. Other tests use other days."""
    with httpx.Client(base_url=deployment.address, headers={"x-functions-key": KEY}) as http:
        made = post(http, *PEOPLE, occurredAt="2026-11-20T10:11:12Z", subject="\x1b[31mPay [bold]now")
        exposed = sum(one["exposed"] is True for one in made)
        end = time.monotonic() + 60
        while len(http.get("/api/exposures").json()["value"]) < exposed:  # the lists are complete after some seconds
            assert time.monotonic() < end
            time.sleep(0.1)
        return made


@pytest.fixture(params=["deployment", "storage"])
def way(request: pytest.FixtureRequest, deployment: Deployment) -> dict[str, str]:
    """The settings of the two ways in which a command reaches findings."""
    return deployment.remote if request.param == "deployment" else deployment.settings
