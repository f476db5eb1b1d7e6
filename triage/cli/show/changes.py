"""The differences between two triages of one failure."""

from __future__ import annotations

from typing import Any, cast

from triage.cli.client.answers import Json
from triage.cli.show.layout import part, parts

_COMPARED = ("cause", "confidence", "severity", "exposed", "alternatives", "alsoSeen", "summary")
_PLACE = ("location", "folder", "isRead", "copies")


def changes(before: Json, after: Json) -> list[tuple[str, str, str]]:
    """Each difference between two triages of one failure: its name, the old value and the new value."""
    found: list[tuple[str, Any, Any]] = [(name, before.get(name), after.get(name)) for name in _COMPARED]
    old_place, new_place = part(before, "message"), part(after, "message")
    found += [(f"message {name}", old_place.get(name), new_place.get(name)) for name in _PLACE]
    old_checks, new_checks = _outcomes(before), _outcomes(after)
    for check in dict.fromkeys([*old_checks, *new_checks]):
        found.append((f"check {check}", old_checks.get(check, "not asked"), new_checks.get(check, "not asked")))
    return [(name, _text(old), _text(new)) for name, old, new in found if old != new]


def _outcomes(finding: Json) -> dict[str, str]:
    """The outcomes of the checks by ID. A check that was made several times has several."""
    found: dict[str, str] = {}
    for check in parts(finding, "checks"):
        identifier, outcome = str(check.get("id")), str(check.get("outcome"))
        found[identifier] = f"{found[identifier]}, {outcome}" if identifier in found else outcome
    return found


def _text(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):  # before any comparison: 1 == True
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value))) or "none"
    return str(value)
