"""What a route is. The table of them all is in routes.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import azure.functions as func

Endpoint = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]
"""A handler as the platform calls it."""


class Body(NamedTuple):
    """A request body: its model, and whether a request must have one."""

    model: object
    description: str
    required: bool = True


class Route(NamedTuple):
    """One route. The handler's docstring is its description in OpenAPI.

    `answer` is the model of a success in JSON; None if there is no JSON. `media` are the other media types of a
    success, each of them text. `query` are names of PARAMETERS. `statuses` are other statuses that have the same
    body as a success, each with what it means. `problems` are the statuses of RFC 9457 problems.
    """

    name: str
    method: str
    path: str
    handler: Endpoint
    summary: str
    answer: object = None
    status: int = 200
    media: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    body: Body | None = None
    statuses: tuple[tuple[int, str], ...] = ()
    problems: tuple[int, ...] = ()
    anonymous: bool = False
