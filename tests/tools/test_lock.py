"""The lock files: they have what the requirements ask for, by hash, and what is tested is what is deployed."""

from __future__ import annotations

import re
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from tests.tools.locks import Environment, applies, deployed_environment, entries, environment, pins, requirements
from tools.lock import DEV_LOCK, OLDEST_PYTHON
from tools.package import LOCK, ROOT

PYTHONS = ("3.11", "3.12", "3.13")
DEVELOPERS = [environment(python, platform) for python in PYTHONS for platform in ("linux", "darwin")]
CASES = [(LOCK, deployed_environment()), *((DEV_LOCK, where) for where in DEVELOPERS)]
LOCKS = pytest.mark.parametrize("lock", [LOCK, DEV_LOCK], ids=lambda path: path.name)


@pytest.mark.parametrize(
    ("lock", "where"),
    CASES,
    ids=[f"{lock.name}-{where['python_version']}-{where['sys_platform']}" for lock, where in CASES],
)
def test_a_lock_has_what_the_requirements_ask_for(lock: Path, where: Environment) -> None:
    locked = pins(lock, where)
    asked = [one for one in requirements(lock.with_suffix(".txt")) if applies(one, where)]
    assert asked
    for requirement in asked:
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), (
            f"{requirement}: run make lock"
        )


@LOCKS
def test_each_release_is_known_by_its_hashes(lock: Path) -> None:
    for requirement, hashes in entries(lock):
        assert hashes and all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in hashes), requirement


@LOCKS
def test_a_lock_names_no_package_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"://|^ *-(?!-hash=sha256:)", text, re.MULTILINE)


def test_what_is_deployed_is_what_is_tested() -> None:
    """Each deployed release is also the one that the tests use on the function app's Python."""
    assert pins(LOCK, deployed_environment()).items() <= pins(DEV_LOCK, deployed_environment()).items()


def test_what_is_installed_here_is_the_lock() -> None:
    installed = {canonicalize_name(one.name): one.version for one in distributions()}
    locked = pins(DEV_LOCK, {name: str(value) for name, value in default_environment().items()})
    assert {name: installed.get(name) for name in locked} == locked, "run make setup"


def test_the_oldest_python_is_the_projects() -> None:
    assert f'requires-python = ">={OLDEST_PYTHON}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
