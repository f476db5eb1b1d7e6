"""ETD's API on loopback, as far as the client's tests need it: what it checks, and ways to make it fail."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.factories import TENANT_ID
from triage.settings import EtdApi

SECRET, KEY, TOKEN, SIGNATURE = "secret-0815", "key-0815", "token-0815-{}", "signature-0815"
PATH = "/tenant_id=t%201/log_date=2026-07-01/hour=10/log_type=message/0000.jsonl"


@dataclass
class StandIn:
    """`faults` are used up from the left, one by a request to the API (not for a token): a status, a body, or a deed."""

    url: str = ""
    faults: list[Any] = field(default_factory=list)
    token_faults: list[Any] = field(default_factory=list)
    retry_after: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    links: Any = field(default_factory=list)
    file: bytes = b""
    file_fault: Any = None
    tokens: int = 0
    seen: list[tuple[str, Any]] = field(default_factory=list)

    def api(self, **changes: Any) -> EtdApi:
        fields = {"tenantId": TENANT_ID, "endpoint": self.url, "clientId": "client", "clientSecret": SECRET,
                  "apiKey": KEY, "requestsPerSecond": 100}  # fmt: skip
        return EtdApi.model_validate({**fields, **changes})

    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]

    async def token(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(("token", None))
        if self.token_faults:
            return await self._fail(request, self.token_faults.pop(0))
        if request.headers.get("x-api-key") != KEY:
            return web.json_response({"message": "Forbidden"}, status=403)
        basic = base64.b64encode(f"client:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}" or await request.read():
            return web.json_response({"message": "Unauthorized"}, status=401)
        self.tokens += 1
        return web.json_response({"accessToken": TOKEN.format(self.tokens)})

    async def search(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "search", self._page)

    async def links_of(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "links", lambda _: {"data": {"message": self.links}})

    def _page(self, body: dict[str, Any]) -> dict[str, Any]:
        first = int(body.get("pageToken", 0))
        page = self.rows[first : first + body["pageSize"]]
        more = first + len(page) < len(self.rows)
        token = {"nextPageToken": str(first + len(page))} if more else {}
        return {"totalSize": len(self.rows), **token, "data": {"messages": page}}

    async def _answer(self, request: web.Request, name: str, answer: Any) -> web.StreamResponse:
        body = await request.json()
        self.seen.append((name, body))
        if request.headers.get("x-api-key") != KEY:
            return web.json_response({"message": "Forbidden"}, status=403)
        if request.headers.get("Authorization") != f"Bearer {TOKEN.format(self.tokens)}":
            return web.json_response({"message": "Token expired, generate new token to proceed"}, status=401)
        if self.faults:
            return await self._fail(request, self.faults.pop(0))
        return web.json_response(answer(body))

    async def _fail(self, request: web.Request, fault: Any) -> web.StreamResponse:
        if fault == "cut":
            assert request.transport is not None
            request.transport.abort()
        if fault == "hang":
            await asyncio.sleep(2)
        if isinstance(fault, int):
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            if 300 <= fault < 400:
                headers["Location"] = f"{self.url}/elsewhere"
            return web.json_response({"message": f"HTTP {fault}"}, status=fault, headers=headers)
        if isinstance(fault, dict):
            return web.json_response(fault.get("body"), status=fault.get("status", 200))
        return web.Response(text=str(fault), content_type="application/json")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """As S3 does it: a request has one kind of credentials, and a link ends."""
        self.seen.append(("file", dict(request.headers)))
        if "Authorization" in request.headers or "x-api-key" in request.headers:
            return web.Response(status=400, text="<Error><Code>InvalidArgument</Code></Error>")
        if isinstance(self.file_fault, int):
            return web.Response(status=self.file_fault, headers={"Location": f"{self.url}/elsewhere"}, text="<Error/>")
        answer = web.StreamResponse(headers={"Content-Length": str(len(self.file))})
        await answer.prepare(request)
        half = len(self.file) // 2
        await answer.write(self.file[:half])
        if self.file_fault == "hang":
            await asyncio.sleep(2)
        if self.file_fault == "cut":
            assert request.transport is not None
            request.transport.close()
            return answer
        await answer.write(self.file[half:])
        return answer

    async def elsewhere(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(("elsewhere", dict(request.headers)))
        return web.json_response({"accessToken": "stolen", "data": {}})

    def link(self, path: str = PATH) -> str:
        return f"{self.url}{path}?X-Amz-Signature={SIGNATURE}"


@asynccontextmanager
async def serve() -> AsyncIterator[StandIn]:
    """Serve on 127.0.0.1 until the context ends."""
    etd = StandIn()
    app = web.Application()
    app.router.add_post("/v1/oauth/token", etd.token)
    app.router.add_post("/v1/messages/search", etd.search)
    app.router.add_post("/v1/logs/downloadLinks", etd.links_of)
    app.router.add_route("*", "/elsewhere", etd.elsewhere)
    app.router.add_get("/{path:.*}", etd.download)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    etd.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield etd
    finally:
        await runner.cleanup()
