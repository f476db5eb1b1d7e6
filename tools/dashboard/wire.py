"""wire.ts: the shapes of the API's responses as TypeScript, from the OpenAPI description that the service gives.

An object becomes an interface and an enumeration a union type, with its values as `<NAME>_VALUES`. A page of a
collection becomes `Page<T>`, whatever its items are. Descriptions are left out, so that editing one does not make the
module stale. So are the causes: for the page, one is a text with a title.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from triage.api.openapi import describe
from triage.api.routes import ROUTES

Schema = dict[str, Any]

_HEADER = "// Generated from the service's OpenAPI description: make page. Do not edit.\n"
_REF = "#/components/schemas/"
_TEXTS = ("Cause",)
_PRIMITIVES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def module() -> str:
    """The source of wire.ts."""
    description = describe(ROUTES)
    schemas: dict[str, Schema] = description["components"]["schemas"]
    responses = list(_responses(description))
    pages = {json.dumps(_page(schema)) for schema in responses if "$ref" not in schema}
    if len(pages) != 1:
        raise ValueError(f"pages of collections differ: {pages}")
    parts = [_interface("Page<T>", json.loads(pages.pop()))]
    parts += [_declaration(name, schemas[name]) for name in sorted(_reachable(responses, schemas))]
    return _HEADER + "\n" + "\n".join(parts)


def _responses(description: Schema) -> Iterator[Schema]:
    """The schema of every JSON response, problems included."""
    for operations in description["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                for media, content in response.get("content", {}).items():
                    if media.endswith("json") and "x-ndjson" not in media:
                        yield content["schema"]


def _page(schema: Schema) -> Schema:
    """The schema of a page with `T` for its items. KeyError if it is not a page."""
    value = {"type": "array", "items": {"$ref": f"{_REF}T"}}
    return {**schema, "properties": {**schema["properties"], "value": value}}


def _reachable(found: list[Schema], schemas: dict[str, Schema]) -> set[str]:
    """The names of the schemas that these refer to, directly or through others."""
    names: set[str] = set()
    waiting = _references(found)
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting |= _references(schemas[name])
    return names


def _references(value: Any) -> set[str]:
    return set(re.findall(rf'"\$ref": "{_REF}(\w+)"', json.dumps(value)))


def _declaration(name: str, schema: Schema) -> str:
    if name in _TEXTS:
        return f"export type {name} = string;\n"
    if "enum" not in schema:
        return _interface(name, schema)
    constant = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper() + "_VALUES"
    values = "".join(f"  {json.dumps(value)},\n" for value in schema["enum"])
    return f"export type {name} = (typeof {constant})[number];\nexport const {constant} = [\n{values}] as const;\n"


def _interface(name: str, schema: Schema) -> str:
    required = schema.get("required", ())
    fields = schema["properties"].items()
    lines = [f"  {field}{'' if field in required else '?'}: {type_of(of)};" for field, of in fields]
    return "\n".join([f"export interface {name} {{", *lines, "}"]) + "\n"


def type_of(schema: Schema) -> str:
    """A schema as a TypeScript type. ValueError if it has a form that no response of the service has had so far."""
    match schema:
        case {"$ref": str(reference)}:
            return reference.removeprefix(_REF)
        case {"anyOf": [*choices]}:
            return " | ".join(map(type_of, choices))
        case {"enum": [*values]}:
            return " | ".join(map(json.dumps, values))
        case {"const": value}:
            return json.dumps(value)
        case {"type": "array", "items": items}:
            inner = type_of(items)
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"Record<string, {type_of(values)}>"
        case {"type": "object", "additionalProperties": True}:
            return "Record<string, unknown>"
        case {"type": str(kind)} if kind in _PRIMITIVES:
            return _PRIMITIVES[kind]
        case _:
            raise ValueError(f"no TypeScript type for {schema}")
