"""HTTP triggers: the web server, the keys, and how a request gets into a function and its response out.

A function sees what GrpcMessageConversionExtensions of azure-functions-host gives it: header names in lower case,
several values of one name joined by commas, no empty query values, the URL as it was sent.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping

from aiohttp import web
from multidict import MultiMapping

from sandbox.host.driver import Datum
from sandbox.host.invocations import Invoker
from sandbox.host.routes import Router

log = logging.getLogger("host")

MAX_BODY = 100 * 1024 * 1024
BODYLESS = {204, 304}
OURS = {"content-length", "transfer-encoding"}


class Keys:
    """One key opens everything. Without a key, everything is open, as on a developer's machine."""

    def __init__(self, key: str | None) -> None:
        self.key = key

    def allow(self, request: web.Request) -> bool:
        if self.key is None:
            return True
        given = request.headers.get("x-functions-key") or request.query.get("code") or ""
        return hmac.compare_digest(given.encode(), self.key.encode())


def application(router: Router, invoker: Invoker, keys: Keys, admin: web.RouteTableDef) -> web.Application:
    async def handle(request: web.Request) -> web.StreamResponse:
        found = router.find(request.method, request.rel_url.raw_path)
        if found is None:
            return web.Response(status=200 if request.path == "/" else 404)
        function, parameters = found
        if str(function.trigger.get("authLevel", "FUNCTION")).upper() != "ANONYMOUS" and not keys.allow(request):
            return web.Response(status=401)
        data = {
            "method": request.method,
            "url": f"{request.scheme}://{request.host}{request.raw_path}",
            "headers": {name.lower(): value for name, value in joined(request.headers).items()},
            "query": {name: value for name, value in joined(request.query).items() if value},
            "params": parameters,
            "body": await request.read(),
        }
        outcome = await invoker.start(function, Datum("http", data), {})
        return response(None if outcome.error else outcome.returned)

    app = web.Application(client_max_size=MAX_BODY)
    app.add_routes(admin)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def joined(values: MultiMapping[str]) -> dict[str, str]:
    """Join several values of a name with commas. The first spelling of the name stays."""
    texts: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, value in values.items():
        first = names.setdefault(name.casefold(), name)
        texts[first] = f"{texts[first]},{value}" if first in texts else value
    return texts


def response(returned: Datum | None) -> web.Response:
    """The response. A failed invocation, or one that returned nothing, is a 500 without a body."""
    if returned is None:
        return web.Response(status=500)
    if returned.type != "http":
        body = returned.value if isinstance(returned.value, bytes) else str(returned.value).encode()
        return web.Response(body=body, headers={"content-type": "text/plain; charset=utf-8"})
    status: int = returned.value["status"]
    headers: Mapping[str, str] = returned.value["headers"]
    kept = {name: value for name, value in headers.items() if name.lower() not in OURS}
    return web.Response(status=status, headers=kept, body=None if status in BODYLESS else returned.value["body"])
