"""An RFC 9457 problem."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from triage.api.problem_types import ProblemType
from triage.api.schemas.page import MAY_LACK_FIELDS
from triage.wire import Wire

_TYPES = "What kind of problem it is:\n" + "".join(
    f"\n- `{kind.urn}` ({kind.status:d}): {kind.meaning}" for kind in ProblemType
)


class ProblemError(Wire):
    """One thing that is wrong."""

    pointer: str
    """Where: a JSON pointer (RFC 6901), or the name of a query parameter."""
    detail: str
    """What is wrong there."""


class ProblemBody(Wire):
    """An RFC 9457 problem."""

    model_config = MAY_LACK_FIELDS

    type: Annotated[str, Field(description=_TYPES, json_schema_extra={"enum": [kind.urn for kind in ProblemType]})]
    title: str
    """What `type` means, in a few words."""
    status: int
    """The HTTP status."""
    detail: str
    """What happened, for people."""
    errors: list[ProblemError] = Field(default_factory=list[ProblemError])
    """Each thing that is wrong."""
