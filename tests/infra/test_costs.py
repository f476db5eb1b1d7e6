"""The arithmetic of docs/costs.md, done again from its own table of assumptions."""

from __future__ import annotations

import re

import pytest

from tests.infra.bicep import INFRA, ROOT, parameters, plain, variable
from triage.settings import default_of

PAGE = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
GIVEN = {name: float(value) for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", PAGE, re.MULTILINE)}
FAILURES = (100, 10_000, 1_000_000)


def row(name: str) -> list[float]:
    (cells,) = re.findall(rf"^\| [`*]*{name}[`*]* \|((?: [\d.]+ \|){{3}})$", PAGE, re.MULTILINE)
    return [float(cell) for cell in re.findall(r"[\d.]+", cells)]


def worked_out(failures: int, hours: float) -> dict[str, float]:
    g = GIVEN
    seconds = failures * g["seconds"] + g["other_executions"]
    executions = failures * g["executions"] + g["other_executions"]
    telemetry = failures * g["kb_telemetry"] / 1e6 + hours * g["metrics_gb_hour"]
    frequencies = [plain(rule)["frequency"] for rule in variable("alerts.bicep", "rules")]
    often = frequencies.count("PT5M")
    return {
        "execution time": max(0, seconds * g["memory_gb"] - g["gb_seconds_free"]) * g["gb_second"],
        "executions": max(0, executions - g["executions_free"]) * g["million_executions"] / 1e6,
        "operations": (failures * g["operations"] + hours * g["polls_hour"] + g["timer_operations"])
        * g["ten_thousand_operations"]
        / 1e4,
        "tables": failures * g["months_kept"] * g["kb_kept"] / 1e6 * g["gb_month"],
        "telemetry": max(0, telemetry - g["log_gb_free"]) * g["log_gb"],
        "alerts": often * g["alert_5_minutes"] + (len(frequencies) - often) * g["alert_15_minutes"],
    }


def test_the_figures_follow_from_the_assumptions() -> None:
    for column, (failures, hours) in enumerate(zip(FAILURES, row("instance_hours"), strict=True)):
        costs = worked_out(failures, hours)
        shown = {name: row(name)[column] for name in costs}
        assert shown == {name: round(cost, 2) for name, cost in costs.items()}, failures
        assert row("all")[column] == round(sum(shown.values()), 2), failures


@pytest.mark.parametrize("actions", [6_000, 150_000])
def test_the_figures_of_a_feed_follow_too(actions: int) -> None:
    g = GIVEN
    seconds = 4320 * g["poll_seconds"] + actions * g["action_seconds"]
    operations = 4320 * g["poll_operations"] + 43_200 * g["watch_operations"] + actions * g["action_operations"]
    time = round(seconds * g["memory_gb"] * g["gb_second"], 2)
    storage = round(operations * g["ten_thousand_operations"] / 1e4, 2)
    assert f"| {actions:,} | {time:.2f} | {storage:.2f} | {time + storage:.2f} |\n" in PAGE


@pytest.mark.parametrize("users", [1_000, 10_000, 100_000])
def test_the_figures_of_a_coverage_scan_follow_too(users: int) -> None:
    g = GIVEN
    time = round(30 * users * g["scan_seconds"] * g["memory_gb"] * g["gb_second"], 2)
    operations = 30 * users * g["scan_operations"] + 43_200 * g["scan_watch"]
    storage = round(operations * g["ten_thousand_operations"] / 1e4, 2)
    assert f"| {users:,} | {time:.2f} | {storage:.2f} | {time + storage:.2f} |\n" in PAGE


def test_the_assumptions_are_those_of_the_template() -> None:
    main = parameters(INFRA / "main.bicep")
    assert GIVEN["memory_gb"] == main["instanceMemoryMB"]["default"] / 1024
    assert abs(GIVEN["months_kept"] - default_of("RETENTION_DAYS") * 12 / 365) < 0.1
