"""The wheel that people install: it is built, installed into a new virtual environment, and run away from the repository.

What it needs comes from the environment of the tests, so that no network is needed. Nothing else of the repository is there:
no host.json, no dashboard.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.cli.conftest import Deployment
from tests.cli.program import environment
from tests.tools.locks import pins, requirements
from tools.lock import DEV_LOCK
from tools.package import ROOT
from triage import __version__

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEPLOYED_ONLY = {"azure-monitor-opentelemetry"}


def uv(*arguments: str) -> None:
    command = [sys.executable, "-m", "uv", "--offline", "--no-config", *arguments]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--out-dir", str(folder), ".")
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a new virtual environment."""
    folder = tmp_path_factory.mktemp("venv")
    uv("venv", "--python", sys.executable, str(folder / "venv"))
    uv("pip", "install", "--no-deps", "--python", str(folder / "venv"), str(wheel))
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "needs.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "venv" / "bin"


def run(program: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments], cwd=program.parent, env=environment(**settings), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_it_has_the_command_line_and_nothing_that_only_the_function_app_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"triage/cli/app.py", "triage/operations/triage.py"} <= names
    assert not [name for name in names if not name.startswith(("triage/", "etd_triage-"))]
    assert not [name for name in names if name.startswith("triage/dashboard/")]


def test_it_needs_what_the_requirements_name() -> None:
    """Each package of requirements-cli.txt, in ranges that the tested releases are in."""
    here = {name: str(value) for name, value in default_environment().items()}
    wanted = {canonicalize_name(one.name) for one in requirements(ROOT / "requirements-cli.txt")}
    needs = [Requirement(text) for text in PROJECT["dependencies"]]
    assert {canonicalize_name(one.name) for one in needs} == wanted - DEPLOYED_ONLY
    locked = pins(DEV_LOCK, here)
    for one in needs:
        if one.marker is None or one.marker.evaluate(here):
            assert one.specifier.contains(locked[canonicalize_name(one.name)]), one


def test_the_version(installed: Path) -> None:
    assert run(installed / "etd-triage", "--version").stdout == f"etd-triage {__version__}\n"
    assert PROJECT["version"] == __version__


def test_help_and_completion_have_its_name(installed: Path) -> None:
    done = run(installed / "etd-triage", "findings", "--help")
    assert (done.returncode, "etd-triage findings --exposed true" in done.stdout) == (0, True)
    completion = run(installed / "etd-triage", "--show-completion", "bash").stdout
    assert "_ETD_TRIAGE_COMPLETE=complete_bash" in completion
    words = {"_ETD_TRIAGE_COMPLETE": "complete_bash", "COMP_WORDS": "etd-triage doc", "COMP_CWORD": "1"}
    assert run(installed / "etd-triage", **words).stdout.split() == ["doctor"]


def test_it_triages_without_the_repository(installed: Path, graph: dict[str, str]) -> None:
    arguments = ("check", "--mailbox", "dora@contoso.com", "--error", "The Requested User is Invalid")
    done = run(installed / "etd-triage", *arguments, **graph)
    assert done.returncode == 0, done.stderr
    assert re.search(r"was deleted", done.stdout)


def test_it_reads_the_storage_of_a_deployment(installed: Path, deployment: Deployment) -> None:
    done = run(installed / "etd-triage", "findings", "--json", **deployment.settings)
    assert done.returncode == 0, done.stderr


def test_it_does_not_need_telemetry(installed: Path) -> None:
    code = "import triage.cli.app, triage.api.routes, sys; print([name for name in sys.modules if 'opentelemetry' in name or 'azure.monitor' in name])"
    assert run(installed / "python", "-c", code).stdout == "[]\n"
