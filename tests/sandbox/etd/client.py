"""A plain HTTP client for the simulated ETD, as a connector would call it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import aiohttp
from yarl import URL

from sandbox.etd.server import serve
from sandbox.etd.serving import Served

ONE = "11111111-0000-4000-8000-000000000001"
TWO = "22222222-0000-4000-8000-000000000002"
START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@dataclass
class Answer:
    status: int
    headers: Any
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def message(self) -> str:
        """The envelope has nothing else."""
        assert self.body.keys() == {"message"}
        return self.body["message"]

    @property
    def messages(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.text
        return self.body["data"]["messages"]


@dataclass
class Client:
    etd: Served
    session: aiohttp.ClientSession
    api: dict[str, str]
    token: str = ""
    sent: list[Answer] = field(default_factory=list)

    async def send(self, method: str, url: str, headers: dict[str, str], **more: Any) -> Answer:
        async with self.session.request(method, URL(url, encoded=True), headers=headers, **more) as response:
            answer = Answer(response.status, response.headers, await response.text())
        self.sent.append(answer)
        return answer

    async def sign_in(self, **changes: str) -> Answer:
        """A new token, kept if there is one. `changes` of the credentials; an empty key is not sent."""
        api = self.api | changes
        basic = base64.b64encode(f"{api['clientId']}:{api['clientSecret']}".encode()).decode()
        key = {"x-api-key": api["apiKey"]} if api["apiKey"] else {}
        answer = await self.send("POST", f"{self.etd.url}/v1/oauth/token", key | {"Authorization": f"Basic {basic}"})
        if answer.status == 200:
            self.token = answer.body["accessToken"]
        return answer

    @property
    def usual(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "x-api-key": self.api["apiKey"]}

    async def call(self, name: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        return await self.send(
            "POST", f"{self.etd.url}/v1/{name}", self.usual if headers is None else headers, json=body
        )

    async def search(self, start: str, end: str, **more: Any) -> Answer:
        return await self.call("messages/search", {"timestamp": [start, end], **more})

    async def links(self, first: str, last: str, *kinds: str) -> list[str]:
        """All of the links, of messages unless kinds are given."""
        body = {"timeRange": [first, last], "logTypes": list(kinds) or ["message"]}
        answer = await self.call("logs/downloadLinks", body)
        assert answer.status == 200, answer.text
        return [link for links in answer.body["data"].values() for link in links]

    async def rows(self, first: str, last: str, *kinds: str) -> list[dict[str, Any]]:
        """The rows of all files of these hours, as a program without any doubts reads them."""
        files = [await self.send("GET", link, {}) for link in await self.links(first, last, *kinds)]
        return [json.loads(line) for file in files for line in file.text.splitlines()]

    async def status_of(self, etd_id: str) -> dict[str, Any]:
        answer = await self.call("messages/status", {"id": etd_id})
        assert answer.status == 200, answer.text
        return answer.body["data"]

    async def control(self, method: str, name: str, body: Any = None) -> Answer:
        return await self.send(method, f"{self.etd.url}/_sandbox/{name}", {}, json=body)


def path_of(link: str) -> str:
    return unquote(URL(link, encoded=True).raw_path)


@asynccontextmanager
async def running(
    graph: str | None = None, *, start: datetime | None = START, limited: bool = False, **switches: Any
) -> AsyncIterator[Client]:
    """A client that is signed in at a server of its own, with the clock at 10:00 and without the limits."""
    chosen = {"rateLimit": limited} | switches
    timeout = aiohttp.ClientTimeout(total=20)
    async with (
        serve([ONE, TWO], graph, start=start, switches=chosen) as etd,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        client = Client(etd, session, etd.apis()[0])
        await client.sign_in()
        yield client
