"""The OpenAPI description: everything in it has a description, and none of the names that pydantic makes up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from triage.api.filters import PARAMETERS
from triage.api.openapi import describe
from triage.api.problem_types import ProblemType
from triage.api.routes import ROUTES

DESCRIPTION = describe(ROUTES)
SCHEMAS = DESCRIPTION["components"]["schemas"]
PROPERTIES = [
    (f"{name}.{field}", schema) for name, one in SCHEMAS.items() for field, schema in one.get("properties", {}).items()
]
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


def described(schema: dict[str, Any]) -> bool:
    """Whether a schema says what it means, or one that it refers to does."""
    if "$ref" in schema:
        return "description" in schema or described(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    return "description" in schema or any(map(described, schema.get("anyOf", ())))


def test_every_schema_and_property_has_a_description() -> None:
    assert [name for name, schema in [*SCHEMAS.items(), *PROPERTIES] if not described(schema)] == []


def test_an_operation_has_one_of_the_tags_and_each_of_them_has_an_operation() -> None:
    tags = {tag["name"]: tag["description"] for tag in DESCRIPTION["tags"]}
    used = [tag for one in OPERATIONS for tag in one["tags"]]
    assert len(used) == len(OPERATIONS)
    assert list(dict.fromkeys(used)) == list(tags)
    assert all(re.fullmatch(r"[A-Z].+\.", text) for text in tags.values())


def test_the_servers_are_the_one_that_was_asked_and_a_function_app() -> None:
    here, app = DESCRIPTION["servers"]
    assert here["url"] == "/"
    assert app["url"].format(app=app["variables"]["app"]["default"]) == "https://my-triage.azurewebsites.net"


def test_formats() -> None:
    """Numbers, tenants and links say what they are."""
    formats = {"integer": {"int32", "int64"}, "number": {"double"}}
    for one in objects(DESCRIPTION):
        if (kind := str(one.get("type"))) in formats:
            assert one["format"] in formats[kind]
    wanted = {"tenantId": "uuid", "etdAppId": "uuid", "url": "uri", "nextLink": "uri"}
    for name, schema in PROPERTIES:
        field = name.rpartition(".")[2]
        if field in wanted or (field.endswith("At") and name != "Failure.occurredAt"):
            found = {one.get("format") for one in objects(schema)} - {None}
            assert found == {wanted.get(field, "date-time")}, name


def test_a_problem_says_what_each_of_its_types_means() -> None:
    kind = SCHEMAS["ProblemBody"]["properties"]["type"]
    assert kind["enum"] == [one.urn for one in ProblemType]
    for one in ProblemType:
        assert f"`{one.urn}` ({int(one.status)}): {one.meaning}" in kind["description"]


def test_the_parameters_are_those_of_the_table() -> None:
    described = [one for operation in OPERATIONS for one in operation.get("parameters", ()) if one["in"] == "query"]
    known = [(one.name, one.kind.schema, one.description) for one in PARAMETERS.values()]
    assert {one["name"] for one in described} == {name for name, *_ in known}
    for one in described:
        assert (one["name"], one["schema"], one["description"]) in known


def test_every_reference_has_a_schema() -> None:
    places = {one["$ref"] for one in objects(DESCRIPTION) if "$ref" in one}
    components = {kind: DESCRIPTION["components"][kind] for kind in ("schemas", "examples")}
    assert places == {f"#/components/{kind}/{name}" for kind, found in components.items() for name in found}
    references = {place.rpartition("/")[2] for place in places}
    assert {"Finding", "Audit", "RejectedEvent", "Failure", "ProblemBody"} <= references


def test_titles_are_the_names_of_models() -> None:
    titles = {one["title"] for one in objects(SCHEMAS) if isinstance(one.get("title"), str)}
    assert titles <= SCHEMAS.keys()


def test_times_are_date_times() -> None:
    finding = SCHEMAS["Finding"]["properties"]
    for name in ("occurredAt", "receivedAt", "triagedAt", "firstSeen", "lastSeen"):
        assert finding[name]["format"] == "date-time"
    assert SCHEMAS["Summary"]["properties"]["since"]["anyOf"][0]["format"] == "date-time"


def test_media_types_and_statuses() -> None:
    assert set(operation("get_findings")["responses"]["200"]["content"]) == {
        "application/json",
        "application/x-ndjson",
        "text/csv",
    }
    health = operation("get_health")
    assert set(health["responses"]) == {"200", "304", "503"}
    up, down = (health["responses"][status]["content"]["application/json"] for status in ("200", "503"))
    assert down["schema"] == up["schema"]
    assert health["security"] == []
    assert {"401", "403"} <= operation("get_findings")["responses"].keys()


def test_a_failure_needs_a_mailbox_an_error_and_a_message() -> None:
    body = operation("post_failures")["requestBody"]
    assert body["required"]
    one, many = body["content"]["application/json"]["schema"]["anyOf"]
    assert many["items"] == one == {"$ref": "#/components/schemas/Failure"}
    failure = SCHEMAS["Failure"]
    needed = [[choice["required"] for choice in group["anyOf"]] for group in failure["allOf"]]
    assert needed == [[["error"], ["errorCode"]], [["messageId"], ["internetMessageId"]], [["mailbox"], ["mailboxes"]]]
    assert {"mailboxes", "occurredAt"} <= failure["properties"].keys()
    assert not {"source", "raw"} & failure["properties"].keys()
