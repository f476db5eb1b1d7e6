"""The built files in the repository are what a build makes. A deployment needs no Node.js."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path

from sandbox.azurite import node
from sandbox.processes import ROOT

BUILT = ROOT / "triage" / "dashboard"
SECONDS = 120


def run(*arguments: str | Path) -> str:
    command = [node(), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_build_gives_the_files_that_are_served(tmp_path: Path) -> None:
    run("dashboard/build.mjs", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in BUILT.iterdir())
    stale = [path.name for path in tmp_path.iterdir() if path.read_bytes() != (BUILT / path.name).read_bytes()]
    assert not stale, f"{stale} are not built from these sources: make page"


def test_the_script_is_small() -> None:
    assert len(gzip.compress((BUILT / "app.js").read_bytes())) < 60_000


def test_the_licenses_of_the_packages_in_the_page_are_served_with_it() -> None:
    text = (BUILT / "LICENSES.txt").read_text("utf-8")
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for name in ("preact", "d3-scale"):
        assert f"{name} {lock[f'node_modules/{name}']['version']}\n" in text
    assert "Permission is hereby granted" in text


def test_the_page_names_no_other_host() -> None:
    """The script contains XML namespaces, which only look like URLs."""
    for path in (path for path in BUILT.iterdir() if path.name != "LICENSES.txt"):
        found = set(re.findall(r"https?://[^\s\"'`)]+", path.read_text("utf-8")))
        assert all(url.startswith("http://www.w3.org/") for url in found), (path.name, found)
