"""`/api/openapi.json`: the description of the routes, made from their table and the models that they answer with."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from triage.api.queries import MAX_TOP, READERS
from triage.api.schemas import Page, ProblemBody
from triage.audit.model import Verdict
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario

if TYPE_CHECKING:
    from triage.api.routes import Route

_REF = "#/components/schemas/{model}"

# An address as it is mostly written; a display name, blanks and a Unicode domain are taken as well.
_ADDRESS = r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\.){1,3}[a-z]{2,20}$"
_INSTANT = {"type": "string", "format": "date-time"}
_GUID = {"type": "string", "format": "uuid"}


def _words(values: Any) -> dict[str, Any]:
    return {"type": "string", "enum": [str(value) for value in values]}


PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "tenantId": (_GUID, "Of this tenant only"),
    "scenario": (_words(Scenario), "What Email Threat Defense said"),
    "cause": (_words(Cause), "Why it failed"),
    "severity": (_words(Severity), "How much it matters"),
    "confidence": (_words(Confidence), "How sure the cause is"),
    "mailbox": ({"type": "string", "format": "email"}, "In this mailbox only"),
    "exposed": (_words(("true", "false", "null")), "Whether the message can still be opened; null: not known"),
    "verdict": (_words(Verdict), "How the app was"),
    "since": (_INSTANT, "From this instant on"),
    "until": (_INSTANT, "Up to this instant"),
    "top": ({"type": "integer", "minimum": 1, "maximum": MAX_TOP, "default": 100}, "How many at the most"),
    "format": (_words(("json", "csv", "ocsf")), "How they are written"),
}
# A parameter that is read is described, and the other way round; the token of a page comes with nextLink, whole.
assert PARAMETERS.keys() == READERS.keys() - {"token"}  # noqa: S101


@cache
def describe(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The OpenAPI 3.1 description of these routes."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    problem = _content("application/problem+json", _schema(ProblemBody, schemas))
    for route in routes:
        names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
        parameters = [_parameter("path", name, {"type": "string"}, "Its id", required=True) for name in names]
        parameters += [_parameter("query", name, *PARAMETERS[name]) for name in route.query]
        answer: dict[str, Any] = {"description": route.summary}
        if route.answer is not None:
            answer |= _content("application/json", _schema(route.answer, schemas))
        responses: dict[str, Any] = {str(route.status): answer}
        if route.name == "get_findings":
            answer["content"] |= {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            }
        if route.name == "get_health":
            responses["503"] = {**answer, "description": "Storage cannot be reached"}
        for status in route.problems:
            responses[str(status)] = {"description": "A problem", **problem}
        if not route.anonymous:
            # With keys it is the platform that answers, without a body.
            responses |= {"401": {"description": "No key, or nobody signed in"}, "403": {"description": "No role"}}
        operation: dict[str, Any] = {"operationId": route.name, "summary": route.summary, "responses": responses}
        if parameters:
            operation["parameters"] = parameters
        if route.body is not None:
            operation["requestBody"] = _body(route.body, schemas)
        if route.anonymous:
            operation["security"] = []
        paths.setdefault(f"/api/{route.path}", {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Triage of Email Threat Defense remediation failures",
            "version": "1.0.0",
            "description": "Why a remediation failed, whether the message can still be opened, and what to do.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-functions-key"}},
        },
        "security": [{"key": []}],
    }


def _parameter(place: str, name: str, schema: dict[str, Any], text: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "description": text, "schema": schema}


def _content(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {media_type: {"schema": schema}}}


def _schema(shape: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of a model or a page of them; the models that it names go into `schemas`."""
    if isinstance(shape, Page):
        page = {"value": {"type": "array", "items": _schema(shape.item, schemas)}, "nextLink": {"type": "string"}}
        return {"type": "object", "required": ["value"], "properties": page}
    schema = TypeAdapter(shape).json_schema(by_alias=True, mode="serialization", ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    schemas[shape.__name__] = schema
    return {"$ref": _REF.format(model=shape.__name__)}


def _body(shape: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if shape != "failures":
        return {"required": False, **_content("application/json", _schema(shape, schemas))}
    one = _failure_schema()
    schemas["Failure"] = one
    reference = {"$ref": _REF.format(model="Failure")}
    many = {"type": "array", "items": reference, "minItems": 1}
    text = "One failure, or an array of up to 1,000; a Log Export row, a CloudEvent or an Event Grid event is taken as well."
    return {"required": True, "description": text, **_content("application/json", {"oneOf": [reference, many]})}


def _failure_schema() -> dict[str, Any]:
    """A failure as a sender writes it: the model's fields, any of which may be blank or null, and what must be there."""
    model = TypeAdapter(RemediationFailure).json_schema(by_alias=True, mode="validation")
    own = ("source", "raw", "mailbox")  # the service's own, and the one that may come as several
    mailbox = {"type": "string", "pattern": _ADDRESS, "examples": ["adele@contoso.com"]}
    addresses = {"type": "array", "items": mailbox}
    properties = {
        name: _blank_or(_FORMATS.get(name, {"type": "string"})) for name in model["properties"] if name not in own
    }
    properties |= {"mailbox": {"anyOf": [mailbox, _NULL]}, "mailboxes": {"anyOf": [addresses, _NULL]}}
    text = {"type": "string", "pattern": r"\S"}
    needed = (
        {"error": text, "errorCode": text},
        {"messageId": text, "internetMessageId": text},
        {"mailbox": mailbox, "mailboxes": {**addresses, "minItems": 1}},
    )
    return {"type": "object", "properties": properties, "allOf": [_one_at_least(choices) for choices in needed]}


_NULL = {"type": "null"}
_FORMATS = {"tenantId": _GUID, "occurredAt": _INSTANT}


def _blank_or(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "string", "pattern": r"^\s*$"}, _NULL]}


def _one_at_least(choices: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"anyOf": [{"required": [name], "properties": {name: schema}} for name, schema in choices.items()]}
