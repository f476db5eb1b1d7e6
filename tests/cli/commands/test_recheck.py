"""`recheck`: an incident, or all findings that match, are looked at again."""

from __future__ import annotations

import re
import time
import uuid

import httpx

from tests.cli.conftest import Deployment, post, wait_for_finding
from tests.cli.program import InProcess


def test_all_that_match(deployment: Deployment, service: httpx.Client, in_process: InProcess) -> None:
    mailbox = "irma@contoso.com"
    before = [post(service, "irma", id=uuid.uuid4().hex)[0] for _ in range(3)]
    result = in_process("recheck", "--mailbox", mailbox, "--since", before[0]["occurredAt"], settings=deployment.remote)
    assert (result.code, result.out) == (0, "")
    queued = re.search(r"^(\d+) findings are queued to be looked at again", result.err, re.MULTILINE)
    assert queued and int(queued[1]) >= 3
    for one in before:
        end = time.monotonic() + 30
        while (again := wait_for_finding(service, one["id"]))["triagedAt"] == one["triagedAt"]:
            assert time.monotonic() < end
            time.sleep(0.2)
        assert (again["cause"], again["deliveries"]) == (one["cause"], 1)
    result = in_process("recheck", "--mailbox", "nobody@contoso.com", "--json", settings=deployment.remote)
    assert (result.code, result.json) == (0, {"queued": 0})


def test_it_needs_either_an_incident_or_a_filter(deployment: Deployment, in_process: InProcess) -> None:
    for arguments in (("recheck",), ("recheck", "f" * 32, "--cause", "undetermined")):
        result = in_process(*arguments, settings=deployment.remote)
        assert result.code == 64
        assert "either the ID of an incident, or at least one filter" in result.err
