"""`doctor`: a service that works, one without a key, one that is not there, and what the health says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Deployment
from tests.cli.program import Ended, InProcess
from triage.cli.commands import doctor


def states(result: Ended) -> dict[str, str]:
    return {one["name"]: one["state"] for one in result.json["checks"]}


def test_a_service_that_works(in_process: InProcess, way: dict[str, str]) -> None:
    result = in_process("doctor", "--json", settings=way)
    found = states(result)
    assert {found[name] for name in ("service", "storage", "access")} == {"ok"}
    assert found["identity"] == "failed", "one of the simulated tenants knows the identity no more"
    assert result.code == 2
    shown = in_process("doctor", settings=way)
    assert "✓ storage: storage can be read" in shown.out


def test_without_a_key(in_process: InProcess, deployment: Deployment) -> None:
    result = in_process("doctor", "--json", settings={"TRIAGE_URL": deployment.address})
    assert (result.code, states(result)["access"], states(result)["storage"]) == (2, "failed", "ok")
    assert "TRIAGE_KEY" in result.out


def test_no_service_there(in_process: InProcess) -> None:
    result = in_process("doctor", "--json", settings={"TRIAGE_URL": "http://127.0.0.1:9"})
    assert (result.code, states(result)["service"]) == (2, "failed")
    assert "--url" in result.out


def test_storage_that_is_away(in_process: InProcess, deployment: Deployment) -> None:
    away = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=AAAA;" + "".join(
        f"{kind}Endpoint=http://127.0.0.1:9/a;" for kind in ("Queue", "Table")
    )
    result = in_process("doctor", "--json", settings=deployment.settings | {"TriageStorage": away})
    assert (result.code, states(result)["storage"], "access" in states(result)) == (2, "failed", False)


def health(**parts: Any) -> dict[str, Any]:
    usual = {"storage": {"status": "ok"}, "graph": {"status": "ok"}, "permissions": {"status": "ok", "lacking": []}}
    return {"checks": usual | parts}


def test_a_missing_permission_comes_with_its_command() -> None:
    lacking = {"status": "degraded", "lacking": [{"permission": "Mail.ReadBasic.All", "tenants": 1}]}
    (found,) = [one for one in doctor.health_checks(health(permissions=lacking), deployed=True) if one.fix]
    assert (found.state, found.fix) == ("warning", "infra/scripts/graph-permissions.sh grant --sets core")


def test_a_channel_that_fails_is_a_warning() -> None:
    assert not [one for one in doctor.health_checks(health(), deployed=True) if one.name == "notifications"]
    failing = {"status": "degraded", "channels": 2, "failing": 1}
    (found,) = [one for one in doctor.health_checks(health(notifications=failing), deployed=True) if one.fix]
    assert (found.name, found.state) == ("notifications", "warning")


def test_a_feed_that_fails_is_a_warning() -> None:
    assert not [one for one in doctor.health_checks(health(), deployed=True) if one.name == "feeds"]
    feeds = {"status": "degraded", "feeds": 3, "behind": 1, "failing": 1}
    (found,) = [one for one in doctor.health_checks(health(feeds=feeds), deployed=True) if one.fix]
    assert (found.name, found.state, found.text) == ("feeds", "warning", "2 of 3 feeds from ETD fail or are behind")


@pytest.mark.parametrize(("deployed", "words"), [(True, "TRIAGE_GRAPH_CLIENT_ID"), (False, "AZURE_CLIENT_SECRET")])
def test_an_identity_that_cannot_sign_in(deployed: bool, words: str) -> None:
    graph = {"status": "degraded", "reasons": ["throttled", "unauthenticated"]}
    found = {one.name: one for one in doctor.health_checks(health(graph=graph), deployed=deployed)}
    assert found["identity"].state == "failed" and words in found["identity"].fix
    assert found["graph"].state == "warning" and "throttled" in found["graph"].text
