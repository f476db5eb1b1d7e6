"""What is written by hand in the docs agrees with the code. test_generated_docs.py is about the rest."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from triage.graph.evidence import Reason
from triage.intake.scenario import Scenario
from triage.settings import TABLE

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LISTED = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
FILES = [
    ROOT / name for name in subprocess.run(LISTED, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
]
TEXTS = {
    path: path.read_text(encoding="utf-8")
    for path in FILES
    if path.is_file() and path.suffix in {".bicep", ".css", ".json", ".md", ".py", ".sh", ".ts", ".tsx", ".yaml", ".yml"}
    and path.name != "package-lock.json"
}  # fmt: skip
PAGES = sorted(path for path in TEXTS if path.suffix == ".md" and "benchmarks/results" not in str(path))
README, API, DESIGN, CAUSES = (TEXTS[path] for path in (
    ROOT / "README.md", DOCS / "api.md", DOCS / "design.md", DOCS / "causes.md",
))  # fmt: skip

SETTING = re.compile(
    r"\b(?:TriageStorage(?:__[A-Za-z]+)?|(?:TRIAGE|AUDIT|COVERAGE|ETD|GRAPH|CREDENTIAL|RETENTION|OTEL|AZURE)_[A-Z_]+)\b"
)
# Variables that azure-identity and the host read and that a page mentions, but that are no settings of the service.
MENTIONED = {
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION",
}


def section(text: str, title: str) -> str:
    """The part of a page under a heading."""
    return re.split(r"^## ", text.split(f"\n## {title}\n", 1)[1], flags=re.MULTILINE)[0]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", TEXTS[page], flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_setting_in_the_docs_exists() -> None:
    """docs/settings.md is generated; this is about the other pages."""
    known = {setting.name for settings in TABLE.values() for setting in settings} | MENTIONED
    infra = "".join(text for path, text in TEXTS.items() if path.is_relative_to(ROOT / "infra"))
    hooks = TEXTS[ROOT / "azure.yaml"] + TEXTS[ROOT / "tools" / "azd.py"]
    known |= set(SETTING.findall(infra + hooks))  # variables of azd, and of the scripts
    for path, text in TEXTS.items():
        if path.is_relative_to(ROOT / "triage" / "cli"):
            known |= set(re.findall(r'(?:envvar=|os\.environ\.get\()"(\w+)"', text))
    found = {name for page in PAGES for name in SETTING.findall(TEXTS[page])}
    assert found <= known


def test_every_scenario_is_in_the_docs() -> None:
    table = section(CAUSES, "Scenarios")
    for scenario in Scenario:
        assert f"| `{scenario.value}` |" in table


def test_every_reason_is_in_the_docs() -> None:
    for reason in Reason:
        assert f"`{reason.value}`" in API, reason


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
    text = re.sub(r"```.*?```", "", TEXTS[page], flags=re.DOTALL)
    for target in re.findall(
        r"\]\((?!https?:|mailto:|\.\./\.\./\.\./releases/)([^)\s]+)\)", text
    ):  # GitHub has releases
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or file.suffix != ".md" or anchor in anchors(file), f"{page.name}: {target}"


def test_every_page_that_is_cited_exists() -> None:
    for path, text in TEXTS.items():
        for name, anchor in re.findall(
            r"(?<![\w/.:-])((?:docs|benchmarks)/[\w/-]+\.md|[A-Z]+\.md)(?:#([\w-]+))?", text
        ):
            page = ROOT / name
            assert page in TEXTS, f"{path.relative_to(ROOT)} cites {name}"
            assert not anchor or anchor in anchors(page), f"{path.relative_to(ROOT)} cites {name}#{anchor}"


def test_no_comment_cites_a_document_that_is_not_in_the_repository() -> None:
    """Such as a contract and its sections: nobody can look them up."""
    cited = re.compile(r"\(contract|\b(?:of|in|by) the contract\b")
    sources = {path: text for path, text in TEXTS.items() if path.suffix != ".md" and path != Path(__file__)}
    assert [str(path.relative_to(ROOT)) for path, text in sources.items() if cited.search(text)] == []


def test_every_page_is_linked_from_the_readme() -> None:
    for page in PAGES:
        if page.parent in (DOCS, ROOT) and page.name not in ("README.md", "CONTRIBUTING.md"):
            assert f"({page.relative_to(ROOT)})" in README, page.name
