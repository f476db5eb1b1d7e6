"""`summary`: counts and the state of the apps."""

from __future__ import annotations

import re
from typing import Any

import httpx

from sandbox.tenant.world import World
from tests.cli.conftest import PEOPLE, Deployment
from tests.cli.program import InProcess

DAY = ("--since", "2026-11-20", "--until", "2026-11-20")


def test_the_json_is_that_of_the_api(
    way: dict[str, str], findings: list[dict[str, Any]], service: httpx.Client, in_process: InProcess
) -> None:
    times = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-20T23:59:59.999999999Z"}
    result = in_process("summary", *DAY, "--json", settings=way)
    said, answer = result.json, service.get("/api/summary", params=times).json()
    assert abs(said["timeInReach"].pop("oldestSeconds") - answer["timeInReach"].pop("oldestSeconds")) <= 60
    assert said == answer
    assert said["total"] == len(PEOPLE)


def test_a_summary_for_people(
    deployment: Deployment, findings: list[dict[str, Any]], service: httpx.Client, world: World, in_process: InProcess
) -> None:
    tenant = world.tenants["relecloud"].id
    service.post("/api/audits", json={"tenantId": tenant}).raise_for_status()
    tenants = service.get("/api/tenants").json()["value"]
    (name,) = (re.escape(one["name"]) for one in tenants if one["tenantId"] == tenant)
    result = in_process("summary", *DAY, settings=deployment.remote)
    headline, failures, *_ = result.out.splitlines()
    now = service.get("/api/summary").json()["exposures"]
    assert now["messages"] > 1
    assert headline.startswith(f"{now['messages']} messages can still be opened in {now['mailboxes']} mailbox")
    assert failures == f"{len(PEOPLE)} failures from 2026-11-20 00:00 to 2026-11-20 23:59 (UTC)"
    assert re.search(r"^by cause$", result.out, re.MULTILINE)
    assert re.search(rf"degraded +{name} +audited", result.out)
    nothing = in_process("summary", "--until", "1990-01-01", settings=deployment.remote)
    assert nothing.out.splitlines()[1] == "0 failures from the beginning to 1990-01-01 23:59 (UTC)"
