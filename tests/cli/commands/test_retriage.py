"""`retriage`: a failure is triaged again, and the changes are shown."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx

from tests.cli.conftest import Deployment, post, wait_for_finding
from tests.cli.program import InProcess


def test_retriage_shows_what_changed(
    deployment: Deployment, service: httpx.Client, graph: dict[str, str], in_process: InProcess
) -> None:
    (before,) = post(service, "irma", id=uuid.uuid4().hex)
    assert before["message"]["location"] == "inbox"
    state = f"{graph['GRAPH_ENDPOINT']}/_sandbox/state"
    httpx.put(state, json={"tenants": {"contoso": {"people": {"irma": {"messages": ["deleteditems"]}}}}})
    result = in_process("retriage", before["id"], settings=deployment.remote)
    assert (result.code, result.err) == (0, "")
    changed = result.out[: result.out.index("can be opened")]
    assert re.search(r"^ +cause +message_present +-> message_deleted", changed, re.MULTILINE)
    assert re.search(r"^ +message location +inbox +-> deleted_items", changed, re.MULTILINE)
    again = in_process("replay", before["id"], "--json", settings=deployment.settings)
    assert again.json == wait_for_finding(service, before["id"])
    assert again.json["triagedAt"] > before["triagedAt"]


def test_retriage_without_a_change_or_a_result(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess
) -> None:
    junked = next(one for one in findings if one["cause"] == "message_junked")
    result = in_process("retriage", junked["id"][:8], settings=deployment.remote)
    assert result.out.lstrip().startswith(f"What changed: nothing\n\n{junked['summary'][:40]}")
    elsewhere = {**deployment.settings, "TRIAGE_QUEUE": "nobody-listens"}
    result = in_process("retriage", junked["id"], "--wait", "1", settings=elsewhere)
    assert (result.code, result.out) == (3, "")
    assert "There is no new result after 1 s" in result.err
    missing = in_process("retriage", "nothing", settings=deployment.remote)
    assert missing.code == 4
