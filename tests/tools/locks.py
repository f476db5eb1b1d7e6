"""Reads a lock file as pip does: which releases it installs where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import package

Environment = dict[str, str]


def environment(python: str, platform: str) -> Environment:
    """The environment markers of CPython of a version, such as 3.13, on `linux` or `darwin`."""
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_version": f"{python}.0",
        "sys_platform": platform,
        "os_name": "posix",
        "platform_system": {"linux": "Linux", "darwin": "Darwin"}[platform],
        "platform_machine": "x86_64",
    }


def deployed_environment() -> Environment:
    """That of the function app."""
    return environment(".".join(map(str, package.PYTHON)), "linux")


def entries(lock: Path) -> Iterator[tuple[Requirement, list[str]]]:
    """Each requirement of the file, with its hashes: `sha256:...`."""
    for line in lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            text, *hashes = line.split(" --hash=")
            yield Requirement(text), [one.strip() for one in hashes]


def requirements(path: Path) -> Iterator[Requirement]:
    """The requirements of a file and of those that it includes."""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            yield from requirements(path.parent / text.removeprefix("-r "))
        elif text:
            yield Requirement(text)


def applies(requirement: Requirement, where: Environment) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(where)


def pins(lock: Path, where: Environment) -> dict[str, str]:
    """The version of each package that the lock installs in an environment, by its normalized name."""
    found: dict[str, str] = {}
    for requirement, _ in entries(lock):
        if applies(requirement, where):
            name = canonicalize_name(requirement.name)
            (version,) = requirement.specifier
            assert version.operator == "==" and name not in found, requirement
            found[name] = version.version
    return found
