"""The stand-ins over HTTP, on loopback only, with a page of what has arrived and ways to make them fail.

`POST /_sandbox/faults` with `{"kind": "slack", "fault": …}`: a status such as 503 (with `"retryAfter"`), or `away` (the
connection is closed before anything is read), `hang` (no answer), `cut` (accepted, and closed before the answer); null
ends it. `times` is how often it happens. `GET /_sandbox/received` has what arrived, and `DELETE` clears it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Any

from aiohttp import web

from sandbox.receiver.channels import KINDS, Answer, PagerDuty, Request
from sandbox.receiver.preview import preview

HANG_SECONDS = 60


@dataclass
class Fault:
    what: int | str
    times: int = 1_000_000
    retry_after: int | None = None


@dataclass
class Received:
    kind: str
    at: str
    status: int
    kept: bool
    note: str
    headers: dict[str, str]
    body: bytes

    def wire(self) -> dict[str, Any]:
        try:
            body = json.loads(self.body)
        except ValueError:
            body = self.body.decode(errors="replace")
        return {"kind": self.kind, "at": self.at, "status": self.status, "kept": self.kept, "note": self.note,
                "headers": self.headers, "body": body}  # fmt: skip


@dataclass
class Receiver:
    """A running receiver. `url`: its root without a trailing slash."""

    url: str = ""
    channels: dict[str, Any] = field(default_factory=lambda: {kind: make() for kind, make in KINDS.items()})
    faults: dict[str, Fault] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    def of(self, kind: str) -> list[Received]:
        """What a person or a program has seen of one kind."""
        return [one for one in self.received if one.kind == kind and one.kept]

    def fault(self, kind: str) -> Fault | None:
        found = self.faults.get(kind)
        if found is None or found.times <= 0:
            return None
        found.times -= 1
        return found


@asynccontextmanager
async def serve(port: int = 0) -> AsyncIterator[Receiver]:
    """Serve on 127.0.0.1 (port 0: a free one) until the context ends."""
    receiver = Receiver()
    app = web.Application(client_max_size=4 * 1024 * 1024)

    async def control(request: web.Request) -> web.Response:
        if request.method == "POST":
            body = await request.json()
            fault = (
                Fault(body["fault"], body.get("times", 1_000_000), body.get("retryAfter")) if body["fault"] else None
            )
            receiver.faults.pop(body["kind"], None)
            if fault:
                receiver.faults[body["kind"]] = fault
            return web.Response(status=204)
        if request.method == "DELETE":
            receiver.received.clear()
            return web.Response(status=204)
        return web.json_response([one.wire() for one in receiver.received])

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=_page(receiver, request.query.get("kind", "")), content_type="text/html")

    for path in ("/_sandbox/faults", "/_sandbox/received"):
        app.router.add_route("*", path, control)
    app.router.add_get("/", page)
    for kind, make in KINDS.items():
        app.router.add_post(make.path, _handler(receiver, kind))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield receiver
    finally:
        await runner.cleanup()


def _handler(receiver: Receiver, kind: str) -> Any:
    async def handle(request: web.Request) -> web.StreamResponse:
        fault = receiver.fault(kind)
        if fault and fault.what == "away":
            return _cut(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(await request.read(), headers, request.query)
        if fault and fault.what == "hang":
            await asyncio.sleep(HANG_SECONDS)
        if fault and isinstance(fault.what, int):
            after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            answer = Answer(fault.what, "made to fail", kept=False, headers=after)
        else:
            answer = receiver.channels[kind].take(asked)
        at = f"{datetime.now(UTC):%H:%M:%S}"
        receiver.received.append(
            Received(kind, at, answer.status, answer.kept, answer.note, {**headers, "authorization": "…"}, asked.body)
        )
        if fault and fault.what == "cut":
            return _cut(request)
        return web.Response(status=answer.status, text=answer.text, headers=answer.headers)

    return handle


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _page(receiver: Receiver, kind: str) -> str:
    shown = [one for one in receiver.received if kind in ("", one.kind)]
    items = "".join(_item(one) for one in reversed(shown[-200:]))
    links = " · ".join(f'<a href="?kind={name}">{name or "all"}</a>' for name in ("", *KINDS))
    alerts = [
        alert for channel in receiver.channels.values() if isinstance(channel, PagerDuty) for alert in channel.alerts
    ]
    rows = "".join(
        f"<tr><td>{escape(one['status'])}</td><td><code>{escape(one['key'])}</code></td><td>{escape(one['summary'])}</td></tr>"
        for one in alerts
        if kind in ("", "pagerduty")
    )
    template = (files("sandbox.receiver") / "page.html").read_text("utf-8")
    return (
        template.replace("<!-- items -->", items or "<p>Nothing has arrived.</p>")
        .replace("<!-- alerts -->", rows)
        .replace("<!-- kinds -->", links)
    )


def _item(one: Received) -> str:
    state = "shown" if one.kept else "not shown"
    note = f" — {escape(one.note)}" if one.note else ""
    head = (
        f"<header><b>{one.kind}</b> {one.at} <span>{one.status}, {state}{note}, {len(one.body):,} bytes</span></header>"
    )
    return f'<section class="{"" if one.kept else "dropped"}">{head}{preview(one.kind, one.body)}</section>'
