"""What stands in for the network, below msgraph-sdk's client: it answers batches, or does what networks do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from triage.graph.session import GraphSession
from triage.settings import read_settings

TENANT_ID = "11111111-1111-4111-8111-111111111111"

Item = dict[str, Any]
Answer = Callable[[list[str]], Awaitable[httpx.Response | None]]
"""What happens to a batch with these URLs; None: it is answered as usual."""


class Network:
    """`sent` has the URLs of every batch. `answer` may be replaced; `item` answers one item of a batch."""

    def __init__(self) -> None:
        self.sent: list[list[str]] = []
        self.answer: Answer = self.nothing_wrong
        self.item: Callable[[str], Item | None] = lambda url: {"status": 200, "body": {"url": url}}
        self.canceled = 0

    async def nothing_wrong(self, _: list[str]) -> httpx.Response | None:
        return None

    async def handle(self, request: httpx.Request) -> httpx.Response:
        items: list[Item] = json.loads(await request.aread())["requests"]
        urls = [item["url"] for item in items]
        self.sent.append(urls)
        try:
            special = await self.answer(urls)
        except asyncio.CancelledError:
            self.canceled += 1
            raise
        if special is not None:
            return special
        replies = [(item["id"], self.item(item["url"])) for item in items]
        return httpx.Response(200, json={"responses": [{"id": name} | reply for name, reply in replies if reply]})


def batch_answer(status: int, **headers: str) -> httpx.Response:
    """An answer to a whole batch that is none to its items."""
    return httpx.Response(status, headers=headers, json={"error": {"code": "Some", "message": "Some"}})


@asynccontextmanager
async def session(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[GraphSession, Network]]:
    """The service's connection to one tenant, and the network that it is on."""
    network = Network()
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", lambda _, request: network.handle(request))
    tenants = json.dumps([{"tenantId": TENANT_ID, "etdAppId": TENANT_ID}])
    settings = read_settings({"GRAPH_ENDPOINT": "http://127.0.0.1:1", "TRIAGE_TENANTS": tenants, "TriageStorage": "x"})
    opened = GraphSession(settings, settings.tenants[0])
    try:
        yield opened, network
    finally:
        await opened.close()
