"""The tenant over HTTP, on loopback only: `/v1.0/…` is Graph, `/_sandbox/…` is for tests.

The caller is the triage identity: the bearer token `local-simulator`, with the tenant in the header `X-Tenant-Id`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from sandbox.tenant.errors import GraphError, bad_request, envelope, unauthorized
from sandbox.tenant.serve import batch, control, faults
from sandbox.tenant.serve.call import CONTENT_TYPE, Call, Reply
from sandbox.tenant.serve.control import SIMULATOR
from sandbox.tenant.serve.dispatch import Simulator, answer, sleep_until
from sandbox.tenant.world import World

TOKEN = "local-simulator"  # not a secret: it is fixed, and works on loopback only
VERSION = "/v1.0"
LARGEST_BODY = 4 * 1024 * 1024


@dataclass
class Served:
    """A running tenant. `url`: its root without a trailing slash, as in the setting GRAPH_ENDPOINT."""

    url: str
    simulator: Simulator

    @property
    def world(self) -> World:
        return self.simulator.world


def application(simulator: Simulator) -> web.Application:
    app = web.Application(client_max_size=LARGEST_BODY)
    app[SIMULATOR] = simulator
    app.add_routes(control.routes())
    app.router.add_route("*", "/{path:.*}", graph)
    return app


@asynccontextmanager
async def serve(world: World, port: int = 0, latency: float = 0.0, item_latency: float = 0.0) -> AsyncIterator[Served]:
    """Serve a world on 127.0.0.1 (port 0: a free one) until the context ends; latencies in seconds."""
    simulator = Simulator(world, latency, item_latency)
    runner = web.AppRunner(application(simulator), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        bound = runner.addresses[0][1]
        yield Served(f"http://127.0.0.1:{bound}", simulator)
    finally:
        await runner.cleanup()


async def graph(request: web.Request) -> web.StreamResponse:
    simulator = request.app[SIMULATOR]
    simulator.stats.requests += 1
    due = asyncio.get_running_loop().time() + simulator.latency
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        call = _call(simulator, request, headers)
    except GraphError as error:
        simulator.stats.unauthorized += error.status == 401
        text = headers.get("client-request-id", "00000000-0000-0000-0000-000000000000")
        body = envelope(error.code, error.message, text, text)
        return _response(Reply(error.status, body, error.headers), text, text)
    if call.path == "/$batch" and call.method == "POST":
        reply = await _batch(simulator, request, call, due)
    else:
        reply = await answer(simulator, call, due)
    if reply.drop:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    return _response(reply, call.request_id, call.client_request_id)


def _call(simulator: Simulator, request: web.Request, headers: dict[str, str]) -> Call:
    path, _, query_text = request.raw_path.partition("?")
    if not path.startswith(f"{VERSION}/"):
        raise bad_request("Invalid version.")
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("Access token is empty.")
    if token != TOKEN:
        raise unauthorized("CompactToken parsing failed with error code: 80049217")
    name = headers.get("x-tenant-id", "")
    tenant = simulator.world.by_id.get(name.lower())
    if tenant is None:
        raise unauthorized(f"AADSTS90002: Tenant '{name}' not found.")
    if not tenant.triage_signs_in:
        raise unauthorized(f"AADSTS700016: The application was not found in the directory '{tenant.name}'.")
    if tenant.token_of:
        tenant = simulator.world.tenants[tenant.token_of]
    base = f"http://{request.host}{VERSION}"
    return Call(simulator.world, tenant, request.method, path.removeprefix(VERSION), query_text, headers, base)


async def _batch(simulator: Simulator, request: web.Request, call: Call, due: float) -> Reply:
    simulator.stats.batches += 1
    if (rule := faults.take(simulator.faults, call)) is not None:
        # A fault of the batch itself: no item is read.
        due = max(due, asyncio.get_running_loop().time() + rule.delay)
        if (injected := faults.reply(rule, call)) is not None:
            await sleep_until(due)
            return injected
    try:
        body = json.loads(await request.read())
        return await batch.run(simulator, call, body, due)
    except ValueError:
        return Reply.error(call, bad_request("Invalid JSON in the batch request body."))
    except GraphError as error:
        return Reply.error(call, error)


def _response(reply: Reply, request_id: str, client_request_id: str) -> web.Response:
    headers = {"request-id": request_id, "client-request-id": client_request_id, "OData-Version": "4.0"}
    headers |= reply.headers
    if isinstance(reply.body, str):
        return web.Response(status=reply.status, text=reply.body, content_type="application/json", headers=headers)
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    data = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode()
    return web.Response(status=reply.status, body=data, headers=headers | {"Content-Type": CONTENT_TYPE})
