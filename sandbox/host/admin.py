"""The host's own routes: its status, the list of functions, and a way to run one on demand.

https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from aiohttp import web

from sandbox.host import timers
from sandbox.host.driver import Datum, Function
from sandbox.host.http import Keys
from sandbox.host.invocations import Invoker

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(functions: Sequence[Function], invoker: Invoker, keys: Keys) -> web.RouteTableDef:
    table = web.RouteTableDef()
    started = time.monotonic()
    by_name = {function.name.casefold(): function for function in functions}

    def guarded(handler: Handler) -> Handler:
        async def check(request: web.Request) -> web.StreamResponse:
            return await handler(request) if keys.allow(request) else web.Response(status=401)

        return check

    @table.get("/admin/host/ping")
    async def ping(request: web.Request) -> web.Response:
        return web.Response()

    @table.get("/admin/host/status")
    @guarded
    async def status(request: web.Request) -> web.Response:
        uptime = round((time.monotonic() - started) * 1000)
        return web.json_response({"id": "local", "state": "Running", "version": "4.local", "processUptime": uptime})

    @table.get("/admin/functions")
    @guarded
    async def listed(request: web.Request) -> web.Response:
        return web.json_response([{"name": function.name, "trigger": dict(function.trigger)} for function in functions])

    @table.post("/admin/functions/{name}")
    @guarded
    async def run(request: web.Request) -> web.Response:
        function = by_name.get(request.match_info["name"].casefold())
        if function is None:
            return web.Response(status=404)
        try:
            text = _input(await request.read())
        except ValueError as error:
            return web.Response(status=400, text=str(error))
        kind = function.trigger["type"]
        if kind == "httpTrigger":
            return web.Response(status=400, text="call an HTTP function by its own route")
        if kind == "timerTrigger":
            now = datetime.now(UTC)
            invoker.start(function, timers.request(None, timers.parse(function.trigger["schedule"])(now)), {})
        else:
            invoker.start(function, Datum("string", text), {"DequeueCount": Datum("json", "0")})
        return web.Response(status=202)

    return table


def _input(body: bytes) -> str:
    content = json.loads(body or b"{}")
    if not isinstance(content, dict):
        raise ValueError('the body must be {"input": "text"}')
    text = content.get("input") or ""
    return text if isinstance(text, str) else json.dumps(text)
