"""`incidents`, `exposures`, and what people do about an incident."""

from __future__ import annotations

import csv
import io
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.processes import free_port
from tests.cli.conftest import Deployment, post
from tests.cli.program import InProcess
from triage.cli.show.terminal import harmless


@pytest.fixture(scope="module")
def incident(deployment: Deployment, findings: list[dict[str, Any]]) -> dict[str, Any]:
    """The incident of a message that can be opened, when the lists have it."""
    with httpx.Client(base_url=deployment.address, headers={"x-functions-key": "key-of-the-tests"}) as service:
        (finding,) = post(service, "mona", id=uuid.uuid4().hex, internetMessageId="<mona@mail.example>")
        end = time.monotonic() + 30
        while not service.get("/api/exposures", params={"mailbox": "mona@contoso.com"}).json()["value"]:
            assert time.monotonic() < end
            time.sleep(0.1)
        return service.get(f"/api/incidents/{finding['incidentId']}").raise_for_status().json()


def unchanging(service: httpx.Client, path: str, read: Callable[[], Any], **params: str) -> tuple[Any, str]:
    """What is read, and what the service answers before and after it: its findings are looked at again meanwhile."""
    for _ in range(20):
        before = service.get(f"/api/{path}", params=params).text
        found = read()
        if service.get(f"/api/{path}", params=params).text == before:
            return found, before
    raise AssertionError(f"{path} changes all the time")


def test_the_lists(way: dict[str, str], incident: dict[str, Any], service: httpx.Client, in_process: InProcess) -> None:
    for path in ("incidents", "exposures"):
        listed, value = unchanging(service, path, lambda path=path: in_process(path, "--json", settings=way).json)
        assert listed == json.loads(value)
        exported, rows = unchanging(
            service, path, lambda path=path: in_process(path, "--format", "csv", settings=way).out, format="csv"
        )
        assert exported.split("\n") == [harmless(row) for row in rows.split("\r\n")]
    result = in_process("incidents", "--about", "message", "--state", "open", settings=way)
    assert result.out.splitlines()[0].endswith("the message can still be opened (0 read).")
    assert incident["id"][:8] in result.out
    narrow = in_process("exposures", settings={**way, "COLUMNS": "34"})
    assert "mona@contoso.com" in narrow.out
    assert "mailbox" in narrow.out.splitlines()[0] + narrow.out.splitlines()[1]


def test_one_incident(way: dict[str, str], incident: dict[str, Any], in_process: InProcess) -> None:
    result = in_process("incidents", incident["id"][:8], settings=way)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(harmless(incident["title"]))
    for text in (incident["id"], "What to do", "What was done", "opened", incident["tenantId"]):
        assert text in result.out
    for given in (incident["id"], f" {incident['id'][:8].upper()}"):
        assert in_process("incidents", given, "--json", settings=way).json["id"] == incident["id"]
    filtered = in_process("findings", "--incident", incident["id"][:8], "--format", "csv", settings=way)
    found = {row["incidentId"] for row in csv.DictReader(io.StringIO(filtered.out))}
    assert found == {incident["id"]}


def test_acknowledge_suppress_resolve_and_reopen(
    deployment: Deployment, service: httpx.Client, incident: dict[str, Any], in_process: InProcess
) -> None:
    short, settings = incident["id"][:8], deployment.remote
    result = in_process("acknowledge", short, "--note", "mine", "--by", "Adele", settings=settings)
    assert (result.code, result.out) == (0, "")
    assert result.err == f"{harmless(incident['title'])}: acknowledged. incidents {incident['id']} shows it.\n"
    again = in_process("acknowledge", short, settings=settings)
    assert (again.code, again.out) == (4, "")
    assert "has already acknowledged the incident" in again.err
    queued = in_process("recheck", short, settings=settings)
    assert (queued.code, "queued to be looked at again" in queued.err) == (0, True)
    suppressed = in_process("suppress", short, "--reason", "known", "--until", "7d", "--json", settings=settings)
    assert (suppressed.json["state"], suppressed.json["suppression"]["reason"]) == ("suppressed", "known")
    resolved = in_process("resolve", short, "--reason", "accepted", "--note", "so be it", settings=settings)
    assert ": resolved." in resolved.err
    assert service.get(f"/api/incidents/{incident['id']}").json()["log"][-1]["note"] == "accepted: so be it"
    assert ": open." in in_process("reopen", short, settings=settings).err


@pytest.mark.parametrize(("arguments", "said"), [
    (("incidents", "--state", "opn"), "--state must be a known value (did you mean open?)."),
    (("incidents", "--about", "apps"), "--about must be a known value (did you mean app?)."),
    (("incidents", "8d3c5a27", "--state", "open"), "Give either an ID, or filters"),
    (("incidents", "8d3c"), "The ID 8d3c is too short."),
    (("exposures", "--mailbox", "adele"), "--mailbox must"),
    (("exposures", "--incident", "8d3c"), "--incident-id must be an incident's ID"),
    (("resolve", "8d3c5a27", "--reason", "fxed"), "'--reason': 'fxed' is not one of 'fixed', 'accepted'"),
    (("resolve", "8d3c5a27"), "--reason"),
    (("suppress", "8d3c5a27", "--reason", " ", "--until", "7d"), "--reason must not be blank."),
    (("suppress", "8d3c5a27", "--reason", "x", "--until", "2020-01-01"), "--until must be in the future"),
    (("suppress", "8d3c5a27", "--reason", "x", "--until", "soon"), "--until must be an RFC 3339 time, a day"),
    (("suppress", "8d3c5a27", "--reason", "x", "--until", "400d"), "--until must be at most a year away"),
])  # fmt: skip
def test_a_wrong_value_is_a_usage_error_and_nothing_is_sent(
    in_process: InProcess, arguments: tuple[str, ...], said: str
) -> None:
    nobody = {"TRIAGE_URL": f"http://127.0.0.1:{free_port()}"}  # a request would be exit code 4
    result = in_process(*arguments, settings=nobody)
    assert (result.code, result.out) == (64, "")
    assert said in result.err


def test_what_does_not_exist(deployment: Deployment, incident: dict[str, Any], in_process: InProcess) -> None:
    for command in (("incidents",), ("acknowledge",), ("reopen",), ("recheck",), ("resolve", "--reason", "fixed")):
        missing = in_process(command[0], "0" * 32, *command[1:], settings=deployment.remote)
        assert (missing.code, missing.out) == (4, "")
        assert "There is no incident with this ID" in missing.err
    short = in_process("incidents", "0" * 8, settings=deployment.remote)
    assert (short.code, short.out) == (4, "")
    assert "No ID of incidents begins with 00000000, or several do." in short.err
