"""docs/api.md: the routes and their query parameters, from the tables that the service itself uses."""

from __future__ import annotations

import inspect

from triage.api import filters
from triage.api.filters import PARAMETERS, Parameter
from triage.api.problem_types import ProblemType
from triage.api.routes import ROUTES

_COLLECTIONS = {
    "findings": filters.FINDINGS,
    "exposures": filters.EXPOSURES,
    "incidents": filters.INCIDENTS,
    "audits": filters.AUDITS,
    "summary": filters.SUMMARY,
    "rejected": filters.REJECTED,
    "notifications": filters.NOTIFICATIONS,
    "coverage mailboxes": filters.MAILBOXES,
}
_FORMATS = {"uuid": "a GUID", "date-time": "an RFC 3339 time with an offset"}


def routes() -> str:
    """A row for each route: what its handler's docstring says, and the statuses of its problems."""
    rows = ["| route | what it does | status |", "|---|---|---|"]
    for route in ROUTES:
        statuses = [route.status, *(status for status, _ in route.statuses), *route.problems]
        text = " ".join((inspect.getdoc(route.handler) or "").split())
        rows.append(f"| `{route.method} /api/{route.path}` | {text} | {', '.join(map(str, statuses))} |")
    return "\n".join(rows)


def problem_types() -> str:
    """A row for each type of problem."""
    rows = ["| `type` | status | when |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| `{kind.urn}` | {int(kind.status)} | {kind.meaning} |" for kind in ProblemType)])


def parameters() -> str:
    """A row for each query parameter."""
    rows = ["| parameter | meaning | accepts | used by |", "|---|---|---|---|"]
    for key, parameter in PARAMETERS.items():
        collections = ", ".join(name for name, keys in _COLLECTIONS.items() if key in keys)
        rows.append(f"| `{parameter.name}` | {parameter.description} | {_accepts(parameter)} | {collections} |")
    return "\n".join(rows)


def _accepts(parameter: Parameter) -> str:
    schema = parameter.kind.schema
    if parameter.values:
        some = ", ".join(f"`{value}`" for value in parameter.values)
        if parameter.name == "cause":
            some = "the [causes](causes.md)"
        return f"any of {some}" if schema["type"] == "array" else some
    if schema["type"] == "integer":
        return f"{schema['minimum']} to {schema['maximum']:,}, by default {schema['default']}"
    return _FORMATS[schema["format"]] if "format" in schema else ", ".join(f"`{text}`" for text in schema["examples"])
