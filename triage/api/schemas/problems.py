"""An RFC 9457 problem."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from triage.api.problem_types import ProblemType
from triage.api.schemas.page import MAY_LACK_FIELDS
from triage.wire import Wire


class ProblemError(Wire):
    """One thing that is wrong."""

    pointer: str
    """Where: a JSON pointer (RFC 6901), or the name of a query parameter."""
    detail: str
    """What is wrong there."""


class ProblemBody(Wire):
    """An RFC 9457 problem."""

    model_config = MAY_LACK_FIELDS

    type: Annotated[str, Field(json_schema_extra={"enum": [kind.urn for kind in ProblemType]})]
    """What kind of problem it is."""
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = Field(default_factory=list[ProblemError])
    """Each thing that is wrong."""
