"""The docs against the code: each setting, route and figure is in them, and nothing that is not in the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from triage.api.routes import ROUTES
from triage.graph.evidence import Reason
from triage.graph.questions import QUESTIONS
from triage.intake.scenario import Scenario

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

# What azure-identity and Application Insights read, not this code.
FOREIGN = {
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_AUTHORITY_HOST",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
}
SETTING = re.compile(r"\b(?:TriageStorage(?:__[A-Za-z]+)?|(?:TRIAGE|AUDIT|GRAPH|CREDENTIAL|RETENTION)_[A-Z_]+)\b")


def section(text: str, title: str) -> str:
    """The part of a page under a heading."""
    return re.split(r"^## ", text.split(f"\n## {title}\n", 1)[1], flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[str]:
    """The code in the first cell of each row of the tables in a text."""
    rows = re.findall(r"^\| *([^|]*)\|", text, flags=re.MULTILINE)
    return [code for cell in rows for code in re.findall(r"`([^`]+)`", cell)]


def settings_in_code() -> set[str]:
    sources = [ROOT / "function_app.py", *(ROOT / "triage").glob("*.py")]
    found = {
        name for path in sources for name in re.findall(rf'"({SETTING.pattern})"', path.read_text(encoding="utf-8"))
    }
    # TriageStorage__{kind}ServiceUri is one literal for two settings.
    return found | {"TriageStorage__queueServiceUri", "TriageStorage__tableServiceUri"}


def test_every_setting_is_in_the_readme() -> None:
    assert set(first_cells(section(README, "Settings"))) - FOREIGN == settings_in_code()


def test_every_setting_is_in_the_sample() -> None:
    sample = set(json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"])
    identity = {name for name in settings_in_code() if "__" in name}
    assert settings_in_code() - identity <= sample
    assert {name for name in sample if SETTING.fullmatch(name)} <= settings_in_code()


def test_every_scenario_is_in_the_readme() -> None:
    table = section(README, "What ETD says, and where triage starts")
    for scenario in Scenario:
        assert f"| `{scenario.value}` |" in table


def test_every_route_is_in_the_docs() -> None:
    documented = {code for code in first_cells(API) if " /api/" in code}
    assert documented == {f"{route.method} /api/{route.path}" for route in ROUTES}


def test_every_reason_is_in_the_docs() -> None:
    for reason in Reason:
        assert f"`{reason.value}`" in API, reason


def test_every_permission_that_is_asked_for_is_in_the_readme() -> None:
    asked = {question.permission for question in QUESTIONS.values()}
    assert asked == set(first_cells(section(README, "Permissions that the service needs")))


def test_the_docs_have_the_figures_of_host_json() -> None:
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    queues = host["extensions"]["queues"]
    table = section(DESIGN, "The queue")
    assert f"{queues['batchSize']}, {queues['newBatchThreshold']} |" in table
    for name in ("visibilityTimeout", "maxDequeueCount", "maxPollingInterval", "messageEncoding"):
        assert f"| `{name}` | {queues[name]} |" in table
    assert f"| `functionTimeout` | {host['functionTimeout']} |" in table


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ +(.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in anchors, f"{page.name}: {target}"


def test_every_page_is_linked_from_the_readme() -> None:
    for page in PAGES[:]:
        if page.name != "README.md":
            assert f"({page.relative_to(ROOT)})" in README, page.name
