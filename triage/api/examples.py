"""The examples in the OpenAPI description: what the service takes and answers in the sandbox, from examples.json.

`requests` has the bodies of each route by its name, `answers` a value for each model, and `problems` a body for each type
of problem, with a pattern of the names of the routes that answer it. Long lists are cut to a few items.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from triage.api.route import Route
from triage.api.schemas.page import Page

Json = dict[str, Any]


@cache
def examples() -> Json:
    """The content of examples.json."""
    return json.loads(files("triage.api").joinpath("examples.json").read_text(encoding="utf-8"))


def of_request(route: Route) -> Json:
    """The examples of a route's body."""
    return examples()["requests"][route.name]


def of_answer(answer: Any) -> Json:
    """The example of an answer, by its name."""
    if not isinstance(answer, Page):
        return {answer.__name__: {"value": examples()["answers"][answer.__name__]}}
    item: Any = next(iter(get_args(answer.item)), answer.item)
    return {f"{item.__name__}Page": {"value": {"value": [examples()["answers"][item.__name__]]}}}


def of_problem(route: Route, status: int) -> Json:
    """The examples of a route's problems with this status, by the end of their types."""
    return {
        name: {"value": one["value"]}
        for name, one in examples()["problems"].items()
        if one["value"]["status"] == status and re.fullmatch(one["routes"], route.name)
    }
