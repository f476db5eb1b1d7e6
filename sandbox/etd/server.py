"""ETD over HTTP, on loopback only: `/v1/…` is the API, `/store/…` the store of exported files, `/_sandbox/…` is for tests."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.etd import control, log_export, store
from sandbox.etd.clock import Clock
from sandbox.etd.engine import Etd
from sandbox.etd.faults import MESSAGES
from sandbox.etd.mailboxes import Mailboxes
from sandbox.etd.refused import Refused, bad_body, forbidden, not_found
from sandbox.etd.search import search
from sandbox.etd.serving import SERVED, Served
from sandbox.etd.status import status
from sandbox.etd.store import StoreRefused
from sandbox.etd.switches import Switches
from sandbox.faults import MALFORMED, Rule

SETTLE_SECONDS = 0.3  # at most this late, while the clock runs


@asynccontextmanager
async def serve(
    tenant_ids: Sequence[str],
    graph: str | None = None,
    *,
    start: datetime | None = None,
    switches: Mapping[str, Any] | None = None,
    port: int = 0,
) -> AsyncIterator[Served]:
    """Serves on 127.0.0.1 (port 0: a free one) until the context ends. ETD has a business for each of the tenants.

    `graph`: the simulated tenants, where mail is put and moved. `start`: the clock stays there. `switches`: by their
    names in JSON; ValueError if one is invalid.
    """
    chosen = Switches()
    chosen.change(switches or {})
    async with aiohttp.ClientSession() as session:
        mailboxes = Mailboxes(graph, session) if graph else None
        served = Served(Etd(tenant_ids, Clock(start), chosen, mailboxes))
        runner = web.AppRunner(application(served), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        happening = asyncio.create_task(_let_happen(served))
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield served
        finally:
            happening.cancel()
            with suppress(asyncio.CancelledError):
                await happening
            await runner.cleanup()


def application(served: Served) -> web.Application:
    app = web.Application(client_max_size=1024 * 1024, middlewares=[control.refusals, _counted, _faults, _answers])
    app[SERVED] = served
    app.add_routes(control.routes())
    app.router.add_post("/v1/oauth/token", _token)
    for name in ("messages/search", "messages/status", "logs/downloadLinks"):
        app.router.add_post(f"/v1/{name}", _call)
    app.router.add_get(store.PATH + "{path:.+}", _store)
    return app


async def _let_happen(served: Served) -> None:
    """Does what is due while the clock runs."""
    while True:
        await asyncio.sleep(SETTLE_SECONDS)
        if served.clock.running:
            try:
                await served.etd.settle()
            except aiohttp.ClientError as error:  # what was due is lost, and what comes after it is not
                print(f"the simulated tenants do not answer: {error}", file=sys.stderr)


@web.middleware
async def _counted(request: web.Request, handler: Any) -> web.StreamResponse:
    answer = await handler(request)
    if not request.path.startswith("/_sandbox/"):
        path = store.PATH if request.path.startswith(store.PATH) else request.path
        request.app[SERVED].stats.update([path, f"{path} {answer.status}"])
    return answer


@web.middleware
async def _answers(request: web.Request, handler: Any) -> web.StreamResponse:
    """Errors in ETD's envelope, or in the store's."""
    try:
        return await handler(request)
    except Refused as error:
        return web.json_response({"message": error.message}, status=error.status, headers=error.headers)
    except StoreRefused as error:
        return web.Response(status=error.status, text=error.body, content_type="application/xml")
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return web.json_response({"message": not_found().message}, status=404)


@web.middleware
async def _faults(request: web.Request, handler: Any) -> web.StreamResponse:
    rule = None if request.path.startswith("/_sandbox/") else request.app[SERVED].faults.take(request.path)
    if rule is None:
        return await handler(request)
    await asyncio.sleep(rule.delay)
    if rule.spec.get("drop"):
        return _abort(request)
    if (injected := _injected(rule)) is not None:
        return injected
    answer = await handler(request)
    return await _cut(request, answer) if rule.spec.get("cut") else answer


def _injected(rule: Rule) -> web.Response | None:
    if rule.spec.get("malformed"):
        return web.Response(text=MALFORMED, content_type="text/html")
    if "status" not in rule.spec:
        return None
    status = rule.spec["status"]
    headers = {"Retry-After": str(rule.spec["retryAfter"])} if "retryAfter" in rule.spec else {}
    text = rule.spec.get("message", MESSAGES.get(status, "Internal Server Error"))
    return web.json_response({"message": text}, status=status, headers=headers)


async def _cut(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
    half = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.headers["Content-Type"]})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    return _abort(request, half)


def _abort(request: web.Request, answer: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close() if answer else request.transport.abort()
    return answer or web.Response()


async def _token(request: web.Request) -> web.Response:
    served = request.app[SERVED]
    business = served.etd.with_key(request.headers.get("x-api-key"))
    if business is None:
        raise forbidden()
    now = served.clock.now()
    business.limiter.take(served.switches, now)
    authorization = request.headers.get("Authorization", "")
    return web.json_response(business.sign_in(authorization, now, served.switches.expires_in))


async def _call(request: web.Request) -> web.Response:
    """Checks a call of the API: the key, then the limits, then the token, then the request itself."""
    served = request.app[SERVED]
    await served.etd.settle()
    now, switches = served.clock.now(), served.switches
    business = served.etd.with_key(request.headers.get("x-api-key"))
    if business is None:
        raise forbidden()
    business.limiter.take(switches, now)
    token = business.check(request.headers.get("Authorization", ""), now)
    body = await _body(request)
    match request.path.rsplit("/", 1)[-1]:
        case "search":
            answer = search(business, body, token, switches, now)
        case "status":
            answer = status(business, body, switches)
        case _:
            answer = log_export.download_links(business, body, f"http://{request.host}{store.PATH}", switches, now)
    return web.json_response(answer)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise bad_body() from None
    if not isinstance(body, dict):
        raise bad_body()
    return body


async def _store(request: web.Request) -> web.Response:
    served = request.app[SERVED]
    path = request.match_info["path"]
    headers = {name.lower(): value for name, value in request.headers.items()}
    store.check(path, request.query, headers, served.clock.now())
    found = next(file for one in served.etd.businesses.values() if (file := one.ledger.by_path.get(path)))
    return web.Response(body=store.content(found, served.switches), content_type="application/x-ndjson")
