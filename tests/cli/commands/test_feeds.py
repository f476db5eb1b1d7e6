"""`feeds` and `poll`: with a simulated ETD, against the code in this process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from sandbox.processes import child
from sandbox.tenant.world import World
from tests.cli.conftest import Deployment
from tests.cli.program import InProcess


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.cli.commands.feeds._LOOK_EVERY", 0.2)


@pytest.fixture
def etd(deployment: Deployment, graph: dict[str, str], world: World) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a simulated ETD of a tenant, and the settings that have it."""
    tenant = world.tenants["fabrikam"].id
    with child("etd", "--graph", graph["GRAPH_ENDPOINT"], "--tenants", tenant, environ={}) as process:
        address = process.wait_for(r"^ETD listening at (http://\S+)")[1]
        apis = [{**one, "requestsPerSecond": 100} for one in httpx.get(f"{address}/_sandbox/apis").json()]
        httpx.put(f"{address}/_sandbox/switches", json={"rateLimit": False}).raise_for_status()
        yield address, {**deployment.settings, "ETD_APIS": json.dumps(apis)}


def test_without_a_feed(deployment: Deployment, in_process: InProcess) -> None:
    for settings in (deployment.remote, deployment.settings):
        result = in_process("feeds", settings=settings)
        assert (result.code, result.out) == (0, "37 tenants: 37 off.\n")
        assert result.err == (
            "No tenant has a feed. Set ETD_APIS to find failed remediations automatically (docs/connect.md).\n"
        )
        result = in_process("poll", "--once", settings=settings)
        assert (result.code, result.out) == (4, "")
        assert "There is nothing to poll: set ETD_APIS" in result.err


def test_a_poll_updates_the_feed(etd: tuple[str, dict[str, str]], world: World, in_process: InProcess) -> None:
    address, settings = etd
    tenant = world.tenants["fabrikam"].id
    mail = {"mailboxes": ["otto@fabrikam.com"], "action": "quarantine", "receivedAt": "-20m", "deliver": False}
    httpx.post(f"{address}/_sandbox/convict", json={"tenantId": tenant, "messages": [mail]}).raise_for_status()
    result = in_process("poll", "--once", settings=settings)
    assert (result.code, "New actions are looked at" in result.err) == (0, True), result.err
    assert re.match(rf"{tenant}: ok, read until .* \(UTC\); 1 new action; [1-9]\d* requests\n", result.out), result.out
    shown = in_process("feeds", settings={**settings, "COLUMNS": "80"})
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("37 tenants: 1 ok, 36 off.\n")
    assert tenant[:20] in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    named = [
        {**one, "name": "Fabrikam, Inc."} if one["tenantId"] == tenant else one
        for one in json.loads(settings["TRIAGE_TENANTS"])
    ]
    shown = in_process("feeds", settings={**settings, "TRIAGE_TENANTS": json.dumps(named)})
    assert "Fabrikam, Inc." in shown.out
    feed = next(
        one for one in in_process("feeds", "--json", settings=settings).json["value"] if one["tenantId"] == tenant
    )
    assert (feed["state"], feed["candidates"]) == ("ok", 1)


def test_a_feed_that_fails(etd: tuple[str, dict[str, str]], in_process: InProcess) -> None:
    address, settings = etd
    httpx.post(f"{address}/_sandbox/faults", json={"path": "/messages/search", "status": 403}).raise_for_status()
    result = in_process("poll", "--once", settings=settings)
    assert result.code == 2
    assert ": failing, " in result.out
    assert "Message Search: " in result.out
    shown = in_process("feeds", settings=settings)
    assert shown.code == 2
    assert shown.out.startswith("37 tenants: 1 failing, 36 off.")
    assert "etd-triage doctor" in shown.out


def test_a_poll_that_does_not_end_in_time(etd: tuple[str, dict[str, str]], in_process: InProcess) -> None:
    address, settings = etd
    fault = {"path": "/messages/search", "delaySeconds": 3}
    httpx.post(f"{address}/_sandbox/faults", json=fault).raise_for_status()
    result = in_process("poll", "--once", "--wait", "1", settings=settings)
    assert result.code == 3
    assert "Not every poll has ended after 1 s. The service continues." in result.err


def test_what_cannot_be_polled(etd: tuple[str, dict[str, str]], world: World, in_process: InProcess) -> None:
    _, settings = etd
    for tenant, said in (
        (world.tenants["contoso"].id, "There is nothing to poll: set ETD_APIS"),
        ("6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a99", "There is no such tenant."),
    ):
        result = in_process("poll", "--once", "--tenant", tenant, settings=settings)
        assert (result.code, result.out) == (4, "")
        assert said in result.err
    wrong = in_process("poll", "--once", "--tenant", "contoso.com", settings=settings)
    assert (wrong.code, "--tenant must be a GUID" in wrong.err) == (64, True)
