"""A failure as a sender writes it, and what the service says when it has taken it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from triage.api.filters import PARAMETERS
from triage.intake.failure import RemediationFailure
from triage.wire import Wire

Json = dict[str, Any]

_MAILBOX: Json = PARAMETERS["address"].kind.schema
_MAILBOXES: Json = {"type": "array", "items": _MAILBOX}
_NULL: Json = {"type": "null"}


class Failure(RemediationFailure):
    """A failure as a sender writes it. Any field can be blank or null if another one says the same."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _: object, __: object) -> Json:
        """The fields of the model without the service's own, `mailboxes`, and which of them a sender must give."""
        formats: dict[str, Json] = {
            "tenantId": {"type": "string", "format": "uuid"},
            "occurredAt": {"type": "string", "format": "date-time"},
        }
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        properties = {
            name: {**_or_blank(formats.get(name, {"type": "string"})), "description": field.description}
            for name, field in fields.items()
            if name not in ("source", "raw", "mailbox")
        }
        properties["mailbox"] = {**_or_blank(_MAILBOX), "description": fields["mailbox"].description}
        properties["mailboxes"] = {
            "anyOf": [_MAILBOXES, _NULL],
            "description": "The addresses of several mailboxes, with one failure for each.",
        }
        text: Json = {"type": "string", "pattern": r"\S"}
        required: tuple[dict[str, Json], ...] = (
            {"error": text, "errorCode": text},
            {"messageId": text, "internetMessageId": text},
            {"mailbox": _MAILBOX, "mailboxes": {**_MAILBOXES, "minItems": 1}},
        )
        return {
            "type": "object",
            "description": cls.__doc__,
            "properties": properties,
            "allOf": [_at_least_one(choices) for choices in required],
        }


def _or_blank(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "string", "pattern": r"^\s*$"}, _NULL]}


def _at_least_one(choices: dict[str, Json]) -> Json:
    return {"anyOf": [{"required": [name], "properties": {name: schema}} for name, schema in choices.items()]}


Failures = Failure | Annotated[list[Failure], Field(min_length=1)]


class AcceptedFailure(Wire):
    """An accepted failure. Its finding exists after the failure is triaged."""

    id: str | None
    """The sender's ID of the failure."""
    finding_id: str
    """The ID of the finding."""
    mailbox: str
    """The mailbox, normalized."""


class AcceptedBody(Wire):
    """The accepted failures."""

    accepted: list[AcceptedFailure]
    """One entry for each failure in each mailbox."""
