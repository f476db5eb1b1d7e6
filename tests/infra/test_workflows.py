"""The workflows: actionlint finds nothing wrong, and what they run is there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import azurite
from tests.infra.bicep import ROOT

FOLDER = ROOT / ".github" / "workflows"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yml"))}
WORKFLOWS = pytest.mark.parametrize("name", TEXTS)


def actionlint(texts: dict[str, str]) -> dict[str, list[str]]:
    command = [azurite.node(), str(Path(__file__).with_name("actionlint.mjs"))]
    done = subprocess.run(
        command, input=json.dumps(texts), capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    return json.loads(done.stdout)


def test_actionlint_finds_nothing() -> None:
    assert actionlint(TEXTS) == {name: [] for name in TEXTS}
    assert set(TEXTS) == {"azure-dev.yml", "dependencies.yml", "release.yml", "test.yml"}


def test_actionlint_finds_what_is_wrong() -> None:
    wrong = TEXTS["test.yml"].replace("matrix.python", "matrix.pyton")
    assert "pyton" in " ".join(actionlint({"wrong.yml": wrong})["wrong.yml"])


@WORKFLOWS
def test_a_workflow_may_do_little_and_ends_in_time(name: str) -> None:
    workflow = yaml.safe_load(TEXTS[name])
    assert workflow["permissions"].get("contents") in ("read", "write")
    for job in workflow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] <= 90
    if name != "dependencies.yml":
        assert "write" not in str(workflow["permissions"].get("contents"))


@WORKFLOWS
def test_actions_of_others_are_pinned(name: str) -> None:
    """By the commit, with its version beside it: a tag can be moved to another commit."""
    for action, at, comment in re.findall(r"uses: ([\w./-]+)@(\S+)(?: +# (\S+))?", TEXTS[name]):
        assert re.fullmatch(r"[0-9a-f]{40}", at), action
        assert re.fullmatch(r"v\d+\.\d+\.\d+", comment), action


@WORKFLOWS
def test_nothing_from_outside_is_put_into_a_script(name: str) -> None:
    for job in yaml.safe_load(TEXTS[name])["jobs"].values():
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", ""), "an expression becomes part of the script: pass it in env"


def test_every_supported_python_is_tested() -> None:
    matrix = yaml.safe_load(TEXTS["test.yml"])["jobs"]["test"]["strategy"]["matrix"]["python"]
    (versions,) = re.findall(r'^versions="(.*)"$', (ROOT / "sandbox" / "setup.sh").read_text(), re.MULTILINE)
    assert sorted(matrix) == sorted(versions.split())


@WORKFLOWS
def test_what_a_workflow_runs_is_there(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake (\w+)", TEXTS[name]):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for module in re.findall(r"-m (tools\.\w+)", TEXTS[name]):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_azd_s_pipeline_gets_what_the_workflow_reads() -> None:
    deploy: dict[str, Any] = yaml.safe_load(TEXTS["azure-dev.yml"])["jobs"]["deploy"]["env"]
    named = {name for name in deploy if name.startswith("TRIAGE_")}
    pipeline = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))["pipeline"]["variables"]
    assert named == set(pipeline)
