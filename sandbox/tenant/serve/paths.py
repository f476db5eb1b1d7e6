"""The Graph paths that the tenant serves: each has a handler, the permissions that open it, and a price.

A handler registers its path with the table of its workload:

    paths = PathTable("outlook")

    @paths.get("/users/{}/messages", permissions.MAIL)
    def messages(call: Call, user: str) -> Body: ...

Paths start below the version. `{}` stands for one segment and becomes an argument of the handler. A key in
parentheses, `servicePrincipals(appId='x')` or `users('x')`, is OData's other spelling of a segment.
Prices are resource units ("Microsoft Graph service-specific throttling limits", identity and access).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.tenant.errors import bad_request

Body = dict[str, Any]
Handler = Callable[..., Body]
KEYED = re.compile(r"([A-Za-z.]+)\((?:(\w+)=)?'((?:[^']|'')*)'\)")


@dataclass(frozen=True)
class GraphPath:
    template: str
    handler: Handler
    roles: frozenset[str]  # any one of these app roles is enough
    price: int
    workload: str  # directory | outlook

    @property
    def pieces(self) -> tuple[str, ...]:
        return tuple(self.template.strip("/").replace("(", "/(").split("/"))


class PathTable:
    """The paths of one workload, as their handlers register them."""

    def __init__(self, workload: str):
        self.workload = workload
        self.paths: list[GraphPath] = []

    def get(self, template: str, roles: frozenset[str], price: int = 1) -> Callable[[Handler], Handler]:
        """A decorator for the handler of `GET template`."""

        def register(handler: Handler) -> Handler:
            self.paths.append(GraphPath(template, handler, roles, price, self.workload))
            return handler

        return register


class Router:
    """Finds the path that a request names. The first one that fits wins."""

    def __init__(self, *tables: PathTable):
        self.by_length: dict[int, list[GraphPath]] = {}
        for path in (path for table in tables for path in table.paths):
            self.by_length.setdefault(len(path.pieces), []).append(path)
        self.first = {path.pieces[0] for paths in self.by_length.values() for path in paths}

    def match(self, path: str) -> tuple[GraphPath, list[str]]:
        """The Graph path of a raw (still encoded) path, and the values in it; 400 `BadRequest` if Graph has no such path."""
        pieces = _read(path)
        for found in self.by_length.get(len(pieces), []):
            values = _values(found.pieces, pieces)
            if values is not None:
                return found, values
        wrong = pieces[0] if pieces[0] not in self.first else pieces[-1]
        raise bad_request(f"Resource not found for the segment '{wrong}'.")


def _read(path: str) -> list[str]:
    pieces: list[str] = []
    for raw in path.strip("/").split("/"):
        segment = unquote(raw).replace("microsoft.graph.", "graph.", 1)
        keyed = KEYED.fullmatch(segment)
        if keyed is None:
            pieces.append(segment)
            continue
        name, key, value = keyed.groups()
        value = value.replace("''", "'")
        pieces += [name, f"({key}={value})" if key else value]
    return pieces


def _values(template: tuple[str, ...], pieces: list[str]) -> list[str] | None:
    values = []
    for wanted, piece in zip(template, pieces, strict=True):
        if wanted == "{}":
            if not piece or piece.startswith("("):
                return None
            values.append(piece)
        elif wanted.endswith("={})"):
            if not piece.startswith(wanted.removesuffix("{})")):
                return None
            values.append(piece[len(wanted) - 3 : -1])
        elif wanted != piece:
            return None
    return values
