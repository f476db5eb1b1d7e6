"""The real program, run as a person runs it: its exit code, standard output and standard error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.processes import ROOT
from triage.cli.app import run

PROGRAM = (sys.executable, "-m", "triage")
_OTHERS = ("TRIAGE_", "ETD_", "TriageStorage", "GRAPH_", "AZURE_", "COLUMNS", "NO_COLOR", "FORCE_COLOR")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """All of standard output has to be JSON."""
        return json.loads(self.out)


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without what a command reads of it, and with these settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)} | settings


def triage(*arguments: str, settings: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ended:
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(**(settings or {})),
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


class InProcess:
    """The same in this process: for what needs no process of its own, and quicker."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, settings: Mapping[str, str] | None = None) -> Ended:
        wanted = environment(**(settings or {}))
        for name in os.environ.keys() - wanted.keys():
            self._monkeypatch.delenv(name)
        for name, value in wanted.items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.setenv("TRIAGE_AUTH", "easyauth")  # the deployment's; it has no bearing here
        self._capsys.readouterr()
        try:
            code = run(list(arguments))
        except SystemExit as ended:  # completion ends like this
            code = int(ended.code or 0)
        said = self._capsys.readouterr()
        return Ended(code, said.out, said.err)
