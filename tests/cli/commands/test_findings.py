"""`findings`, `finding`, `summary`, `rejected`, `watch`, `replay`: on a deployment with a key, and directly on storage."""

from __future__ import annotations

import base64
import json
import re
import signal
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueClient

from sandbox.processes import ROOT, started
from sandbox.tenant.world import World
from tests.cli.conftest import Deployment
from tests.cli.program import PROGRAM, InProcess, environment, triage
from triage.storage.index import FILTERS

PEOPLE = ("dana", "jane", "mona", "dora", "gona")


def wait_for_finding(service: httpx.Client, identifier: str) -> dict[str, Any]:
    end = time.monotonic() + 30
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


@pytest.fixture(scope="module")
def findings(deployment: Deployment) -> Iterator[list[dict[str, Any]]]:
    with httpx.Client(base_url=deployment.address, headers={"x-functions-key": "key-of-the-tests"}) as http:
        yield post(http, *PEOPLE, occurredAt="2026-11-20T10:11:12Z", subject="\x1b[31mPay [bold]now")


@pytest.fixture(params=["deployment", "storage"])
def way(request: pytest.FixtureRequest, deployment: Deployment) -> dict[str, str]:
    """The settings of the two ways in which a command reaches findings."""
    return deployment.remote if request.param == "deployment" else deployment.settings


def test_json_is_the_apis(
    way: dict[str, str], findings: list[dict[str, Any]], service: httpx.Client, in_process: InProcess
) -> None:
    month = ("--since", "2026-11-20", "--until", "2026-11-20", "--json")
    told = in_process("findings", *month, settings=way)
    assert (told.code, told.err) == (0, "")
    times = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-20T23:59:59.999999999Z"}
    assert told.json == service.get("/api/findings", params=times).json()
    assert sorted(one["id"] for one in told.json["value"]) == sorted(one["id"] for one in findings)
    one = in_process("finding", findings[0]["id"], "--json", settings=way)
    assert one.json == findings[0]
    counted = in_process("summary", *month, settings=way)
    assert counted.json == service.get("/api/summary", params=times).json()
    assert counted.json["total"] == len(PEOPLE)


def test_every_filter(way: dict[str, str], findings: list[dict[str, Any]], in_process: InProcess) -> None:
    moved = next(one for one in findings if one["cause"] == "message_moved")
    values = {**moved, "mailbox": moved["failure"]["mailbox"], "exposed": json.dumps(moved["exposed"])}
    options = [text for name in FILTERS for text in (f"--{_kebab(name)}", values[name])]
    told = in_process("findings", *options, "--since", "2026-11-20", "--until", "2026-11-20", "--json", settings=way)
    assert [one["id"] for one in told.json["value"]] == [moved["id"]]
    wrong = in_process("findings", "--cause", "bad_luck", settings=way)
    assert (wrong.code, wrong.out) == (4, "")
    assert "cause: must be one of app_not_found" in wrong.err


def _kebab(name: str) -> str:
    return re.sub("[A-Z]", lambda match: f"-{match[0].lower()}", name)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_table(deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess, columns: str) -> None:
    day = ("--since", "2026-11-20", "--until", "2026-11-20")
    told = in_process("findings", *day, settings={**deployment.remote, "COLUMNS": columns})
    assert max(map(len, told.out.splitlines())) <= int(columns)
    for finding in findings:
        for text in (finding["id"], finding["cause"], finding["failure"]["mailbox"]):
            assert text in told.out
    assert told.err == ""
    few = in_process("findings", *day, "--top", "2", settings=deployment.remote)
    assert sum(finding["id"] in few.out for finding in findings) == 2
    assert "There are more than these 2: --all" in few.err


def test_all_of_many_pages(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.cli.client.service.Service.pages.__defaults__", (2,))
    for form in ("--json",), ():
        told = in_process(
            "findings", "--all", "--since", "2026-11-20", "--until", "2026-11-20", *form, settings=deployment.remote
        )
        assert [told.out.count(finding["id"]) for finding in findings] == [1] * len(findings)
        assert "There are more" not in told.err
    assert told.out.count("mailbox") == 1


def test_one_finding_as_a_story(way: dict[str, str], findings: list[dict[str, Any]]) -> None:
    told = triage("finding", findings[0]["id"], settings=way)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(findings[0]["summary"])
    assert r"'\x1b[31mPay [bold]now'" in told.out.replace("\\\\", "\\")
    assert "\x1b" not in told.out


def test_no_such_finding(way: dict[str, str], in_process: InProcess) -> None:
    missing = in_process("finding", "a?b#c", settings=way)
    assert (missing.code, missing.out) == (4, "")
    assert "There is no finding with this ID" in missing.err


def test_a_summary_for_people(
    deployment: Deployment, findings: list[dict[str, Any]], service: httpx.Client, world: World, in_process: InProcess
) -> None:
    tenant = world.tenants["relecloud"].id
    service.post("/api/audits", json={"tenantId": tenant}).raise_for_status()
    told = in_process("summary", "--since", "2026-11-20", "--until", "2026-11-20", settings=deployment.remote)
    assert told.out.startswith(f"{len(PEOPLE)} failures from 2026-11-20 00:00 to 2026-11-20 23:59 (UTC)")
    exposed = sum(finding["exposed"] is True for finding in findings)
    assert f"{exposed} of the messages can still be opened" in told.out
    assert re.search(r"^by cause$", told.out, re.MULTILINE)
    assert re.search(rf"degraded +{tenant} +audited", told.out)
    nothing = in_process("summary", "--until", "1990-01-01", settings=deployment.remote)
    assert nothing.out.startswith("0 failures from the beginning to 1990-01-01 23:59 (UTC)")


def test_nothing_there(way: dict[str, str], in_process: InProcess) -> None:
    told = in_process("findings", "--mailbox", "nobody@nowhere.example", settings=way)
    assert (told.code, told.out, told.err) == (0, "", "There are no findings like that.\n")
    told = in_process("findings", "--mailbox", "nobody@nowhere.example", "--json", settings=way)
    assert (told.json, told.err) == ({"value": []}, "")


def test_rejected_events(deployment: Deployment, service: httpx.Client, in_process: InProcess) -> None:
    with QueueClient.from_connection_string(deployment.settings["TriageStorage"], "remediation-failures") as queue:
        queue.send_message(base64.b64encode(b"this is \x1b[31m no failure").decode())
    end = time.monotonic() + 20
    while not (events := service.get("/api/rejected").json()["value"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    for settings in (deployment.remote, deployment.settings):
        assert in_process("rejected", "--json", settings=settings).json == {"value": events}
        told = in_process("rejected", settings=settings)
        assert "not_json" in told.out
        assert "\x1b" not in told.out
        assert r"this is \x1b[31m no failure" in told.out


def test_replay_shows_what_changed(
    deployment: Deployment, service: httpx.Client, graph: dict[str, str], in_process: InProcess
) -> None:
    (before,) = post(service, "irma", id=uuid.uuid4().hex)
    assert before["message"]["location"] == "inbox"
    state = f"{graph['GRAPH_ENDPOINT']}/_sandbox/state"
    httpx.put(state, json={"tenants": {"contoso": {"people": {"irma": {"messages": ["deleteditems"]}}}}})
    told = triage("replay", before["id"], settings=deployment.remote)
    assert (told.code, told.err) == (0, "")
    changed = told.out[told.out.index("What changed") :]
    assert re.search(r"^ +cause +message_present +-> message_deleted", changed, re.MULTILINE)
    assert re.search(r"^ +message location +inbox +-> deleted_items", changed, re.MULTILINE)
    again = in_process("replay", before["id"], "--json", settings=deployment.settings)
    assert again.json == wait_for_finding(service, before["id"])
    assert again.json["triagedAt"] > before["triagedAt"]


def test_replay_when_nothing_changes_or_nothing_comes(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess
) -> None:
    gone = next(one for one in findings if one["cause"] == "user_deleted")
    told = in_process("replay", gone["id"], settings=deployment.remote)
    assert told.out.rstrip().endswith("What changed: nothing")
    elsewhere = {**deployment.settings, "TRIAGE_QUEUE": "nobody-listens"}
    told = in_process("replay", gone["id"], "--wait", "1", settings=elsewhere)
    assert (told.code, told.out) == (3, "")
    assert "There is no new result after 1 s" in told.err
    missing = in_process("replay", "nothing", settings=deployment.remote)
    assert missing.code == 4


@pytest.mark.parametrize("form", [("--json",), ()])
def test_watching(
    way: dict[str, str], service: httpx.Client, findings: list[dict[str, Any]], form: tuple[str, ...]
) -> None:
    mailbox = f"w{uuid.uuid4().hex[:12]}@contoso.com"
    arguments = ("watch", "--mailbox", mailbox, "--interval", "0.2", *form)
    with started([*PROGRAM, *arguments], environ=_only(way), cwd=ROOT) as watching:
        watching.wait_for("Watching for findings")
        (first,) = post(service, "x", mailbox=mailbox, occurredAt="2026-11-22T10:00:00Z")
        watching.wait_for(first["id"])
        (late,) = post(service, "x", mailbox=mailbox, occurredAt="2026-11-21T10:00:00Z")
        watching.wait_for(late["id"])
        service.post(f"/api/findings/{first['id']}/retriage").raise_for_status()
        end = time.monotonic() + 20
        while sum(first["id"] in line for line in watching.lines) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        watching.process.send_signal(signal.SIGINT)
        assert watching.wait(10) == 0
    lines = [line for line in watching.lines if first["id"] in line or late["id"] in line]
    assert [first["id"] in line for line in lines] == [True, False, True]
    if form:
        assert [json.loads(line)["id"] for line in lines] == [first["id"], late["id"], first["id"]]
    else:
        assert lines[2].rstrip().endswith("(again)")
        assert "user_not_found" in lines[0]
    assert watching.lines[-1] == "Stopped watching.\n"


def _only(settings: dict[str, str]) -> dict[str, str]:
    """The settings, and the others' made empty: `started` adds to this process's environment."""
    names = ("TRIAGE_URL", "TRIAGE_KEY", "TriageStorage", "TRIAGE_TENANTS")
    return dict.fromkeys(names, "") | environment(**settings) | {"COLUMNS": "160"}


def test_rebuilding_the_counts(deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess) -> None:
    day = ("summary", "--since", "2026-11-20", "--until", "2026-11-20", "--json")
    before = in_process(*day, settings=deployment.settings).json
    told = triage("rebuild", "--index", "--json", settings=deployment.settings)
    assert (told.code, told.err) == (0, "")
    assert told.json["counted"] >= len(findings)
    assert in_process(*day, settings=deployment.settings).json == before
    told = in_process("rebuild", settings=deployment.settings)
    assert re.fullmatch(r"Counted [0-9]+ findings\.\n", told.err)
    wrong = in_process("rebuild")
    assert (wrong.code, wrong.out) == (4, "")
    assert "TriageStorage is missing" in wrong.err
