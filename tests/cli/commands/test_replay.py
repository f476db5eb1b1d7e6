"""`replay`: a failure is triaged again, and the changes are shown."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import httpx

from tests.cli.conftest import Deployment, post, wait_for_finding
from tests.cli.program import InProcess, triage


def test_replay_shows_what_changed(
    deployment: Deployment, service: httpx.Client, graph: dict[str, str], in_process: InProcess
) -> None:
    (before,) = post(service, "irma", id=uuid.uuid4().hex)
    assert before["message"]["location"] == "inbox"
    state = f"{graph['GRAPH_ENDPOINT']}/_sandbox/state"
    httpx.put(state, json={"tenants": {"contoso": {"people": {"irma": {"messages": ["deleteditems"]}}}}})
    result = triage("replay", before["id"], settings=deployment.remote)
    assert (result.code, result.err) == (0, "")
    changed = result.out[result.out.index("What changed") :]
    assert re.search(r"^ +cause +message_present +-> message_deleted", changed, re.MULTILINE)
    assert re.search(r"^ +message location +inbox +-> deleted_items", changed, re.MULTILINE)
    again = in_process("replay", before["id"], "--json", settings=deployment.settings)
    assert again.json == wait_for_finding(service, before["id"])
    assert again.json["triagedAt"] > before["triagedAt"]


def test_replay_without_a_change_or_a_result(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess
) -> None:
    gone = next(one for one in findings if one["cause"] == "user_deleted")
    result = in_process("replay", gone["id"], settings=deployment.remote)
    assert result.out.rstrip().endswith("What changed: nothing")
    elsewhere = {**deployment.settings, "TRIAGE_QUEUE": "nobody-listens"}
    result = in_process("replay", gone["id"], "--wait", "1", settings=elsewhere)
    assert (result.code, result.out) == (3, "")
    assert "There is no new result after 1 s" in result.err
    missing = in_process("replay", "nothing", settings=deployment.remote)
    assert missing.code == 4


def test_replay_of_all_that_match(
    deployment: Deployment, service: httpx.Client, graph: dict[str, str], in_process: InProcess
) -> None:
    mailbox = "irma@contoso.com"
    before = [post(service, "irma", id=uuid.uuid4().hex)[0] for _ in range(3)]
    result = in_process("replay", "--mailbox", mailbox, "--since", before[0]["occurredAt"], settings=deployment.remote)
    assert (result.code, result.out) == (0, "")
    queued = re.search(r"^(\d+) failures are queued to be triaged again", result.err, re.MULTILINE)
    assert queued and int(queued[1]) >= 3
    for one in before:
        end = time.monotonic() + 30
        while (again := wait_for_finding(service, one["id"]))["triagedAt"] == one["triagedAt"]:
            assert time.monotonic() < end
            time.sleep(0.2)
        assert (again["cause"], again["deliveries"]) == (one["cause"], 1)
    result = in_process("replay", "--mailbox", "nobody@contoso.com", "--json", settings=deployment.remote)
    assert (result.code, result.json) == (0, {"queued": 0})


def test_replay_needs_either_a_finding_or_a_filter(deployment: Deployment, in_process: InProcess) -> None:
    for arguments in (("replay",), ("replay", "f" * 32, "--cause", "undetermined")):
        result = in_process(*arguments, settings=deployment.remote)
        assert result.code == 64
        assert "either the ID of a finding, or at least one filter" in result.err
