"""Named profiles: what they set, what comes before them, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import KEY, Deployment
from tests.cli.program import InProcess
from triage.cli import profiles

FILE = """
[prod]
TRIAGE_URL = "{address}"
TRIAGE_KEY = "{key}"

[wrong]
TRIAGE_URI = "https://a.example"

[number]
TRIAGE_URL = 1
"""


@pytest.fixture
def file(tmp_path: Path, deployment: Deployment) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(FILE.format(address=deployment.address, key=KEY))
    path.chmod(0o600)
    return path


def test_a_profile_says_where_the_service_is(in_process: InProcess, file: Path) -> None:
    settings = {"TRIAGE_PROFILES": str(file)}
    assert in_process("--profile", "prod", "findings", "--json", settings=settings).code == 0
    assert in_process("findings", "--json", settings=settings | {"TRIAGE_PROFILE": "prod"}).code == 0
    assert in_process("findings", settings=settings).code == 64


def test_a_variable_comes_before_the_profile(in_process: InProcess, file: Path) -> None:
    settings = {"TRIAGE_PROFILES": str(file), "TRIAGE_KEY": "another"}
    result = in_process("--profile", "prod", "findings", settings=settings)
    assert (result.code, "rejected the function key" in result.err) == (4, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("test", "has no profile 'test'. It has: number, prod, wrong."),
        ("wrong", "profile wrong: TRIAGE_URI is not a variable that the command line reads."),
        ("number", "profile number: TRIAGE_URL must be a text in quotes."),
    ],
)
def test_a_profile_that_cannot_be_used(in_process: InProcess, file: Path, name: str, words: str) -> None:
    result = in_process("--profile", name, "findings", settings={"TRIAGE_PROFILES": str(file), "COLUMNS": "400"})
    assert (result.code, result.out) == (64, "")
    assert words in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_secret_that_others_can_read_is_refused(in_process: InProcess, file: Path) -> None:
    file.chmod(0o644)
    settings = {"TRIAGE_PROFILES": str(file), "COLUMNS": "400"}
    result = in_process("--profile", "prod", "findings", settings=settings)
    assert (result.code, f"chmod 600 {file}" in result.err) == (64, True)


def test_no_file_and_a_broken_one(in_process: InProcess, tmp_path: Path) -> None:
    settings = {"TRIAGE_PROFILES": str(tmp_path / "none.toml"), "COLUMNS": "400"}
    assert "It has: none." in in_process("--profile", "prod", "findings", settings=settings).err
    (tmp_path / "none.toml").write_text("[prod")
    assert "can't be read" in in_process("--profile", "prod", "findings", settings=settings).err


def test_the_names_are_completed(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRIAGE_PROFILES", str(file))
    assert profiles.names() == ["number", "prod", "wrong"]
    monkeypatch.setenv("TRIAGE_PROFILES", str(tmp_path / "none.toml"))
    assert profiles.names() == []
    monkeypatch.delenv("TRIAGE_PROFILES")
    assert profiles.path().parts[-2:] == ("etd-triage", "profiles.toml") and profiles.path().is_absolute()
