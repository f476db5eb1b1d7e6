"""Reads what is stored, also what a newer version of the service wrote.

After a rollback, tables hold words that this version does not know, such as a new cause. A failure that comes again
must not fail on them, so what can't be read is `undetermined` or its like, and never a guess.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import ValidationError

from triage.finding import Finding, brought_forward
from triage.wire import Wire

Model = TypeVar("Model", bound=Wire)

# By the name of the field. An unknown word in a list (`alternatives`, `alsoSeen`) is left out.
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
    """The finding in a stored document (JSON). ValidationError if it lacks more than the meaning of a word."""
    return brought_forward(read_stored(Finding, document))


def read_stored(model: type[Model], document: str) -> Model:
    """The value in a stored document (JSON). ValidationError if it lacks more than the meaning of a word."""
    try:
        return model.model_validate_json(document)
    except ValidationError as error:
        places = [problem["loc"] for problem in error.errors() if problem["type"] in ("enum", "literal_error")]
        value = json.loads(document)
        for place in reversed(places):  # from the end of a list, so that the places before stay where they are
            _replace(value, place)
        return model.model_validate(value)


def _replace(value: Any, place: tuple[int | str, ...]) -> None:
    """Takes the word at a place out of a JSON value, or puts the word for "not known" there."""
    if place[-1] == "[key]":  # of an object by such words: the word and its value are left out
        *way, last = place[:-1]
    else:
        *way, last = place
    for step in way:
        value = value[step]
    if isinstance(last, int) or place[-1] == "[key]":
        del value[last]
    elif last in _INSTEAD:
        value[last] = _INSTEAD[last]
