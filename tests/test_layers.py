"""The layers hold: nothing imports what stands above it, and no files import each other in a circle.

Every import counts, also one inside a function or under `TYPE_CHECKING`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# The rooms of a package, lowest first. Rooms on one line may import each other; a file may import its own room.
LADDERS = {
    "triage": (
        "wire addresses amounts problems deadlines retry_after settings",
        "telemetry",
        "intake etd",
        "graph",
        "diagnosis",
        "finding audit coverage",
        "incidents",
        "feeds",
        "notifications",
        "storage",
        "operations",
        "api",
        "cli",
        "__main__",
    ),
    "sandbox": ("processes client faults", "azurite", "tenant host", "etd receiver", "stack", "demo", "__main__"),
    "sandbox.tenant": ("errors", "odata", "world", "serve", "cli"),
}
# What is deployed, what runs beside it, and what looks at both. Nothing imports a package that is not named here.
MAY_IMPORT = {
    "triage": {"triage"},
    "sandbox": {"sandbox"},
    "tools": {"tools", "triage"},
    "benchmarks": {"benchmarks", "sandbox", "triage"},
}
MOST_LOOSE = 8


def modules(package: str) -> dict[str, Path]:
    """The modules of a package, by their dotted names; a package goes by its own name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = {name: path for package in MAY_IMPORT for name, path in modules(package).items()}


def imports(path: Path) -> Iterator[str]:
    """The modules of this repository that a file imports. `from a import b` is `a.b` where that is a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else str(node.module) for name in full]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in {*MAY_IMPORT, "tests"})


@cache
def imported() -> dict[str, set[str]]:
    return {name: set(imports(path)) for name, path in MODULES.items()}


def room(package: str, module: str) -> str:
    return module.removeprefix(f"{package}.").split(".")[0]


@pytest.mark.parametrize("package", LADDERS)
def test_no_room_imports_one_above_it(package: str) -> None:
    floors = {name: floor for floor, names in enumerate(LADDERS[package]) for name in names.split()}
    members = [name for name in MODULES if name.startswith(f"{package}.")]
    assert {room(package, name) for name in members} == floors.keys(), f"say where each room of {package} stands"
    climbs = [
        f"{name} imports {other}"
        for name in members
        for other in imported()[name]
        if other.startswith(f"{package}.") and floors[room(package, other)] > floors[room(package, name)]
    ]
    assert not climbs


def test_no_files_import_each_other() -> None:
    try:
        TopologicalSorter(imported()).prepare()
    except CycleError as error:
        steps = [f"{importer} imports {imported}" for imported, importer in pairwise(error.args[1])]
        pytest.fail(f"a circle: {', '.join(steps)}")


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_they_may(package: str) -> None:
    strangers = {
        f"{name} imports {other}"
        for name in modules(package)
        for other in imported()[name]
        if other.split(".")[0] not in MAY_IMPORT[package]
    }
    assert not strangers


def test_few_modules_stand_loose() -> None:
    loose = [path.name for path in (ROOT / "triage").glob("*.py") if not path.name.startswith("__")]
    assert len(loose) <= MOST_LOOSE, f"find a room for some of {sorted(loose)}"


def test_every_room_has_its_tests() -> None:
    def rooms(package: str) -> set[str]:
        return {path.name for path in (ROOT / package).iterdir() if path.is_dir() and not path.name.startswith("__")}

    assert rooms("triage") <= rooms("tests")
    loose = {path.name for path in (ROOT / "triage").glob("*.py") if not path.name.startswith("__")}
    assert {path.name for path in (ROOT / "tests").glob("test_*.py")} - {f"test_{name}" for name in loose} == {
        "test_docs.py",
        "test_generated_docs.py",
        "test_layers.py",
    }
