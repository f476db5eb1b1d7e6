"""The program itself: help, completion, imports, exit codes, and documentation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic.alias_generators import to_camel

from sandbox.processes import ROOT
from tests.cli.conftest import Deployment
from tests.cli.program import PROGRAM, InProcess, environment
from triage.api.filters import PARAMETERS
from triage.cli.app import app
from triage.cli.errors import ExitCode

ALL: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS = {name: command for name, command in ALL.items() if not command.hidden}
DOCUMENTATION = (ROOT / "docs" / "cli.md").read_text("utf-8")


def python(code: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**settings), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_a_missing_package(package: str) -> None:
    code = f"import runpy, sys; sys.modules[{package!r}] = None; runpy.run_module('triage', run_name='__main__')"
    done = python(code)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"The command line needs the package {package}")
    assert "python -m pip install -r requirements-cli.txt" in done.stderr


def test_ctrl_c_while_the_packages_load() -> None:
    code = """
import sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "rich":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from triage.__main__ import main
sys.exit(main())
"""
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "")


def test_an_import_error_of_our_own_is_not_a_missing_package() -> None:
    done = python("import sys, triage.__main__ as m; sys.modules['triage.cli.app'] = None; m.main()")
    assert "ModuleNotFoundError" in done.stderr


def test_the_function_app_does_not_import_the_command_line(deployment: Deployment) -> None:
    code = "import sys, function_app; print(sorted({'typer', 'rich', 'triage.cli'} & sys.modules.keys()))"
    assert python(code, **deployment.settings).stdout == "[]\n"


def test_help(in_process: InProcess) -> None:
    result = in_process("--help")
    assert result.code == 0
    for name, command in COMMANDS.items():
        assert f"│ {name} " in result.out
        one = in_process(name, "--help")
        assert one.code == 0
        assert f"python -m triage {name}" in one.out.partition("Examples:")[2]
        for parameter in command.params:
            assert max(parameter.opts, key=len).strip() in one.out or parameter.metavar in one.out


def test_the_name_of_version_1_still_works(in_process: InProcess) -> None:
    assert [name for name, command in ALL.items() if command.hidden] == ["replay"]
    assert " replay " not in in_process("--help").out
    assert [one.opts for one in ALL["replay"].params] == [one.opts for one in ALL["retriage"].params]


def test_the_examples_use_existing_options(in_process: InProcess) -> None:
    """Each option of an example is an option of its command."""
    for command in COMMANDS.values():
        for line in command.epilog.split("\n\n")[1:]:
            words = line.rpartition("python -m triage ")[2].partition(" >>")[0].split()
            options = [word for word in words if word.startswith("--")]
            known = {option for parameter in command.params for option in parameter.opts}
            assert words[0] == command.name
            assert set(options) <= known


def test_without_a_command(in_process: InProcess) -> None:
    result = in_process()
    assert result.code == 64
    assert "check" in result.out + result.err


def test_a_mistyped_command(in_process: InProcess) -> None:
    result = in_process("findngs")
    assert (result.code, result.out) == (64, "")
    assert "Did you mean 'findings'" in result.err
    assert result.err.endswith("Run python -m triage --help to list the commands.\n")
    wrong_option = in_process("findings", "--tpo", "3")
    assert (wrong_option.code, wrong_option.out) == (64, "")
    assert wrong_option.err.endswith("Run python -m triage findings --help for its options.\n")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("triage fin", {"findings", "finding"}),
        ("triage findings --exp", {"--exposed"}),
        ("triage findings --cause message_m", {"message_moved"}),
        ("triage findings --severity c", {"critical"}),
        ("triage findings --confidence prob", {"probable"}),
        ("triage findings --scenario inv", {"invalid_user"}),
        ("triage findings --exposed n", {"null"}),
        ("triage submit x --format nd", {"ndjson"}),
    ],
)
def test_completion(in_process: InProcess, words: str, offered: set[str]) -> None:
    settings = {
        "_TRIAGE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    assert set(in_process(settings=settings).out.split()) == offered


def test_completion_of_bin_triage(tmp_path: Path) -> None:
    link = tmp_path / "triage"
    link.symlink_to(ROOT / "bin" / "triage")
    done = subprocess.run(
        [link, "--show-completion", "bash"], cwd=tmp_path, env=environment(), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "complete -o default -F _triage_completion triage" in done.stdout
    assert "_TRIAGE_COMPLETE=complete_bash" in done.stdout
    shown = subprocess.run(
        [link, "feeds", "--help"], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert " triage feeds --json" in shown.stdout


def test_without_a_service(in_process: InProcess, deployment: Deployment) -> None:
    result = in_process("findings")
    assert (result.code, result.out) == (64, "")
    assert "TRIAGE_URL" in result.err
    assert "TriageStorage" in result.err
    tenants = {name: value for name, value in deployment.settings.items() if name != "TRIAGE_TENANTS"}
    result = in_process("findings", settings=tenants)
    assert (result.code, result.out) == (4, "")
    assert "TRIAGE_TENANTS is missing" in result.err
    assert in_process("findings", "--since", "never", settings=tenants).code == 64


def test_a_wrong_connection_string_is_not_a_wrong_token(in_process: InProcess, deployment: Deployment) -> None:
    result = in_process("findings", settings={**deployment.settings, "TriageStorage": "nonsense"})
    assert (result.code, result.out) == (4, "")
    assert "token" not in result.err


def test_an_unexpected_error(in_process: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("\x1b[31mwhat")

    monkeypatch.setattr("triage.cli.commands.summary.connect", broken)
    result = in_process("summary", "--url", "https://a.example")
    assert (result.code, result.out) == (4, "")
    assert result.err == (r"Unexpected error: ZeroDivisionError: \x1b[31mwhat. Use --debug to see where." + "\n")


def test_a_closed_pipe_ends_the_command_quietly() -> None:
    """As `python -m triage --help | head -1`."""
    for arguments in (["--help"], ["check", "--help"]):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [*PROGRAM, *arguments], cwd=ROOT, env=environment(), stdout=writing, stderr=subprocess.PIPE, timeout=60,
            check=False,
        )  # fmt: skip
        os.close(writing)
        assert (done.returncode, done.stderr) == (ExitCode.NO_READER, b"")


@pytest.mark.parametrize("name", ["findings", "watch", "summary"])
def test_the_help_lists_the_values_of_filters(in_process: InProcess, name: str) -> None:
    shown = " ".join(re.sub("│", " ", in_process(name, "--help").out).split())
    for option in COMMANDS[name].params:
        if option.name == "scope":
            continue  # that of the sign-in, not that of an incident
        values = PARAMETERS[to_camel(option.name)].values if to_camel(option.name) in PARAMETERS else ()
        assert all(re.search(rf"\b{value}\b", shown) for value in values), option.name


@pytest.mark.parametrize("arguments", [("--debug", "finding", "none"), ("finding", "none", "--debug")])
def test_debug_is_an_option_of_every_command(deployment: Deployment, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [*PROGRAM, *arguments], cwd=ROOT, env=environment(**deployment.remote), capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("There is no finding with this ID")


def test_characters_outside_the_encoding_are_escaped(graph: dict[str, str]) -> None:
    settings = {**graph, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*PROGRAM, "check", "--mailbox", "joerg@münchen.example", "--error", "ελλ"], cwd=ROOT,
        env=environment(**settings), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert rb"\u03b5\u03bb\u03bb: unclassified" in done.stdout


def test_the_documentation_has_every_exit_code() -> None:
    for code in ExitCode:
        assert re.search(rf"^\| {code.value} \|", DOCUMENTATION, re.MULTILINE), code


def test_it_starts_quickly() -> None:
    """What Graph or a deployment needs is imported by the commands that ask it."""
    code = "import sys, triage.cli.app; print(sorted({'msgraph', 'azure.functions', 'aiohttp'} & sys.modules.keys()))"
    assert python(code).stdout == "[]\n"
