"""Sends the requests to the channels, and reports how each ended, without URLs and secrets."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from triage import deadlines
from triage.notifications.email import SCOPE
from triage.notifications.notice import Notice
from triage.notifications.outgoing import Outgoing
from triage.notifications.render import render
from triage.notifications.rules import Outcome, Result
from triage.notifications.text import plain
from triage.retry_after import seconds_to_wait
from triage.settings import Channel

if TYPE_CHECKING:
    import httpx

LOCAL_TOKEN = "local-simulator"  # noqa: S105 - what the stand-ins on this machine accept; not a secret
_ANSWER_BYTES = 2_000
_ANSWER_CHARACTERS = 200


class Sender:
    """The connection to all channels, for one event loop."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._http: httpx.AsyncClient | None = None
        self._credential: Any = None

    async def send(self, channel: Channel, notice: Notice) -> Outcome:
        """Sends a notice once. Errors of the receiver are not raised."""
        outgoing = render(notice, channel, self._source)
        try:
            async with asyncio.timeout(deadlines.NOTIFICATION):
                outcome = await self._post(channel, outgoing)
        except TimeoutError:
            answer = f"No answer within {deadlines.NOTIFICATION:.0f} seconds."
            outcome = Outcome(Result.AGAIN, answer, unsure=True)
        return replace(outcome, answer=_without_secrets(outcome.answer, channel))

    async def _post(self, channel: Channel, outgoing: Outgoing) -> Outcome:
        import httpx

        headers = dict(outgoing.headers)
        if outgoing.needs_token:
            try:
                headers["Authorization"] = f"Bearer {await self._token(channel)}"
            except Exception as error:  # azure-identity's errors quote Entra's, which name the tenant
                return Outcome(Result.AGAIN, f"The service's identity gets no token ({type(error).__name__}).")
        try:
            request = self._client().build_request("POST", outgoing.url, content=outgoing.body, headers=headers)
            response = await self._client().send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            return Outcome(Result.AGAIN, f"The connection failed ({type(error).__name__}).", unsure=sent)
        try:
            return _outcome(response, await _beginning(response))
        finally:
            await response.aclose()

    async def _token(self, channel: Channel) -> str:
        if channel.on_loopback:
            return LOCAL_TOKEN
        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential

            self._credential = DefaultAzureCredential()
        return (await self._credential.get_token(SCOPE)).token

    def _client(self) -> httpx.AsyncClient:
        import httpx

        if self._http is None:
            # At INFO they log the URL of every request, which is the secret of Teams and Slack.
            for name in ("httpx", "httpcore"):
                logging.getLogger(name).setLevel(logging.WARNING)
            self._http = httpx.AsyncClient(timeout=deadlines.NOTIFICATION, follow_redirects=False)
        return self._http

    async def close(self) -> None:
        """Closes every connection."""
        for client in (self._http.aclose if self._http else None, self._credential.close if self._credential else None):
            if client is not None:
                await client()


async def _beginning(response: httpx.Response) -> str:
    """The first bytes of the answer, which can have any length, or what arrives before the connection breaks."""
    import httpx

    found = b""
    try:
        async for part in response.aiter_bytes():
            found += part
            if len(found) >= _ANSWER_BYTES:
                break
    except httpx.HTTPError:
        pass
    return found[:_ANSWER_BYTES].decode(errors="replace")


def _outcome(response: httpx.Response, text: str) -> Outcome:
    status = response.status_code
    answer = f"HTTP {status}{f': {said}' if (said := plain(text, _ANSWER_CHARACTERS)) else ''}"
    if 200 <= status < 300:
        return Outcome(Result.DELIVERED, answer, status)
    seconds = seconds_to_wait(response.headers.get("Retry-After"))
    return Outcome(Result.AGAIN, answer, status, None if seconds is None else math.ceil(seconds))


def _without_secrets(answer: str, channel: Channel) -> str:
    """The receiver's answer without the channel's URL or key, in case it repeats them."""
    url = urlsplit(channel.address)
    secrets = [channel.address, channel.key, url.query, *re.findall(r"[^/]{8,}", url.path)]
    for secret in sorted((secret for secret in secrets if len(secret) >= 8), key=len, reverse=True):
        answer = answer.replace(secret, "***")
    return answer
