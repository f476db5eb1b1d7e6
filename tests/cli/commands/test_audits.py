"""`audits`: what the service has stored, with what changed."""

from __future__ import annotations

import httpx
import pytest

from sandbox.tenant.world import World
from tests.cli.conftest import Deployment
from tests.cli.program import InProcess


@pytest.fixture(scope="module")
def tenant(deployment: Deployment, graph: dict[str, str], world: World) -> str:
    """A tenant that was audited twice: in between, a permission was granted."""
    tenant = world.tenants["nodpublishers"].id
    headers = {"x-functions-key": "key-of-the-tests"}
    with httpx.Client(base_url=deployment.address, headers=headers, timeout=30) as service:
        service.post("/api/audits", json={"tenantId": tenant}).raise_for_status()
        state = {
            "tenants": {"nodpublishers": {"etd": {"granted": ["Mail.ReadWrite", "Directory.Read.All", "Mail.Send"]}}}
        }
        httpx.put(f"{graph['GRAPH_ENDPOINT']}/_sandbox/state", json=state).raise_for_status()
        service.post("/api/audits", json={"tenantId": tenant}).raise_for_status()
    return tenant


def test_the_list_has_the_drift(way: dict[str, str], tenant: str, service: httpx.Client, in_process: InProcess) -> None:
    answer = service.get("/api/audits", params={"tenantId": tenant}).json()
    assert in_process("audits", "--tenant", tenant, "--json", settings=way).json == answer
    result = in_process("audits", "--tenant", tenant, settings=way)
    assert result.out.startswith("2 audits: ")
    assert "granted Mail.Send" in result.out
    assert "first audit" in result.out
    latest = in_process("audits", "--latest", settings=way)
    assert answer["value"][0]["id"].rpartition(".")[2] in latest.out
    assert answer["value"][1]["id"].rpartition(".")[2] not in latest.out


def test_one_audit(way: dict[str, str], tenant: str, service: httpx.Client, in_process: InProcess) -> None:
    newest = service.get("/api/audits", params={"tenantId": tenant}).json()["value"][0]
    result = in_process("audits", newest["id"].rpartition(".")[2], settings=way)
    assert (result.code, result.err) == (0, "")
    assert "granted Mail.Send" in result.out
    assert in_process("audits", newest["id"], "--json", settings=way).json == newest


def test_what_cannot_be_asked(deployment: Deployment, in_process: InProcess) -> None:
    for arguments, code, said in (
        (("--latest", "--verdict", "broken"), 64, "--latest takes no filters."),
        (("deadbeef", "--verdict", "broken"), 64, "Give either an ID, or filters"),
        (("--verdict", "brokn"), 64, "--verdict must be a known value (did you mean broken?)."),
        (("x.1.2",), 4, "There is no audit with this ID."),
    ):
        result = in_process("audits", *arguments, settings=deployment.remote)
        assert (result.code, result.out) == (code, "")
        assert said in result.err
