"""Calls the handler of a route, as the host does."""

from __future__ import annotations

import base64
import json
from typing import Any

import azure.functions as func

from triage.api.routes import ROUTES


async def call(
    name: str, *roles: str, query: dict[str, str] | None = None, headers: dict[str, str] | None = None,
    body: bytes = b"", who: str | None = None, **route_params: str,
) -> func.HttpResponse:  # fmt: skip
    """The answer of a route to a caller with these roles (without any: to one with a function key)."""
    route = next(route for route in ROUTES if route.name == name)
    claims = [{"typ": "roles", "val": role} for role in roles]
    claims += [{"typ": "preferred_username", "val": who}] if who else []
    principal = {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps({"claims": claims}).encode()).decode()}
    parameters = "&".join(f"{name}={value}" for name, value in (query or {}).items())
    url = f"https://triage.example/api/{route.path}?{parameters}"
    given = {**(headers or {}), **principal}
    return await route.handler(
        func.HttpRequest(route.method, url, headers=given, params=query, route_params=route_params, body=body)
    )


def content(answer: func.HttpResponse) -> Any:
    """The JSON of an answer."""
    return json.loads(answer.get_body())
