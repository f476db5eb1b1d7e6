"""`coverage`: scans of a deployment, and from this machine alone."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import httpx
import pytest

from sandbox.processes import free_port
from sandbox.tenant.world import World
from tests.cli.conftest import KEY, Deployment
from tests.cli.program import InProcess
from triage.api.exports import MAILBOX_COLUMNS


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.cli.commands.coverage_start._LOOK_EVERY", 0.1)


@pytest.fixture(scope="module")
def tenant(world: World) -> str:
    return world.tenants["contoso"].id


@pytest.fixture(scope="module")
def mailboxes(deployment: Deployment, tenant: str) -> dict[str, str]:
    """The causes of the mailboxes that the deployment's own scan found."""
    with httpx.Client(base_url=deployment.address, headers={"x-functions-key": KEY}, timeout=30) as service:
        (started,) = service.post("/api/coverage", json={"tenantId": tenant}).raise_for_status().json()["value"]
        while service.get(f"/api/coverage/{started['id']}").json()["state"] == "running":
            time.sleep(0.1)
        value = service.get(f"/api/coverage/{started['id']}/mailboxes", params={"top": "1000"}).json()["value"]
        return {one["mailbox"]: one["cause"] for one in value}


def test_a_scan_is_started_and_awaited(
    deployment: Deployment, tenant: str, mailboxes: dict[str, str], service: httpx.Client, in_process: InProcess
) -> None:
    result = in_process("coverage", "start", "--tenant", tenant, "--json", settings=deployment.remote)
    (scan,) = result.json["value"]
    assert (result.code, scan["state"], scan["uncovered"]) == (0, "complete", len(mailboxes))
    assert service.get(f"/api/coverage/{scan['id']}").json() == scan
    started = in_process("coverage", "start", "--tenant", tenant, "--no-wait", "--json", settings=deployment.remote)
    assert [set(one) for one in started.json["value"]] == [{"id", "tenantId"}]
    while service.get(f"/api/coverage/{started.json['value'][0]['id']}").json()["state"] == "running":
        time.sleep(0.1)  # the next test looks at the newest scan


def test_the_newest_scans(
    way: dict[str, str], tenant: str, mailboxes: dict[str, str], service: httpx.Client, in_process: InProcess
) -> None:
    found = in_process("coverage", "--json", settings=way).json
    assert [one["tenantId"] for one in found["value"]] == [tenant]
    result = in_process("coverage", settings={**way, "COLUMNS": "80"})
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("1 tenant (")
    assert f"in {len(mailboxes)} of " in result.out.splitlines()[0]
    assert max(map(len, result.out.splitlines())) <= 80
    assert found["value"][0]["id"].rpartition(".")[2] in result.out
    nobody = in_process("coverage", "--tenant", "6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a99", settings=way)
    assert "No tenant has been scanned yet. Run: coverage start" in nobody.err


def test_the_mailboxes(way: dict[str, str], tenant: str, mailboxes: dict[str, str], in_process: InProcess) -> None:
    scan = in_process("coverage", "--json", settings=way).json["value"][0]["id"]
    for what in (("mailboxes",), ("mailboxes", "--tenant", tenant), (scan,), (scan.rpartition(".")[2],)):
        exported = in_process("coverage", *what, "--all", "--format", "csv", settings=way)
        rows = list(csv.DictReader(io.StringIO(exported.out)))
        assert tuple(rows[0]) == MAILBOX_COLUMNS
        assert {row["mailbox"]: row["cause"] for row in rows} == mailboxes
    cause = next(iter(mailboxes.values()))
    wanted = [mailbox for mailbox, one in mailboxes.items() if one == cause]
    result = in_process("coverage", scan, "--cause", cause, "--all", settings={**way, "COLUMNS": "40"})
    for mailbox in mailboxes:
        assert (mailbox in result.out.split()) is (mailbox in wanted)
    nothing = in_process("coverage", scan, "--changed", "recovered", settings=way)
    assert (nothing.code, nothing.err) == (0, "No mailboxes match these filters.\n")


def test_from_this_machine(
    graph: dict[str, str], tenant: str, mailboxes: dict[str, str], in_process: InProcess
) -> None:
    result = in_process("coverage", "--direct", "--tenant", tenant, "--json", settings=graph)
    (scan,) = result.json["value"]
    assert (result.code, scan["state"], scan["uncovered"]) == (0, "complete", len(mailboxes))
    assert {one["mailbox"]: one["cause"] for one in scan["uncoveredMailboxes"]} == mailboxes
    shown = in_process("coverage", "--direct", "--tenant", tenant, "--top", "3", settings={**graph, "COLUMNS": "120"})
    assert f"in {len(mailboxes)} of " in shown.out.splitlines()[0]
    assert "There are more than these 3." in shown.err
    assert f"\n{len(mailboxes)} mailboxes: " in shown.out, "all of them, not only those that are shown"
    exported = in_process("coverage", "--direct", "--tenant", tenant, "--format", "csv", settings=graph)
    assert len(list(csv.DictReader(io.StringIO(exported.out)))) == len(mailboxes)


def test_a_scan_from_this_machine_that_cannot_read(graph: dict[str, str], world: World, in_process: InProcess) -> None:
    result = in_process("coverage", "--direct", "--tenant", world.tenants["signedout"].id, settings=graph)
    assert result.code == 3
    assert "Could not be read" in result.out
    assert "There is no token for the tenant" in result.err
    result = in_process("coverage", "--direct", "--tenant", world.tenants["nomail"].id, settings=graph)
    assert result.code == 3
    assert "partial: no mailbox could be read" in result.out


@pytest.mark.parametrize(("arguments", "said"), [
    (("--cause", "mailbox_unlicensed"), "--cause and --changed are for mailboxes"),
    (("start", "--changed", "new"), "--cause and --changed are for mailboxes"),
    (("mailboxes", "--cause", "rain"), "--cause must be"),
    (("mailboxes", "--changed", "nw"), "--changed must be a known value (did you mean new?)."),
    (("mailboxes", "--columns", "rain"), "--columns: rain must be"),
    (("--format", "csv"), "--format csv and --columns are for mailboxes"),
    (("--direct", "--changed", "new"), "--direct scans, and lists what it finds"),
    (("start", "--direct"), "--direct scans, and lists what it finds"),
    (("start", "--tenant", "contoso.com"), "--tenant must be a GUID"),
    (("--direct", "--tenant", "contoso.com"), "--tenant must be a GUID"),
])  # fmt: skip
def test_a_wrong_option_is_a_usage_error_and_nothing_is_sent(
    graph: dict[str, str], in_process: InProcess, arguments: tuple[str, ...], said: str
) -> None:
    nobody = {**graph, "TRIAGE_URL": f"http://127.0.0.1:{free_port()}"}  # a request would be exit code 4
    result = in_process("coverage", *arguments, settings=nobody)
    assert (result.code, result.out) == (64, "")
    assert said in result.err


def test_what_does_not_exist(deployment: Deployment, mailboxes: dict[str, str], in_process: InProcess) -> None:
    nowhere = "6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a99"
    for arguments, code, said in (
        (("start", "--tenant", nowhere), 4, "There is no such tenant."),
        (("mailboxes", "--tenant", nowhere), 64, "No tenant was scanned. Give a scan's ID"),
        (("nothing",), 4, "There is no coverage scan with this ID."),
        (("0" * 8,), 4, "begins with 00000000"),
    ):
        result = in_process("coverage", *arguments, settings=deployment.remote)
        assert (result.code, result.out) == (code, "")
        assert said in result.err


def test_the_page(
    deployment: Deployment, tenant: str, mailboxes: dict[str, str], in_process: InProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    opened: list[Any] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    scan = in_process("coverage", "--json", settings=deployment.remote).json["value"][0]["id"]
    for arguments in ((), (scan, "--changed", "new")):
        assert in_process("coverage", *arguments, "--web", settings=deployment.remote).code == 0
    page = f"{deployment.address}/api/dashboard?view=coverage"
    assert opened == [page, f"{page}&scan={scan}&changed=new"]
