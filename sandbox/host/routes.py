"""Finds the function for a request: route templates as in ASP.NET Core, whose router the real host uses.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#customize-the-http-endpoint
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.host.config import HostError
from sandbox.host.driver import Function

_PARAMETER = re.compile(r"\{(\*{0,2})([A-Za-z_]\w*)(?::([a-z]+))?(\??)\}")


def _is(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


CONSTRAINTS: dict[str, Callable[[str], bool]] = {
    "int": lambda text: bool(re.fullmatch(r"[+-]?\d{1,10}", text)) and -(2**31) <= int(text) < 2**31,
    "long": lambda text: bool(re.fullmatch(r"[+-]?\d{1,19}", text)) and -(2**63) <= int(text) < 2**63,
    "guid": _is(uuid.UUID),
    "bool": lambda text: text.lower() in {"true", "false"},
    "alpha": lambda text: bool(re.fullmatch(r"[A-Za-z]*", text)),
    "double": _is(float),
}


@dataclass(frozen=True)
class Segment:
    literal: str = ""
    parameter: str = ""
    constraint: str = ""
    optional: bool = False
    rest: bool = False

    @property
    def rank(self) -> int:
        """The lowest wins: literal text, a parameter with a constraint, one without, one that takes all the rest."""
        return (0 if self.literal else 1 if self.constraint else 2) + (3 if self.rest else 0)


@dataclass(frozen=True)
class Route:
    function: Function
    segments: tuple[Segment, ...]
    methods: frozenset[str]  # empty: all

    def match(self, path: Sequence[str]) -> dict[str, str] | None:
        """The route's parameters, or None. `path`: the segments, still escaped."""
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if segment.rest:
                if path[index:]:
                    values[segment.parameter] = "/".join(map(_unescape, path[index:]))
                return values
            if index >= len(path):
                if segment.optional:
                    continue
                return None
            text = _unescape(path[index])
            if segment.literal:
                if segment.literal.lower() != text.lower():
                    return None
            elif segment.constraint and not CONSTRAINTS[segment.constraint](text):
                return None
            else:
                values[segment.parameter] = text
        return values if len(path) <= len(self.segments) else None


class Router:
    def __init__(self, functions: Sequence[Function], prefix: str) -> None:
        routes = [_route(function, prefix) for function in functions if function.trigger["type"] == "httpTrigger"]
        self.routes = sorted(routes, key=lambda route: [segment.rank for segment in route.segments])

    def find(self, method: str, raw_path: str) -> tuple[Function, dict[str, str]] | None:
        path = raw_path.strip("/").split("/") if raw_path.strip("/") else []
        for route in self.routes:
            if not route.methods or method in route.methods:
                values = route.match(path)
                if values is not None:
                    return route.function, values
        return None


def template(function: Function, prefix: str) -> str:
    route = function.trigger.get("route")
    return "/".join(part for part in (prefix, (function.name if route is None else route).strip("/")) if part)


def _route(function: Function, prefix: str) -> Route:
    text = template(function, prefix)
    segments = tuple(_segment(part, f"function {function.name}: route {text}") for part in text.split("/"))
    return Route(function, segments, frozenset(str(method).upper() for method in function.trigger.get("methods") or ()))


def _segment(text: str, where: str) -> Segment:
    if "{" not in text and "}" not in text:
        return Segment(literal=text)
    found = _PARAMETER.fullmatch(text)
    if not found:
        raise HostError(f"{where}: the local host cannot read {text}")
    stars, name, constraint, optional = found.groups(default="")
    if constraint and constraint not in CONSTRAINTS:
        raise HostError(f"{where}: the local host has no route constraint {constraint}")
    return Segment(parameter=name, constraint=constraint, optional=bool(optional), rest=bool(stars))


def _unescape(text: str) -> str:
    """Unescape as Kestrel does: all but an escaped slash."""
    return "%2F".join(unquote(part) for part in re.split("%2[Ff]", text))
