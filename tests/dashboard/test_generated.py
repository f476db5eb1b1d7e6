"""The generated parts of the dashboard's source are what the service says."""

from __future__ import annotations

import pytest

from tools.dashboard import stale
from tools.dashboard.wire import type_of


def test_the_generated_modules_are_not_stale() -> None:
    assert not [path.name for path in stale()], "run make page"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "number | null"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "(string | null)[]"),
        ({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Check"}}, "Record<string, Check>"),
        ({"type": "string", "enum": ["ok", "down"]}, '"ok" | "down"'),
    ],
)
def test_a_schema_becomes_a_type(schema: dict[str, object], expected: str) -> None:
    assert type_of(schema) == expected


def test_a_schema_without_a_type_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no TypeScript type for .*prefixItems"):
        type_of({"type": "array", "prefixItems": [{"type": "string"}]})
