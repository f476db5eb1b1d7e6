"""A plain HTTP client for the simulated tenant, independent of Graph's SDK."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from sandbox.tenant.serve.server import Served, serve
from sandbox.tenant.world.texts import read_yaml
from sandbox.tenant.world.world import SHIPPED, World

EVENTUAL = {"ConsistencyLevel": "eventual"}
ETD = "e7d00000-0000-4000-8000-000000000001"


@functools.cache
def shipped() -> dict[str, Any]:
    return read_yaml(SHIPPED.read_text(encoding="utf-8"))


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str
    body: Any

    @property
    def code(self) -> str:
        return self.body["error"]["code"]

    @property
    def message(self) -> str:
        return self.body["error"]["message"]

    def column(self, name: str) -> list[Any]:
        return [item[name] for item in self.body["value"]]


@dataclass
class Client:
    session: aiohttp.ClientSession
    served: Served
    tenant: str = "contoso"

    @property
    def world(self) -> World:
        return self.served.world

    async def send(self, method: str, url: str, headers: Mapping[str, str | None] | None = None, **more: Any) -> Answer:
        """`url` is sent as it is, already encoded. A header with the value None is left out."""
        found = self.world.tenants.get(self.tenant)
        usual = {"Authorization": "Bearer local-simulator", "X-Tenant-Id": found.id if found else self.tenant}
        merged = {name: value for name, value in (usual | dict(headers or {})).items() if value is not None}
        async with self.session.request(method, URL(url, encoded=True), headers=merged, **more) as response:
            text = await response.text()
            is_json = text.startswith(("{", "["))
            body = await response.json(content_type=None) if is_json else None
            return Answer(response.status, response.headers, text, body)

    async def get(self, path: str, headers: Mapping[str, str | None] | None = None, **options: str) -> Answer:
        """`options`: query options without their `$`, encoded here: `select="id"`, `filter="…"`."""
        encoded = "&".join(f"${name}={quote(value)}" for name, value in options.items())
        separator = "&" if "?" in path else "?"
        return await self.send("GET", f"{self.served.url}/v1.0{path}{separator if encoded else ''}{encoded}", headers)

    async def follow(self, link: str, headers: Mapping[str, str | None] | None = None) -> Answer:
        return await self.send("GET", link, headers)

    async def batch(self, *items: Mapping[str, Any], headers: Mapping[str, str | None] | None = None) -> Answer:
        return await self.send("POST", f"{self.served.url}/v1.0/$batch", headers, json={"requests": list(items)})

    async def control(self, method: str, name: str, body: Any = None) -> Answer:
        return await self.send(method, f"{self.served.url}/_sandbox/{name}", json=body)

    async def faults(self, *rules: Mapping[str, Any]) -> None:
        answer = await self.control("POST", "faults", list(rules))
        assert answer.status == 204, answer.text

    async def stats(self) -> dict[str, Any]:
        return (await self.control("GET", "stats")).body


def get(item_id: str, url: str, **more: Any) -> dict[str, Any]:
    """One item of a batch."""
    return {"id": item_id, "method": "GET", "url": url} | more


def by_id(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.text
    return {item["id"]: item for item in answer.body["responses"]}


@asynccontextmanager
async def running(
    spec: Mapping[str, Any] | None = None, tenant: str = "contoso", **more: float
) -> AsyncIterator[Client]:
    """A client of a tenant server of its own, with the shipped data unless `spec` is given."""
    timeout = aiohttp.ClientTimeout(total=20)
    async with serve(World(spec or shipped()), **more) as served, aiohttp.ClientSession(timeout=timeout) as session:
        yield Client(session, served, tenant)
