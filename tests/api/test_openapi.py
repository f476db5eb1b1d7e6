"""The OpenAPI description: everything in it has a description, and none of the names that pydantic makes up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from triage.api.filters import PARAMETERS
from triage.api.openapi import describe
from triage.api.routes import ROUTES

DESCRIPTION = describe(ROUTES)
OPERATIONS = [operation for path in DESCRIPTION["paths"].values() for operation in path.values()]


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects(item)


def operation(name: str) -> dict[str, Any]:
    return next(one for one in OPERATIONS if one["operationId"] == name)


@pytest.mark.parametrize("one", OPERATIONS, ids=[one["operationId"] for one in OPERATIONS])
def test_an_operation_describes_itself_and_its_parts(one: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Z][^.]+", one["summary"])
    assert one["description"].endswith(".")
    for part in (*one.get("parameters", ()), *one["responses"].values()):
        assert part["description"]


def test_the_parameters_are_those_of_the_table() -> None:
    described = [one for operation in OPERATIONS for one in operation.get("parameters", ()) if one["in"] == "query"]
    known = [(one.name, one.kind.schema, one.description) for one in PARAMETERS.values()]
    assert {one["name"] for one in described} == {name for name, *_ in known}
    for one in described:
        assert (one["name"], one["schema"], one["description"]) in known


def test_every_reference_has_a_schema() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    references = {one["$ref"].rpartition("/")[2] for one in objects(DESCRIPTION) if "$ref" in one}
    assert references <= schemas.keys()
    assert {"Finding", "Audit", "RejectedEvent", "Failure", "ProblemBody"} <= references


def test_titles_are_the_names_of_models() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    titles = {one["title"] for one in objects(schemas) if isinstance(one.get("title"), str)}
    assert titles <= schemas.keys()


def test_times_are_date_times() -> None:
    finding = DESCRIPTION["components"]["schemas"]["Finding"]["properties"]
    for name in ("occurredAt", "receivedAt", "triagedAt", "firstSeen", "lastSeen"):
        assert finding[name]["format"] == "date-time"
    assert DESCRIPTION["components"]["schemas"]["Summary"]["properties"]["since"]["anyOf"][0]["format"] == "date-time"


def test_media_types_and_statuses() -> None:
    assert set(operation("get_findings")["responses"]["200"]["content"]) == {
        "application/json",
        "application/x-ndjson",
        "text/csv",
    }
    health = operation("get_health")
    assert set(health["responses"]) == {"200", "304", "503"}
    assert health["responses"]["503"]["content"] == health["responses"]["200"]["content"]
    assert health["security"] == []
    assert {"401", "403"} <= operation("get_findings")["responses"].keys()


def test_a_failure_needs_a_mailbox_an_error_and_a_message() -> None:
    body = operation("post_failures")["requestBody"]
    assert body["required"]
    one, many = body["content"]["application/json"]["schema"]["anyOf"]
    assert many["items"] == one == {"$ref": "#/components/schemas/Failure"}
    failure = DESCRIPTION["components"]["schemas"]["Failure"]
    needed = [[choice["required"] for choice in group["anyOf"]] for group in failure["allOf"]]
    assert needed == [[["error"], ["errorCode"]], [["messageId"], ["internetMessageId"]], [["mailbox"], ["mailboxes"]]]
    assert {"mailboxes", "occurredAt"} <= failure["properties"].keys()
    assert not {"source", "raw"} & failure["properties"].keys()
