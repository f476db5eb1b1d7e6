"""azure-functions-doctor finds nothing wrong with what is deployed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tools import package

# What it can't see, each held by a test of ours: it looks at functions that are not `async def`, and at settings that are
# literals in a list.
BLIND = {"Programming model v2", "Application Insights configuration"}


def test_doctor(tmp_path: Path) -> None:
    for path in (
        *package.own_files(),
        Path("requirements.txt"),
        Path(".funcignore"),
        Path("local.settings.sample.json"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package.ROOT / path, tmp_path / path)
    shutil.copytree(package.ROOT / "infra", tmp_path / "infra")
    command = [str(Path(sys.executable).with_name("azure-functions-doctor")), "doctor", "--path", str(tmp_path)]
    command += ["--profile", "deploy", "--target-python", ".".join(map(str, package.PYTHON))]
    command += ["--hosting-plan", "flex-consumption", "--deployment-mode", "local-prebuilt", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    items = [item for section in json.loads(done.stdout)["results"] for item in section["items"]]
    states = {item["label"]: item["status"] for item in items}
    assert {label for label, state in states.items() if state not in ("pass", "skip")} <= BLIND, done.stdout
    assert done.returncode == 0
    for label in (
        "host.json version",
        "Python runtime lifecycle",
        "extensionBundle v4 recommended",
        "Binding connection resolution",
    ):
        assert states[label] == "pass", label
