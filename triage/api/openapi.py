"""`/api/openapi.json`: the OpenAPI 3.1 description, made from the routes, their handlers' docstrings and their models."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

import azure.functions as func
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from triage.api.access import Caller
from triage.api.examples import of_answer, of_problem, of_request
from triage.api.filters import PARAMETERS
from triage.api.responses import endpoint, json_response
from triage.api.route import Endpoint, Route
from triage.api.schemas.page import Page
from triage.api.schemas.problems import ProblemBody
from triage.operations.services import Services

_PROBLEMS = {
    400: "The request is wrong. Each entry of `errors` names a place and says what is wrong there.",
    404: "There is no such resource, or it belongs to a tenant that the caller may not see.",
    409: "The state of the resource does not allow it.",
    413: "The request is too large.",
    502: "The other service did not accept it. `detail` has its answer.",
    503: "Storage cannot be reached, or the request took too long. Try again after `Retry-After`.",
}
# With function keys the platform answers these itself, without a body.
_REFUSED = {
    "401": {"description": "There is no valid function key, or nobody is signed in."},
    "403": {"description": "The caller does not have the app role, or not for this tenant."},
}
_UNCHANGED = {"304": {"description": "The answer is the one whose ETag the request has in `If-None-Match`."}}

# One for each kind of resource: the first part of the path, its tag, and what it is about.
_TAGS = {
    "failures": ("Failures", "Send failures."),
    "findings": ("Findings", "Why each failure happened, whether the message can still be opened, and what to do."),
    "exposures": ("Exposures", "The messages that can still be opened."),
    "incidents": ("Incidents", "What must be fixed or decided, however many failures it caused."),
    "audits": ("Audits", "What Email Threat Defense's app needs in each tenant, and what it has been granted."),
    "coverage": ("Coverage", "The mailboxes in which a remediation would fail today."),
    "feeds": ("Feeds", "The failures that the service finds by itself, from Email Threat Defense's API."),
    "tenants": ("Tenants", "The tenants that the service is set up for."),
    "summary": ("Summary", "Findings in numbers."),
    "rejected": ("Rejected events", "What was sent as a failure, but could not be read."),
    "notifications": ("Notifications", "What was sent to the channels."),
    "health": ("Health", "Whether the service works."),
    "openapi.json": ("Description", "This description."),
    "dashboard": ("Dashboard", "The web page."),
}
_SERVERS = [
    {"url": "/", "description": "Where this description was read"},
    {
        "url": "https://{app}.azurewebsites.net",
        "description": "The function app in Azure",
        "variables": {"app": {"default": "my-triage", "description": "What its default domain begins with"}},
    },
]

Json = dict[str, Any]


def description_of(routes: Callable[[], tuple[Route, ...]]) -> Endpoint:
    """The handler that describes these routes, which can include its own."""

    @endpoint
    async def get(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
        """The description of the API, in OpenAPI 3.1."""
        return json_response(describe(routes()))

    return get


@cache
def describe(routes: tuple[Route, ...]) -> Json:
    """The OpenAPI 3.1 description of these routes."""
    components: Json = {"schemas": {}, "examples": {}}
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(f"/api/{route.path}", {})[route.method.lower()] = _operation(route, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Triage of Email Threat Defense remediation failures",
            "version": "1.0.0",
            "description": "Why a remediation failed, whether the message can still be opened, and what to do.",
        },
        "servers": _SERVERS,
        "tags": [{"name": name, "description": text} for name, text in _TAGS.values()],
        "paths": paths,
        "components": {
            **components,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-functions-key"}},
        },
        "security": [{"key": []}],
    }


def _operation(route: Route, components: Json) -> Json:
    parameters = [
        _parameter("path", part[1:-1], {"type": "string"}, "The resource's ID", required=True)
        for part in route.path.split("/")
        if part.startswith("{")
    ]
    parameters += [
        _parameter("query", one.name, one.kind.schema, one.description)
        for one in map(PARAMETERS.__getitem__, route.query)
    ]
    operation: Json = {
        "operationId": route.name,
        "tags": [_TAGS[route.path.split("/")[0]][0]],
        "summary": route.summary,
        "description": inspect.getdoc(route.handler),
        "responses": _responses(route, components),
    }
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content = {
            "schema": _schema(route.body.model, components["schemas"], "validation"),
            "examples": of_request(route),
        }
        operation["requestBody"] = {
            "description": route.body.description,
            "required": route.body.required,
            "content": {"application/json": content},
        }
    if route.anonymous:
        operation["security"] = []
    return operation


def _responses(route: Route, components: Json) -> Json:
    content: Json = {media: {"schema": {"type": "string"}} for media in route.media}
    if route.answer is not None:
        content["application/json"] = _media(route.answer, of_answer(route.answer), components)
    success = {"content": content} if content else {}
    responses: Json = {str(route.status): {"description": HTTPStatus(route.status).phrase, **success}}
    for status, text in route.statuses:  # the example is not one of these
        schemas = {media: {"schema": one["schema"]} for media, one in content.items()}
        responses[str(status)] = {"description": text, "content": schemas}
    for status in route.problems:
        problem = {"application/problem+json": _media(ProblemBody, of_problem(route, status), components)}
        responses[str(status)] = {"description": _PROBLEMS[status], "content": problem}
    if route.method == "GET":
        responses |= _UNCHANGED
    return responses if route.anonymous else {**responses, **_REFUSED}


def _media(shape: Any, examples: Json, components: Json) -> Json:
    """The schema and the examples of an answer; what they refer to goes into `components`."""
    components["examples"].update(examples)
    references = {name: {"$ref": f"#/components/examples/{name}"} for name in examples}
    return {"schema": _schema(shape, components["schemas"], "serialization"), "examples": references}


def _parameter(place: str, name: str, schema: Json, text: str, *, required: bool = False) -> Json:
    parameter = {"name": name, "in": place, "required": required, "description": text, "schema": schema}
    # Several values are separated by commas.
    return parameter | ({"style": "form", "explode": False} if schema["type"] == "array" else {})


class _Generator(GenerateJsonSchema):
    """Without the titles that pydantic makes from the names of fields, such as "Occurredat", and with formats of numbers."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No field has a title."""
        return False

    def int_schema(self, schema: Any) -> Json:
        """An integer."""
        return {**super().int_schema(schema), "format": "int64"}

    def float_schema(self, schema: Any) -> Json:
        """A number."""
        return {**super().float_schema(schema), "format": "double"}


def _schema(shape: Any, schemas: Json, mode: Literal["validation", "serialization"]) -> Json:
    """The schema of a model, a union or a page. The models in it go into `schemas`."""
    if isinstance(shape, Page):
        items = _schema(shape.item, schemas, mode)
        value = {"type": "array", "items": items, "description": "The items of this page."}
        link = {"type": "string", "format": "uri", "description": "The URL of the next page, if there is one."}
        page = {"value": value, "nextLink": link}
        return {"type": "object", "required": ["value"], "properties": page}
    template = "#/components/schemas/{model}"
    schema = TypeAdapter(shape).json_schema(mode=mode, ref_template=template, schema_generator=_Generator)
    schemas.update(schema.pop("$defs", {}))
    if not isinstance(shape, type):
        return schema
    schemas[shape.__name__] = schema
    return {"$ref": template.format(model=shape.__name__)}
