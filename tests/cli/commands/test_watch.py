"""`watch`: findings as they arrive."""

from __future__ import annotations

import json
import signal
import time
import uuid
from typing import Any

import httpx
import pytest

from sandbox.processes import ROOT, started
from tests.cli.conftest import only, post
from tests.cli.program import PROGRAM


@pytest.mark.parametrize(("way", "form"), [("deployment", ("--json",)), ("storage", ())], indirect=["way"])
def test_new_findings_are_shown(
    way: dict[str, str], service: httpx.Client, findings: list[dict[str, Any]], form: tuple[str, ...]
) -> None:
    def shown(finding: dict[str, Any]) -> str:
        return finding["id"] if form else finding["id"][:8]

    mailbox = f"w{uuid.uuid4().hex[:12]}@contoso.com"
    arguments = ("watch", "--mailbox", mailbox, "--interval", "0.2", *form)
    with started([*PROGRAM, *arguments], environ=only(way), cwd=ROOT) as watching:
        watching.wait_for("Watching for findings")
        (first,) = post(service, "x", mailbox=mailbox, occurredAt="2026-11-22T10:00:00Z")
        watching.wait_for(shown(first))
        (late,) = post(service, "x", mailbox=mailbox, occurredAt="2026-11-21T10:00:00Z")
        watching.wait_for(shown(late))
        service.post(f"/api/findings/{first['id']}/retriage").raise_for_status()
        end = time.monotonic() + 60
        while sum(shown(first) in line for line in watching.lines) < 2:
            assert time.monotonic() < end, watching.output
            time.sleep(0.1)
        watching.process.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0
    lines = [line for line in watching.lines if shown(first) in line or shown(late) in line]
    assert [shown(first) in line for line in lines] == [True, False, True]
    if form:
        assert [json.loads(line)["id"] for line in lines] == [first["id"], late["id"], first["id"]]
    else:
        assert lines[2].rstrip().endswith("(again)")
        assert "user_not_found" in lines[0]
    assert watching.lines[-1] == "Stopped watching.\n"
