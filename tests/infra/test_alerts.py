"""Alerts and workbook ask for what the service measures, and each alert says what to do."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from croniter import croniter

from tests.infra.bicep import INFRA, ROOT, decorators, parameters, plain, resource, variable
from triage.audit.model import Verdict
from triage.operations.deliveries import TriageIncompleteError
from triage.settings import default_of
from triage.telemetry.instruments import Metric

# https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-types: what log search alerts take in any subscription.
WINDOWS = {"PT5M": 5, "PT10M": 10, "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT6H": 360, "P1D": 1440, "P2D": 2880}
RULES: list[dict[str, Any]] = [plain(rule) for rule in variable("alerts.bicep", "rules")]
WORKBOOK: dict[str, Any] = json.loads((INFRA / "app" / "workbook.json").read_text(encoding="utf-8"))
CHARTS = [item["content"] for item in WORKBOOK["items"] if item["type"] == 3]
# Of the two tables that the host writes, and of the one of metrics: docs of Application Insights' telemetry tables.
COLUMNS = {
    "customMetrics", "requests", "exceptions", "name", "timestamp", "valueSum", "valueCount", "valueMax",
    "customDimensions", "success", "operation_Id", "itemCount", "type", "outerMessage", "details",
}  # fmt: skip
KUSTO = {
    "where", "and", "or", "in", "has", "summarize", "sum", "sumif", "max", "count", "by", "bin", "extend", "project",
    "order", "desc", "tostring", "iff", "let", "distinct", "ago", "render", "timechart", "false",
}  # fmt: skip


def query(rule: dict[str, Any]) -> str:
    """A rule's query; one has a number put in."""
    text = rule["query"]
    if isinstance(text, dict):
        replaced = text["function"]["parameters"]
        text = next(value for value in replaced.values() if isinstance(value, str) and "|" in value)
        assert "{hours}" in replaced.values()
    return text


def attributes() -> dict[str, set[str]]:
    """The attributes that the code gives to each metric."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "triage").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "count" and node.args:
                metric = node.args[0]
                if isinstance(metric, ast.Attribute) and getattr(metric.value, "id", "") == "Metric":
                    found[Metric[metric.attr]] |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found


def holds(text: str) -> None:
    """A query's metrics are the code's, its attributes are of these metrics, its columns are the tables'."""
    metrics = set(re.findall(r'"(triage\.[a-z.]+)"', text))
    assert metrics <= set(Metric), text
    named = set(re.findall(r"customDimensions\.(\w+)", text))
    for metric in metrics if named else ():
        assert named <= attributes()[metric] or len(metrics) > 1, (metric, named)
    assert all(any(name in attributes()[metric] for metric in metrics) for name in named), text
    bare = re.sub(r'"[^"]*"|\{[^}]*\}h?|customDimensions\.\w+', " ", text)
    made = set(re.findall(r"(\w+)\s*=[^=]", bare)) | {"waiting"}
    assert set(re.findall(r"[A-Za-z_]\w*", bare)) <= COLUMNS | KUSTO | made, text


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
        "poison", "rejected", "audit-verdict", "audit-missing", "undetermined", "function-failures", "throttling",
        "queue-age",
    ]  # fmt: skip


def test_the_verdicts_that_alert_are_the_audits() -> None:
    (rule,) = [rule for rule in RULES if rule["name"] == "audit-verdict"]
    (named,) = re.findall(r"verdict\) in \((.*?)\)", query(rule))
    assert set(re.findall(r'"(\w+)"', named)) == {Verdict.BROKEN.value, Verdict.UNKNOWN.value}


def test_a_try_that_goes_back_to_the_queue_is_no_failure_of_a_function() -> None:
    (rule,) = [rule for rule in RULES if rule["name"] == "function-failures"]
    assert set(re.findall(r'has "(\w+)"', query(rule))) == {TriageIncompleteError.__name__}


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
    assert description == "${rule.action} Runbook: ${runbookUrl}#${rule.name}"
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert re.findall(r"^## ([a-z-]+)$", runbook, re.MULTILINE) == [rule["name"] for rule in RULES]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart["title"])
def test_chart(chart: dict[str, Any]) -> None:
    holds(chart["query"])
    assert chart["resourceType"] == "microsoft.insights/components"
    assert chart["timeContextFromParameter"] == WORKBOOK["items"][0]["content"]["parameters"][0]["name"]


def test_everything_that_is_measured_can_be_seen() -> None:
    shown = {metric for chart in CHARTS for metric in re.findall(r'"(triage\.[a-z.]+)"', chart["query"])}
    assert shown == set(Metric)
