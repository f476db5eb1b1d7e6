"""Azure's published types of the resources in infra/, and what of a resource does not fit them.

azure_types.json has them, small: of each object all names, and the types of those that the Bicep files set. After a
change of a resource, write it again from a clone of Azure/bicep-types-az:

    .venv/bin/python -m tests.infra.azure_types PATH
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.infra.bicep import FILES, Resource, every_resource, names_declared

FILE = Path(__file__).with_name("azure_types.json")
# Bicep's own, which no type has.
_BICEP = {"parent", "scope", "dependsOn"}
# Their properties are not in the published types (infra/app/function.bicep says where they are from).
UNTYPED = {"Microsoft.Web/sites/extensions"}
_REQUIRED, _READ_ONLY = 1, 2

Type = dict[str, Any]


@cache
def types() -> dict[str, Type]:
    """The types by `type@version`."""
    return json.loads(FILE.read_text(encoding="utf-8"))["types"]


def problems(one: Resource) -> list[str]:
    """What of a resource does not fit its type, each with its place."""
    own = {name: value for name, value in one.config.items() if name not in _BICEP}
    (path,) = [path for path in FILES if path.name == one.file]
    symbols = names_declared(path) | one.loop
    return list(_problems(types()[f"{one.type}@{one.version}"], own, one.name, symbols))


def _problems(kind: Type, value: Any, place: str, symbols: set[str]) -> Iterator[str]:
    for each in _values(value):
        if isinstance(each, dict):
            yield from _object_problems(kind, each, place, symbols)
        elif isinstance(each, list):
            if kind["is"] not in ("array", "any"):
                yield f"{place}: a list, not {kind['is']}"
            elif "items" in kind:
                for item in each:
                    yield from _problems(kind["items"], item, f"{place}[]", symbols)
        elif each is not None and not (isinstance(each, str) and (each in symbols or "${" in each)):
            found = {bool: "bool", int: "int", str: "string"}[type(each)]
            wanted = "string" if "values" in kind else kind["is"]
            if wanted not in (found, "any"):
                yield f"{place}: {found}, not {wanted}"
            elif each not in kind.get("values", [each]):
                yield f"{place}: {each!r} is none of {', '.join(kind['values'])}"


def _object_problems(kind: Type, value: dict[str, Any], place: str, symbols: set[str]) -> Iterator[str]:
    own = {name.strip("'"): one for name, one in value.items()}
    if kind["is"] not in ("object", "any"):
        yield f"{place}: an object, not {kind['is']}"
    if "by" in kind:
        kind = kind["kinds"].get(own.get(kind["by"]), {"is": "object", "names": {}})
    names = kind.get("names")
    if names is None:
        return
    for name, one in own.items():
        if name in names:
            if "readOnly" in names[name]:
                yield f"{place}.{name}: can only be read"
            elif "type" in names[name]:
                yield from _problems(names[name]["type"], one, f"{place}.{name}", symbols)
            else:
                yield f"{place}.{name}: azure_types.json does not have its type: write it again"
        elif not kind.get("open"):
            yield f"{place}.{name}: there is no such property"
    missing = [
        name for name, one in names.items() if one.get("required") and not one.get("readOnly") and name not in own
    ]
    yield from (f"{place}.{name}: is missing" for name in missing)


def _values(value: Any) -> Iterator[Any]:
    """What a value can be: both branches of a condition, the items of a loop. What is worked out is nothing."""
    if not isinstance(value, dict):
        yield value
    elif "loop_type" in value:
        yield [value["config"]]
    elif value.keys() == {"operator"}:
        if value["operator"]["type"] == "conditional":
            for branch in ("true_value", "false_value"):
                yield from _values(value["operator"]["operands"][branch])
    elif value.keys() != {"function"}:
        yield value


# Writing the file


def used(resources: list[Resource]) -> dict[str, list[dict[str, Any]]]:
    """What the Bicep files set of each `type@version`."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in resources:
        if not one.existing and one.type not in UNTYPED:
            found.setdefault(f"{one.type}@{one.version}", []).append(one.config)
    return found


class _Published:
    """One file of Azure/bicep-types-az, cut down to what is used."""

    def __init__(self, text: str) -> None:
        self._all: list[dict[str, Any]] = json.loads(text)

    def resource(self, name: str, values: list[Any]) -> Type | None:
        for one in self._all:
            if one["$type"] == "ResourceType" and one["name"].lower() == name.lower():
                return self._small(one["body"], values)
        return None

    def _small(self, reference: dict[str, str], values: list[Any]) -> Type:
        one = self._all[int(reference["$ref"].partition("#/")[2])]
        match one["$type"]:
            case "ObjectType":
                return self._object(one, one["properties"], values)
            case "DiscriminatedObjectType":
                kinds = {
                    name: self._object(inner, inner["properties"] | one["baseProperties"], values)
                    for name, ref in one["elements"].items()
                    for inner in [self._all[int(ref["$ref"].partition("#/")[2])]]
                    if any(name == value.get(one["discriminator"]) for value in values)
                }
                return {"is": "object", "by": one["discriminator"], "kinds": kinds}
            case "ArrayType":
                items = [item for value in values if isinstance(value, list) for item in value]
                return {"is": "array", "items": self._small(one["itemType"], _all_of(items))}
            case "UnionType":
                return self._union([self._small(element, values) for element in one["elements"]])
            case "StringLiteralType":
                return {"is": "string", "values": [one["value"]]}
            case kind:
                return {"is": {"StringType": "string", "IntegerType": "int", "BooleanType": "bool"}.get(kind, "any")}

    def _object(self, one: dict[str, Any], properties: dict[str, Any], values: list[Any]) -> Type:
        names = {}
        for name, each in sorted(properties.items()):
            set_to = [
                value[key] for value in values if isinstance(value, dict) for key in value if key.strip("'") == name
            ]
            read_only = each["flags"] & _READ_ONLY and not each["flags"] & _REQUIRED
            names[name] = {
                **({"required": True} if each["flags"] & _REQUIRED and name not in ("type", "apiVersion") else {}),
                **({"readOnly": True} if read_only else {}),
                **({"type": self._small(each["type"], _all_of(set_to))} if set_to else {}),
            }
        return {"is": "object", "names": names, **({"open": True} if "additionalProperties" in one else {})}

    def _union(self, kinds: list[Type]) -> Type:
        if all("values" in kind for kind in kinds):
            return {"is": "string", "values": sorted(value for kind in kinds for value in kind["values"])}
        bases = {kind["is"] for kind in kinds}
        return {"is": bases.pop() if len(bases) == 1 else "any"}  # known words, and any other text


def _all_of(values: list[Any]) -> list[Any]:
    return [one for value in values for one in _values(value)]


def write(clone: Path) -> None:
    """Writes azure_types.json from a clone."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(clone), *arguments], check=True, capture_output=True, text=True).stdout

    paths = git("ls-tree", "-r", "--name-only", "HEAD", "generated").split()
    found: dict[str, Type] = {}
    for name, values in sorted(used(every_resource()).items()):
        provider, version = name.partition("/")[0].lower(), name.rpartition("@")[2]
        for path in (one for one in paths if re.search(rf"/{re.escape(provider)}/{version}/types\.json$", one)):
            if small := _Published(git("show", f"HEAD:{path}")).resource(name, values):
                found[name] = small
    commit = git("log", "-1", "--format=%h of %cs").strip()
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(one, separators=(',', ':'))}" for name, one in found.items())
    FILE.write_text(f'{{"from": "Azure/bicep-types-az {commit}", "types": {{\n{lines}\n}}}}\n', encoding="utf-8")
    missing = used(every_resource()).keys() - found.keys()
    if missing:
        sys.exit(f"not found: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(str(__doc__)))
