"""The examples of the OpenAPI description: each is what its schema and its model say. tests/e2e asks the service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import jsonschema_rs
import pytest
from pydantic import TypeAdapter

from triage.api.examples import examples
from triage.api.openapi import describe
from triage.api.problem_types import ProblemType
from triage.api.routes import ROUTES
from triage.api.schemas.page import Page
from triage.api.schemas.problems import ProblemBody
from triage.intake.body import read_body

Json = dict[str, Any]
DESCRIPTION = describe(ROUTES)
# What an incident says about its findings, which it does not have in it.
FROM_BOOKS = {"title", "actions"}


def contents() -> Iterator[tuple[str, str, Json]]:
    """Every body in JSON that the description has: its route, its status (or `request`), and what is said about it."""
    for route in ROUTES:
        operation = DESCRIPTION["paths"][f"/api/{route.path}"][route.method.lower()]
        bodies = {"request": operation["requestBody"]} if "requestBody" in operation else {}
        for status, body in (bodies | operation["responses"]).items():
            for media, content in body.get("content", {}).items():
                if media in ("application/json", "application/problem+json"):
                    yield route.name, status, content


CONTENTS = [one for one in contents() if one[:2] not in (("get_health", "503"), ("get_openapi", "200"))]


def values(content: Json) -> list[Any]:
    components = DESCRIPTION["components"]["examples"]
    found = content["examples"].values()
    return [(components[one["$ref"].rpartition("/")[2]] if "$ref" in one else one)["value"] for one in found]


@pytest.mark.parametrize("content", [one[2] for one in CONTENTS], ids=[" ".join(one[:2]) for one in CONTENTS])
def test_every_body_has_examples_and_they_are_valid(content: Json) -> None:
    schema = {**content["schema"], "components": DESCRIPTION["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert values(content)
    for value in values(content):
        validator.validate(value)


def models() -> Iterator[tuple[str, Any]]:
    """The model of each answer, by its name."""
    for route in ROUTES:
        item: Any = route.answer.item if isinstance(route.answer, Page) else route.answer
        if item is not None:
            model: Any = next(iter(get_args(item)), item)
            yield model.__name__, model


def test_example_answers_survive_a_round_trip_through_their_model() -> None:
    answers, shapes = examples()["answers"], dict(models())
    assert answers.keys() == shapes.keys()
    for name, value in answers.items():
        again = shapes[name].model_validate(value).model_dump(mode="json", by_alias=True, exclude_unset=True)
        unknown = FROM_BOOKS if name == "Incident" else set[str]()
        assert {**again, **{field: value[field] for field in unknown}} == value


def test_a_request_is_the_same_after_its_model() -> None:
    bodies = {route.name: route.body for route in ROUTES if route.body is not None}
    assert examples()["requests"].keys() == bodies.keys()
    for name, requests in examples()["requests"].items():
        for one in requests.values():
            assert re.fullmatch(r"[A-Z][^.]+", one["summary"])
            if name != "post_failures":
                model = TypeAdapter[Any](bodies[name].model)
                again = model.dump_python(
                    model.validate_python(one["value"]), mode="json", by_alias=True, exclude_unset=True
                )
                assert again == one["value"]


def test_failures_are_read_as_they_are() -> None:
    requests = examples()["requests"]["post_failures"]
    one, several = (read_body(json.dumps(requests[name]["value"]).encode()) for name in ("one", "several"))
    wire = one[0].failure.wire()
    assert {name: value for name, value in wire.items() if value} == requests["one"]["value"]
    assert [accepted.failure.mailbox for accepted in several] == [
        f"{name}@contoso.com" for name in ("ines", "jane", "milo")
    ]
    assert [accepted.failure.raw for accepted in (*one, *several)] == [{}] * 4


def test_a_problem_is_one_of_its_type() -> None:
    kinds = {kind.urn: kind for kind in ProblemType}
    names = [route.name for route in ROUTES]
    for one in examples()["problems"].values():
        value, kind = one["value"], kinds[one["value"]["type"]]
        assert (value["title"], value["status"]) == (kind.title, kind.status)
        assert ProblemBody.model_validate(value).model_dump(by_alias=True, exclude_unset=True) == value
        assert any(re.fullmatch(one["routes"], name) for name in names)
