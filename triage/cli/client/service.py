"""The triage service as the commands use it: a deployment over HTTPS, or its code in this process."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

import httpx

from triage import deadlines
from triage.api.filters import MAX_TOP
from triage.cli.client.answers import UnreachableError, detail, is_problem, read_answer, retry_after, unreachable
from triage.cli.client.sign_in import BearerAuth
from triage.cli.errors import UsageError
from triage.cli.show.terminal import say
from triage.settings import LOOPBACK

TIMEOUT = httpx.Timeout(deadlines.CLIENT_REQUEST, connect=deadlines.CLIENT_CONNECT)
_BUSY = (429, 503)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the service is. Without a URL, it is the storage account in the environment's settings."""

    url: str | None = None
    key: str | None = None
    scope: str | None = None


class Service:
    """The service's API (docs/api.md). Every failure is a CommandError that says what to do."""

    def __init__(self, http: httpx.AsyncClient, *, direct: bool) -> None:
        self._http = http
        self.direct = direct
        self.more = False  # whether the last collection had more items

    async def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Json:
        """The JSON of a resource."""
        return await self._ask("GET", path, params=dict(parameters or {}))

    async def health(self) -> Json:
        """The service's health, also if it is down. Without a key, and without waiting."""
        try:
            answer = await self._http.get("/api/health")
        except httpx.HTTPError as error:
            raise UnreachableError(unreachable(self._http.base_url, error)) from error
        try:
            body = answer.json()
        except ValueError:
            body = None
        if isinstance(body, dict) and "checks" in body:
            return cast("Json", body)
        read_answer(answer)  # an error says why
        raise UnreachableError(
            f"{self._http.base_url} answers, but it is not the triage service ({answer.status_code})."
        )

    async def post(self, path: str, body: bytes | Json = b"") -> Json:
        """The JSON of the response to a POST."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self._ask("POST", path, content=content, headers={"Content-Type": "application/json"})

    async def whole(self, path: str) -> AsyncIterator[list[Json]]:
        """All items of a collection that has no pages, as one page."""
        self.more = False
        yield cast("list[Json]", (await self.get(path)).get("value") or [])

    async def pages(
        self, path: str, parameters: Mapping[str, str], most: int | None, page: int = MAX_TOP
    ) -> AsyncIterator[list[Json]]:
        """The pages of a collection, at most `most` items (None: all). An empty collection is one empty page."""
        asked = {**parameters, "top": str(min(most or page, page))}
        self.more = True
        while self.more:
            answer = await self.get(path, asked)
            rows = cast("list[Json]", answer.get("value") or [])
            following = next_query(answer)
            self.more = bool(following) or (most is not None and len(rows) > most)
            yield rows[:most]
            if most is not None:
                most -= len(rows)
                if most <= 0:
                    return
            asked = following

    async def _ask(self, method: str, path: str, **request: Any) -> Json:
        waited = 0.0
        while True:
            try:
                answer = await self._http.request(method, f"/api/{path}", **request)
            except httpx.HTTPError as error:
                raise UnreachableError(unreachable(self._http.base_url, error)) from error
            if answer.status_code not in _BUSY:
                return read_answer(answer)
            pause = retry_after(answer.headers.get("Retry-After"), waited)
            if self.direct or waited + pause > deadlines.CLIENT_RETRIES:
                raise UnreachableError(self._busy(answer, pause))
            say(f"The service is busy ({answer.status_code}). Waiting {pause:.0f} s.")
            await asyncio.sleep(pause)
            waited += pause

    def _busy(self, answer: httpx.Response, pause: float) -> str:
        if self.direct:
            return f"{detail(answer)} Check TriageStorage: it must be an account that this machine can reach."
        log = (
            ""
            if is_problem(answer)
            else " If this continues, look at the function app's Log stream: the app may fail to start."
        )
        return f"{detail(answer)} Try again in {pause:.0f} s.{log}"


@asynccontextmanager
async def connect(target: Target) -> AsyncGenerator[Service]:
    """The service at the target; UsageError if neither options nor settings say where it is."""
    if target.url:
        url, key = address(target.url)
        headers = {"x-functions-key": _key(key)} if (key := target.key or key) else {}
        auth = BearerAuth(target.scope) if target.scope else None
        async with httpx.AsyncClient(base_url=url, headers=headers, auth=auth, timeout=TIMEOUT) as http:
            try:
                yield Service(http, direct=False)
            finally:
                if auth is not None:
                    await auth.aclose()
        return
    if not any(os.environ.get(name) for name in ("TriageStorage", "TriageStorage__tableServiceUri")):
        raise UsageError(
            "Which service? Set TRIAGE_URL (or --url) and TRIAGE_KEY. Or, to use the storage account directly, set "
            "TriageStorage and TRIAGE_TENANTS to the function app's values."
        )
    from triage.cli.client.direct import ADDRESS, DirectTransport

    async with httpx.AsyncClient(transport=DirectTransport(), base_url=ADDRESS) as http:
        yield Service(http, direct=True)


async def tenant_names(service: Service) -> dict[str, str]:
    """What people call each tenant. Without a deployment, only the names in TRIAGE_TENANTS: others take a question to Graph."""
    if service.direct:
        from triage.operations.services import services

        return {tenant.tenant_id: tenant.name for tenant in services().settings.tenants if tenant.name}
    tenants: list[Json] = (await service.get("tenants"))["value"]
    return {str(tenant["tenantId"]): str(tenant["name"]) for tenant in tenants}


def next_query(answer: Json) -> dict[str, str]:
    """The query of the link to the next page, empty at the end. No more of it, so the key is sent to no other host."""
    return dict(parse_qsl(urlsplit(str(answer.get("nextLink") or "")).query))


def address(text: str) -> tuple[str, str | None]:
    """The function app's URL without `/api…`, and the key in `?code=`, as in the URLs that the Azure portal shows.

    UsageError unless it is https, because http would send the key and the findings in clear text. Loopback may be
    http.
    """
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        netloc = url.netloc.rpartition("@")[2]
        host = url.hostname if _can_be_asked(url, netloc) else None
    except (ValueError, httpx.InvalidURL):
        host, url, netloc = None, urlsplit(""), ""
    if not host or url.scheme not in ("https", "http"):
        raise UsageError(f"--url {text!r} is not a URL such as https://my-triage.azurewebsites.net.")
    if url.scheme == "http" and host not in LOOPBACK:
        raise UsageError("--url must be https: http would send the key and the findings in clear text.")
    prefix = url.path.partition("/api")[0].rstrip("/")
    return f"{url.scheme}://{netloc}{prefix}", dict(parse_qsl(url.query)).get("code")


def _can_be_asked(url: SplitResult, netloc: str) -> bool:
    """Whether the host and the port can exist. ValueError or httpx's InvalidURL if not: they would only fail later."""
    (url.hostname or "").encode("idna")
    httpx.URL(f"https://{netloc}")
    return url.port != 0 and " " not in netloc


def _key(text: str) -> str:
    """A function key without the line break of the file that it came from. UsageError if no header can have it."""
    key = text.strip()
    if not key.isascii() or not key.isprintable():
        raise UsageError("The function key (TRIAGE_KEY or --key) has characters that no key has. Copy it again.")
    return key


def segment(identifier: str) -> str:
    """An ID as one segment of a path, whatever characters it has."""
    return quote(identifier.strip(), safe="")
