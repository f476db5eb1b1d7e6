"""What azd runs: the hooks of azure.yaml, each in a process of its own, with stand-ins for az, azd, git and bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import azd, package

TENANT = "11111111-1111-1111-1111-111111111111"
PROGRAM = """#!/bin/sh
printf '%s\\n' "$(basename "$0") $*" >>"$CALLS"
case "$(basename "$0") $*" in
    *"account show"*) echo "$SIGNED_IN" ;;
    "git config"*) echo "$REMOTE" ;;
esac
case "$(basename "$0")" in "$FAILING") echo "Please run 'az login'" >&2; exit 1 ;; esac
exit 0
"""


class Machine:
    """A machine whose programs only write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.calls = folder / "calls"
        self.calls.touch()
        for name in ("az", "azd", "git", "bash"):
            program = self.bin / name
            program.write_text(PROGRAM)
            program.chmod(0o755)
        for name in ("basename", "sh"):
            (self.bin / name).symlink_to(str(shutil.which(name)))

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        usual = {"PATH": str(self.bin), "CALLS": str(self.calls), "SIGNED_IN": TENANT, "REMOTE": "", "FAILING": "none"}
        return subprocess.run(
            [sys.executable, "-m", "tools.azd", *arguments], cwd=package.ROOT, env=usual | environ,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["deploy"], ["grant", "all"]])
def test_wrong_arguments_show_the_usage(machine: Machine, arguments: list[str]) -> None:
    done = machine.run(*arguments)
    assert (done.returncode, done.stderr) == (2, "usage: python -m tools.azd prepare|package|grant|remove\n")


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/contoso/triage.git", "https://github.com/contoso/triage/blob/HEAD/docs/runbook.md"),
        ("https://token@github.com/contoso/triage", "https://github.com/contoso/triage/blob/HEAD/docs/runbook.md"),
        ("git@github.com:contoso/triage.git", "https://github.com/contoso/triage/blob/HEAD/docs/runbook.md"),
        ("ssh://git@github.com/contoso/tri.age.git", "https://github.com/contoso/tri.age/blob/HEAD/docs/runbook.md"),
        ("https://dev.azure.com/contoso/triage/_git/triage", None),
        ("https://github.com.evil.example/a/b", None),
        ("../origin", None),
        ("", None),
    ],
)
def test_where_the_runbook_can_be_read(remote: str, address: str | None) -> None:
    assert azd.runbook_address(remote) == address


def test_the_alerts_link_the_runbook_of_the_repository(machine: Machine) -> None:
    assert machine.run("prepare", REMOTE="git@github.com:contoso/triage.git").returncode == 0
    assert (
        "azd env set TRIAGE_RUNBOOK_URL https://github.com/contoso/triage/blob/HEAD/docs/runbook.md" in machine.called()
    )


def test_an_address_that_was_set_stays(machine: Machine) -> None:
    done = machine.run("prepare", REMOTE="git@github.com:a/b.git", TRIAGE_RUNBOOK_URL="https://wiki.contoso.com/triage")
    assert (done.returncode, machine.called()) == (0, [])


def test_private_networking_registers_the_provider_of_the_subnet(machine: Machine) -> None:
    done = machine.run("prepare", TRIAGE_PRIVATE_NETWORKING="true", AZURE_SUBSCRIPTION_ID="s")
    assert done.returncode == 0
    assert machine.called()[0] == "az provider register --namespace Microsoft.App --wait --subscription s"
    assert not [call for call in machine.called() if call.startswith("azd")], "no remote: no address"


def test_sign_in_without_an_app_is_refused_before_anything_is_created(machine: Machine) -> None:
    done = machine.run("prepare", TRIAGE_AUTH="easyauth")
    assert (done.returncode, machine.called()) == (1, [])
    assert "sign-in-app.sh" in done.stderr
    assert machine.run("prepare", TRIAGE_AUTH="easyauth", TRIAGE_SIGN_IN_CLIENT_ID=TENANT).returncode == 0


@pytest.mark.parametrize(
    ("environ", "arguments"),
    [({}, "grant --sets core"), ({"TRIAGE_GRAPH_SETS": "all"}, "grant --sets all")],
)
def test_grant(machine: Machine, environ: dict[str, str], arguments: str) -> None:
    assert machine.run("grant", AZURE_TENANT_ID=TENANT, **environ).returncode == 0
    assert machine.called()[-1] == f"bash infra/scripts/graph-permissions.sh {arguments}"


def test_remove(machine: Machine) -> None:
    assert machine.run("remove").returncode == 0
    assert machine.called()[-1] == "bash infra/scripts/graph-permissions.sh remove"


@pytest.mark.parametrize("hook", ["grant", "remove"])
def test_nothing_is_changed_in_another_tenant(machine: Machine, hook: str) -> None:
    done = machine.run(hook, AZURE_TENANT_ID="22222222-2222-2222-2222-222222222222")
    assert done.returncode == 1
    assert "az login --tenant 22222222-2222-2222-2222-222222222222" in done.stderr
    assert not [call for call in machine.called() if call.startswith("bash")]


def test_nobody_signed_in(machine: Machine) -> None:
    done = machine.run("grant", FAILING="az")
    assert done.returncode == 1
    assert "Run: az login" in done.stderr


def test_a_script_that_fails(machine: Machine) -> None:
    done = machine.run("grant", FAILING="bash")
    assert done.returncode == 1
    assert "azd hooks run postprovision" in done.stderr


@pytest.mark.parametrize(("program", "hook"), [("az", "grant"), ("bash", "grant")])
def test_a_program_that_is_missing(machine: Machine, program: str, hook: str) -> None:
    (machine.bin / program).unlink()
    done = machine.run(hook)
    assert done.returncode == 1
    assert f"{program} is missing" in done.stderr


def test_on_windows_bash_is_the_one_of_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("cmd/git.exe", "bin/bash.exe"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / "cmd" / "git.exe") if name == "git" else "wsl")
    assert azd._bash() == str(tmp_path / "bin" / "bash.exe")
    (tmp_path / "bin" / "bash.exe").unlink()
    with pytest.raises(azd.HookError, match="install Git"):
        azd._bash()


@pytest.fixture
def released(tmp_path: Path) -> Path:
    path = tmp_path / "triage.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("function_app.py", "")
        zipped.writestr("triage/__pycache__/wire.cpython-313.pyc", "")
        zipped.writestr(".python_packages/lib/site-packages/six.py", "")
    return path


def test_what_azd_uploads_is_the_package(released: Path, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    (folder / "left-over").mkdir(parents=True)
    azd.unpack(released, folder)
    with zipfile.ZipFile(released) as zipped:
        wanted = {name: zipped.read(name) for name in zipped.namelist()}
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    # azd leaves .funcignore out, and without it every __pycache__.
    assert found == wanted | {".funcignore": b""}


def test_a_release_can_be_deployed(released: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRIAGE_PACKAGE", str(released))
    unpacked: list[Path] = []
    monkeypatch.setattr(azd, "unpack", unpacked.append)
    assert azd.main(["package"]) == 0
    assert unpacked == [released]
    monkeypatch.setenv("TRIAGE_PACKAGE", str(tmp_path / "nothing.zip"))
    assert azd.main(["package"]) == 1


def test_an_old_python_is_recognized(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(package, "OLDEST", (4, 0))
    assert azd.main(["prepare"]) == 1
    assert "Python 4.0 or newer is needed" in capsys.readouterr().err


def test_it_needs_no_package() -> None:
    """Cloud Shell's Python has none of ours."""
    code = "import sys; sys.path.insert(0, '.'); import tools.azd"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=package.ROOT, env=dict(os.environ), check=False)
    assert done.returncode == 0
