"""The Bicep files as pycep-parser reads them. It keeps no difference between 'text' and a symbol's name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pycep

ROOT = Path(__file__).parent.parent.parent
INFRA = ROOT / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))


@dataclass(frozen=True)
class Resource:
    """A resource: its properties without loop and condition. `loop` is the names that a loop brings."""

    file: str
    name: str
    type: str
    version: str
    existing: bool
    config: dict[str, Any]
    condition: Any = None
    loop: frozenset[str] = field(default=frozenset())


parser = cache(pycep.BicepParser)  # it reads its grammar first, which takes longer than to read a file


@cache
def parsed(path: Path) -> dict[str, Any]:
    """One file; an error where it is no Bicep."""
    return parser().parse(text=path.read_text(encoding="utf-8"))


def resources(path: Path) -> list[Resource]:
    found = []
    for name, one in parsed(path).get("resources", {}).items():
        config, condition, loop = _unwrapped(one["config"])
        found.append(
            Resource(path.name, name, one["type"], one["api_version"], one["existing"], config, condition, loop)
        )
    return found


def every_resource() -> list[Resource]:
    return [one for path in FILES for one in resources(path)]


def resource(file: str, name: str) -> Resource:
    (found,) = [one for one in every_resource() if one.file == file and one.name == name]
    return found


def modules(path: Path) -> dict[str, tuple[Path, dict[str, Any], Any]]:
    """A file's modules: the file that each names, its parameters, its condition."""
    found = {}
    for name, one in parsed(path).get("modules", {}).items():
        config, condition, _ = _unwrapped(one["config"])
        found[name] = (path.parent / one["detail"]["path"], config["params"], condition)
    return found


def variable(file: str, name: str) -> Any:
    (path,) = [path for path in FILES if path.name == file]
    return parsed(path)["variables"][name]["value"]


def parameters(path: Path) -> dict[str, dict[str, Any]]:
    return parsed(path).get("parameters", {})


def decorators(parameter: dict[str, Any]) -> dict[str, Any]:
    return {one["type"]: one.get("argument") for one in parameter["decorators"]}


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """An object's keys without the quotes that some are written with."""
    return {key.strip("'"): one for key, one in value.items()}


KEYWORDS = frozenset(
    [
        "targetScope",
        "param",
        "var",
        "resource",
        "module",
        "output",
        "existing",
        "for",
        "in",
        "if",
        "null",
        "true",
        "false",
        "string",
        "int",
        "bool",
        "object",
        "array",
    ]
)


def code(path: Path) -> str:
    """A file without its comments and texts, but with what is interpolated in them."""
    text = re.sub(r"'''.*?'''", "''", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"(?m)^\s*(//|#disable).*$|\s//.*$", "", text)
    literal = r"'((?:[^'\\]|\\.)*)'"
    return re.sub(literal, lambda found: " ".join(re.findall(r"\$\{([^}]*)\}", _inner(found[1]))) or "''", text)


def _inner(text: str) -> str:
    """An interpolation may hold a text of its own."""
    return re.sub(r"'[^']*'", "''", text)


def names_used(path: Path) -> set[str]:
    """Symbols that a file refers to: no properties, keys or functions."""
    found = re.findall(r"(?<![\w.@])([A-Za-z_]\w*)\b(?!:|\()", code(path))
    return set(found) - KEYWORDS


def functions_used(path: Path) -> set[str]:
    return set(re.findall(r"(?<![\w.@])([A-Za-z_]\w*)\(", code(path))) - KEYWORDS


def names_declared(path: Path) -> set[str]:
    text = code(path)
    declared = re.findall(r"(?m)^(?:param|var|resource|module|output)\s+(\w+)", text)
    lambdas = re.findall(r"\b(\w+)\s*=>", text)
    loops = re.findall(r"\bfor\s+\(?(\w+)(?:,\s*(\w+)\))?\s+in\b", text)
    return {*declared, *lambdas, *(name for loop in loops for name in loop if name)}


def _unwrapped(config: dict[str, Any]) -> tuple[dict[str, Any], Any, frozenset[str]]:
    condition, loop = None, frozenset[str]()
    while "config" in config and set(config) <= {"config", "condition", "loop_type", "depends_on"}:
        condition = config.get("condition") or condition
        if "loop_type" in config:
            detail = config["loop_type"]["detail"]
            loop |= {detail[key] for key in ("item_name", "index_name") if detail.get(key)}
        config = config["config"]
    return config, condition, loop
