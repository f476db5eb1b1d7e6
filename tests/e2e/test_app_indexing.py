"""The function app as Microsoft's worker library reads it, in a process of its own: bindings, schedules, queues."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from sandbox.processes import ROOT

SETTINGS = {
    "TriageStorage": "UseDevelopmentStorage=true",
    "TRIAGE_TENANTS": json.dumps([{"tenantId": "c0470500-0000-4000-8000-000000000001", "mode": "no_auth"}]),
}
OPTIONAL = {"TRIAGE_QUEUE": "other", "AUDIT_SCHEDULE": "0 0 3 * * *", "COVERAGE_SCHEDULE": "off"}
INDEX = """
import asyncio, json, pathlib, sys
from sandbox.host.driver import Datum, Function
from sandbox.host.drivers import choose
async def main():
    engine = choose(sys.argv[1])
    loaded = await engine.load(pathlib.Path.cwd())
    triggers = {name: (id, bindings) for id, name, bindings in loaded}
    id, bindings = triggers["options_failures"]
    function = Function(id, "options_failures", next(b for b in bindings if b["type"] == "httpTrigger"))
    request = {"method": "OPTIONS", "url": "http://localhost/api/failures", "query": {}, "params": {}, "body": b"",
               "headers": {"webhook-request-origin": "a.example"}}
    outcome = await engine.invoke(function, "1", Datum("http", request), {})
    headers = outcome.returned.value["headers"] if outcome.returned else {}
    print(json.dumps([{name: bindings for name, (_, bindings) in triggers.items()}, outcome.error, dict(headers)]))
    engine.close()
asyncio.run(main())
"""
DRIVERS = ["worker", "sdk"] if sys.version_info >= (3, 13) else ["sdk"]
HTTP = {
    "post_failures": (["POST"], "failures"),
    "options_failures": (["OPTIONS"], "failures"),
    "get_findings": (["GET"], "findings"),
    "get_finding": (["GET"], "findings/{id}"),
    "post_retriages": (["POST"], "findings/retriage"),
    "post_retriage": (["POST"], "findings/{id}/retriage"),
    "get_audits": (["GET"], "audits"),
    "post_audits": (["POST"], "audits"),
    "get_latest_audits": (["GET"], "audits/latest"),
    "get_audit": (["GET"], "audits/{id}"),
    "get_rejected": (["GET"], "rejected"),
    "get_health": (["GET"], "health"),
}


def python(code: str, *arguments: str, **settings: str) -> str:
    environ = {name: value for name, value in os.environ.items() if name not in OPTIONAL} | settings
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module", params=DRIVERS)
def indexed(request: pytest.FixtureRequest) -> Any:
    return json.loads(python(INDEX, request.param, **SETTINGS))


@pytest.fixture(scope="module", params=DRIVERS)
def configured(request: pytest.FixtureRequest) -> Any:
    """With the settings that have defaults, and signing in by the platform."""
    sign_in = {"TRIAGE_AUTH": "easyauth", "WEBSITE_AUTH_ENABLED": "True"}
    return json.loads(python(INDEX, request.param, **SETTINGS, **OPTIONAL, **sign_in))


def triggers(functions: dict[str, list[dict[str, Any]]], kind: str) -> dict[str, dict[str, Any]]:
    return {name: one for name, bindings in functions.items() for one in bindings if one["type"] == kind}


def test_the_routes(indexed: Any) -> None:
    found = triggers(indexed[0], "httpTrigger")
    routes = {name: (one["methods"], one["route"]) for name, one in found.items()}
    assert HTTP.items() <= routes.items()
    anonymous = {name for name, one in found.items() if one["authLevel"] == "ANONYMOUS"}
    assert "get_health" in anonymous and not anonymous & {"post_failures", "get_findings", "post_audits"}


def test_the_queues(indexed: Any) -> None:
    found = triggers(indexed[0], "queueTrigger")
    assert {name: (one["queueName"], one["connection"]) for name, one in found.items()} == {
        "triage_failure": ("remediation-failures", "TriageStorage"),
        "triage_poison": ("remediation-failures-poison", "TriageStorage"),
        "look_again": ("remediation-failures-looks", "TriageStorage"),
        "look_again_poison": ("remediation-failures-looks-poison", "TriageStorage"),
    }


def test_the_timer(indexed: Any) -> None:
    found = triggers(indexed[0], "timerTrigger")
    assert found["audit_permissions"]["schedule"] == "0 0 */6 * * *"
    assert not found["audit_permissions"].get("runOnStartup")
    assert found["scan_coverage"]["schedule"] == "0 0 2 * * *"


def test_bindings_refer_to_settings_that_are_set(configured: Any) -> None:
    queues = {one["queueName"] for one in triggers(configured[0], "queueTrigger").values()}
    ends = ("", "-poison", "-looks", "-looks-poison")
    assert queues == {f"%TRIAGE_QUEUE%{end}" for end in ends}
    timers = triggers(configured[0], "timerTrigger")
    assert timers["audit_permissions"]["schedule"] == "%AUDIT_SCHEDULE%"
    assert "scan_coverage" not in timers, "it is off"


def test_easyauth_makes_every_route_anonymous(configured: Any) -> None:
    assert {one["authLevel"] for one in triggers(configured[0], "httpTrigger").values()} == {"ANONYMOUS"}


def test_a_function_can_be_invoked(indexed: Any) -> None:
    _, error, headers = indexed
    assert error == ""
    assert {name.lower(): value for name, value in headers.items()}["webhook-allowed-origin"] == "a.example"


def test_indexing_loads_neither_graphs_sdk_nor_identity() -> None:
    code = "import sys, json, function_app; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(python(code, **SETTINGS)))
    assert "function_app" in loaded and "triage.operations.deliveries" in loaded
    assert (
        not {
            "msgraph",
            "kiota_http",
            "httpx",
            "azure.identity",
            "azure.data.tables",
            "azure.storage.queue",
            "standardwebhooks",
        }
        & loaded
    )
