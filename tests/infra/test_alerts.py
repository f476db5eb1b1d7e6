"""Alerts and workbook ask for what the service measures, and each alert says what to do."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from croniter import croniter

from sandbox import azurite
from tests.infra.bicep import INFRA, ROOT, decorators, parameters, plain, resource, variable
from triage.audit.model import Verdict
from triage.feeds.model import FeedState
from triage.settings import default_of
from triage.telemetry.instruments import Metric

# https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-types: what log search alerts take in any subscription.
WINDOWS = {"PT5M": 5, "PT10M": 10, "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT6H": 360, "P1D": 1440, "P2D": 2880}
RULES: list[dict[str, Any]] = [plain(rule) for rule in variable("alerts.bicep", "rules")]
WORKBOOK: dict[str, Any] = json.loads((INFRA / "app" / "workbook.json").read_text(encoding="utf-8"))
CHARTS = [item["content"] for item in WORKBOOK["items"] if item["type"] == 3]
# https://learn.microsoft.com/azure/azure-monitor/app/data-model-complete and the tables' reference pages (AppMetrics,
# AppRequests, AppDependencies, AppTraces), under the names that Application Insights gives the tables and columns.
COMMON = {
    "timestamp": "datetime", "itemType": "string", "customDimensions": "dynamic", "operation_Name": "string",
    "operation_Id": "string", "operation_ParentId": "string", "cloud_RoleName": "string", "cloud_RoleInstance": "string",
    "appName": "string", "itemId": "string", "itemCount": "int",
}  # fmt: skip
CALLS = {
    "id": "string", "name": "string", "success": "string", "resultCode": "string", "duration": "real",
    "performanceBucket": "string", "customMeasurements": "dynamic",
}  # fmt: skip
TABLES = {
    "customMetrics": COMMON | {
        "name": "string", "value": "real", "valueCount": "int", "valueSum": "real", "valueMin": "real",
        "valueMax": "real", "valueStdDev": "real",
    },
    "requests": COMMON | CALLS | {"source": "string", "url": "string"},
    "dependencies": COMMON | CALLS | {"target": "string", "type": "string", "data": "string"},
    "traces": COMMON | {"message": "string", "severityLevel": "int", "customMeasurements": "dynamic"},
    # As Cisco's solution for Microsoft Sentinel makes it: Azure/Azure-Sentinel, Solutions/Cisco ETD, CiscoETD_Table.json.
    "CiscoETDv2_CL": {
        "TimeGenerated": "datetime", "EventTime": "datetime", "EventType": "string", "MessageId": "string",
        "Verdict": "string", "Sender": "string", "Recipient": "string", "Subject": "string", "message": "dynamic",
    },
}  # fmt: skip


def query(rule: dict[str, Any]) -> str:
    """A rule's query; one has a number put in."""
    text = rule["query"]
    if isinstance(text, dict):
        replaced = text["function"]["parameters"]
        text = next(value for value in replaced.values() if isinstance(value, str) and "|" in value)
        assert "{hours}" in replaced.values()
    return text


@cache
def attributes() -> dict[str, set[str]]:
    """The attributes that the code gives to each metric."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "triage").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("count", "record")
                and node.args
            ):
                metric = node.args[0]
                if isinstance(metric, ast.Attribute) and getattr(metric.value, "id", "") == "Metric":
                    found[Metric[metric.attr]] |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found


def holds(text: str) -> None:
    """A query's metrics are the code's, its attributes are of these metrics, its columns are the tables'."""
    metrics = set(re.findall(r'"(triage\.[a-z._]+)"', text))
    assert metrics <= set(Metric), text
    named = set(re.findall(r"customDimensions\.(\w+)", text))
    for metric in metrics if named else ():
        assert named <= attributes()[metric] or len(metrics) > 1, (metric, named)
    assert all(any(name in attributes()[metric] for metric in metrics) for name in named), text


def kusto_errors(queries: list[str]) -> list[list[str]]:
    """What Kusto's own language service finds wrong with each query."""
    given = json.dumps(
        {"tables": TABLES, "queries": [one.replace("{hours}", "12").replace("{Time:grain}", "1h") for one in queries]}
    )
    command = [azurite.node(), str(Path(__file__).with_name("kusto.mjs"))]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def documented() -> list[str]:
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")]
    return [text for page in pages for text in re.findall(r"```kusto\n(.*?)```", page, re.DOTALL)]


def test_every_query_is_valid() -> None:
    sentinel = (INFRA / "connect" / "sentinel.kql").read_text(encoding="utf-8")
    queries = [*map(query, RULES), *(chart["query"] for chart in CHARTS), *documented(), sentinel]
    wrong = {text: errors for text, errors in zip(queries, kusto_errors(queries), strict=True) if errors}
    assert wrong == {}


def test_a_query_that_azure_would_refuse_is_found() -> None:
    wrong = {
        "requests | where sucess == false": "'sucess' does not refer to any known column",
        "customMetrics | summarise max(valueMax)": "Query operator expected",
        "exceptions | count": "'exceptions' does not refer to any known table",
        "customMetrics | summarize value = maximum(valueMax)": "maximum",
    }
    for errors, words in zip(kusto_errors([*wrong]), wrong.values(), strict=True):
        assert words in " ".join(errors)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_alert(rule: dict[str, Any]) -> None:
    holds(query(rule))
    assert re.search(r"\bvalue = ", query(rule)), "the column that is compared"
    assert rule["severity"] in range(5)
    assert rule["operator"] in ("GreaterThan", "LessThan")
    assert WINDOWS[rule["frequency"]] <= WINDOWS[rule["window"]]
    assert len(rule["action"]) > 60
    assert rule["action"].endswith(".")


def test_there_is_an_alert_for_everything_that_somebody_must_know() -> None:
    assert [rule["name"] for rule in RULES] == [
        "not-running", "poison", "poison-waits", "rejected", "audit-verdict", "audit-missing", "undetermined",
        "function-failures", "notifications-failed", "feed-behind", "throttling", "queue-age", "queue-depth",
    ]  # fmt: skip


def test_the_verdicts_that_alert_are_the_audits() -> None:
    (rule,) = [rule for rule in RULES if rule["name"] == "audit-verdict"]
    (named,) = re.findall(r"verdict\) in \((.*?)\)", query(rule))
    assert set(re.findall(r'"(\w+)"', named)) == {Verdict.BROKEN.value, Verdict.UNKNOWN.value}


def test_the_service_is_missed_within_a_quarter_of_an_hour() -> None:
    (rule,) = [rule for rule in RULES if rule["name"] == "not-running"]
    assert (rule["operator"], rule["threshold"], WINDOWS[rule["window"]]) == ("LessThan", 1, 15)
    assert WINDOWS[rule["frequency"]] <= 5


def test_what_is_measured_every_five_minutes_is_in_each_window() -> None:
    app = (ROOT / "function_app.py").read_text(encoding="utf-8")
    assert '@app.timer_trigger("timer", "0 */5 * * * *")' in app
    for rule in RULES:
        if re.search(r'"triage\.(apps|feeds|queue\.(depth|oldest))"', query(rule)):
            assert WINDOWS[rule["window"]] >= 15, rule["name"]


def test_a_broken_app_is_reported_until_it_is_repaired() -> None:
    """It is measured more often than the rule looks, so a look never finds nothing while the app is broken."""
    (rule,) = [rule for rule in RULES if rule["name"] == "audit-verdict"]
    assert set(re.findall(r'"(triage\.[a-z.]+)"', query(rule))) == {Metric.APPS}
    assert "max(valueMax)" in query(rule)


def test_the_states_that_alert_are_the_feeds() -> None:
    (rule,) = [rule for rule in RULES if rule["name"] == "feed-behind"]
    (named,) = re.findall(r"state\) in \((.*?)\)", query(rule))
    assert set(re.findall(r'"(\w+)"', named)) == {state.value for state in FeedState} - {"ok", "off"}


def test_what_a_caller_did_wrong_is_no_failure_of_a_function() -> None:
    (rule,) = [rule for rule in RULES if rule["name"] == "function-failures"]
    assert "toint(resultCode) >= 500" in query(rule)
    assert "success" not in query(rule)


def test_the_time_between_audits_is_the_schedules() -> None:
    main = parameters(INFRA / "main.bicep")
    times = croniter(default_of("AUDIT_SCHEDULE"), datetime(2026, 1, 1, tzinfo=UTC), second_at_beginning=True)
    moments = [times.get_next() for _ in range(20)]
    gaps = {later - earlier for earlier, later in pairwise(moments)}
    assert gaps == {main["auditIntervalHours"]["default"] * 3600}
    (rule,) = [rule for rule in RULES if rule["name"] == "audit-missing"]
    longest = decorators(main["auditIntervalHours"])["max_value"]
    assert 2 * longest * 60 <= WINDOWS[rule["window"]]


def test_each_alert_leads_to_its_entry_in_the_runbook() -> None:
    description = resource("alerts.bicep", "alert").config["properties"]["description"]
    assert description == "${rule.action} Runbook, ${rule.name}: ${format(runbook, rule.name)}"
    assert "'${runbookUrl}#{0}'" in (INFRA / "app" / "alerts.bicep").read_text(encoding="utf-8")
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert re.findall(r"^## ([a-z-]+)$", runbook, re.MULTILINE) == [rule["name"] for rule in RULES]


def test_the_address_without_a_runbook_is_absolute() -> None:
    assert parameters(INFRA / "main.bicep")["runbookUrl"]["default"] == ""
    address = "${environment().portal}/#@${tenant().tenantId}/resource${workbookId}/workbook"
    assert variable("alerts.bicep", "workbookUrl") == address


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart["title"])
def test_chart(chart: dict[str, Any]) -> None:
    holds(chart["query"])
    assert chart["resourceType"] == "microsoft.insights/components"
    assert chart["timeContextFromParameter"] == WORKBOOK["items"][0]["content"]["parameters"][0]["name"]


def test_everything_that_is_measured_can_be_seen() -> None:
    shown = {metric for chart in CHARTS for metric in re.findall(r'"(triage\.[a-z._]+)"', chart["query"])}
    assert shown == set(Metric)
