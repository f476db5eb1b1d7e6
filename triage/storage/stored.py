"""Reads stored documents, even if a newer version of the service wrote them.

After a rollback, tables can have values that this version does not know, such as a new cause. They must not break the
triage of a failure that arrives again. So an unknown value is read as `undetermined`, or as the "unknown" of its field.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import ValidationError

from triage.finding import Finding, brought_forward
from triage.wire import Wire

Model = TypeVar("Model", bound=Wire)

# By the name of the field. An unknown value in a list (`alternatives`, `alsoSeen`) is left out.
_INSTEAD = {
    "scenario": "unclassified",
    "classifiedBy": "none",
    "cause": "undetermined",
    "confidence": "undetermined",
    "severity": "medium",
    "location": "unknown",
    "kind": "fact",
    "outcome": "unknown",
    "reason": "unavailable",
    "state": "open",
    "resolution": None,
    "scope": "evidence",
    "what": "severity_changed",
    "worst": "critical",
}


def read_finding(document: str) -> Finding:
    """The finding in a stored document (JSON). ValidationError if more is wrong than unknown values."""
    return brought_forward(read_stored(Finding, document))


def read_stored(model: type[Model], document: str) -> Model:
    """The value in a stored document (JSON). ValidationError if more is wrong than unknown values."""
    try:
        return model.model_validate_json(document)
    except ValidationError as error:
        places = [problem["loc"] for problem in error.errors() if problem["type"] in ("enum", "literal_error")]
        value = json.loads(document)
        for place in reversed(places):  # from the end of a list, so that earlier positions stay the same
            _replace(value, place)
        return model.model_validate(value)


def _replace(value: Any, place: tuple[int | str, ...]) -> None:
    """Removes the word at a place of a JSON value, or replaces it with the one for "unknown"."""
    if place[-1] == "[key]":  # an object with such words as keys: the key and its value are left out
        *way, last = place[:-1]
    else:
        *way, last = place
    for step in way:
        value = value[step]
    if isinstance(last, int) or place[-1] == "[key]":
        del value[last]
    elif last in _INSTEAD:
        value[last] = _INSTEAD[last]
