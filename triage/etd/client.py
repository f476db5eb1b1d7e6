"""The API of one ETD business: tokens, Message Search, the links of Log Export, and the files behind them.

https://developer.cisco.com/docs/message-search-api/ has the requests. A business has 2 requests a second and 10,000 a
day for all its clients together, so requests are paced, and who polls counts them (`spend`).
"""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from triage import __version__, deadlines
from triage.etd import replies
from triage.etd.errors import EtdError, EtdReason, error_of
from triage.etd.lines import file_is_cut, read_lines
from triage.etd.pace import Pace
from triage.etd.replies import LogFile, SearchPage
from triage.settings import LOOPBACK, EtdApi
from triage.telemetry.instruments import span

if TYPE_CHECKING:
    import httpx

PAGE_SIZE = 100
"""The most that Message Search takes."""
TOKEN_SECONDS = 55 * 60.0
"""A token is good for an hour."""
_Answer = TypeVar("_Answer")
_WAITS = (1.0, 4.0, 10.0)  # before each repetition
_PASSING = frozenset({EtdReason.THROTTLED, EtdReason.UNAVAILABLE, EtdReason.TIMEOUT})


class EtdClient:
    """One business, on one event loop. Close it with `close`."""

    def __init__(
        self,
        api: EtdApi,
        spend: Callable[[], Awaitable[None]] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`spend` is awaited before every request to the API, also one for a token. What it raises ends the call."""
        self._api = api
        self._spend = spend
        self._clock = clock
        self._pace = Pace(api.requests_per_second)
        self._http: httpx.AsyncClient | None = None
        self._token, self._token_until = "", 0.0
        self._renewing = asyncio.Lock()

    async def search(
        self, start: datetime, end: datetime, verdicts: Sequence[str], page: str | None = None
    ) -> SearchPage:
        """A page of the messages of a time with one of the verdicts. Both ends are included, to the millisecond."""
        body: dict[str, Any] = {
            "timestamp": [_instant(start), _instant(end)], "verdicts": list(verdicts), "pageSize": PAGE_SIZE,
        }  # fmt: skip
        return await self._ask("messages/search", body | ({"pageToken": page} if page else {}), replies.search_page)

    async def log_files(self, first: str, last: str) -> list[LogFile]:
        """The files of the hours ('YYYY-MM-DDTHH', UTC): at most three, and at most 200 files, without a word of more.

        Whether the last hour is included is not documented. There are none while Log Export is switched off.
        """
        body = {"timeRange": [first, last], "logTypes": ["message"]}
        return await self._ask("logs/downloadLinks", body, replies.log_files)

    async def read_file(self, file: LogFile) -> AsyncGenerator[bytes]:
        """The lines of a file as they arrive. Close it (`aclosing`) if you don't read it to the end.

        EtdError with NOT_FOUND, not fatal, if the link has expired: `log_files` gives a new one. With CUT or TIMEOUT, the file is
        not whole; with UNAVAILABLE, the storage doesn't answer.
        """
        async with aclosing(read_lines(self._parts(file))) as lines:
            async for line in lines:
                yield line

    async def close(self) -> None:
        """Closes every connection."""
        if self._http is not None:
            await self._http.aclose()

    async def _ask(self, path: str, body: dict[str, Any], read: Callable[[object], _Answer]) -> _Answer:
        """What is read from the JSON of an answer. A failure that passes is repeated a few times, as long as ETD_CALL allows."""
        last = EtdError(EtdReason.TIMEOUT)
        latest = _now() + deadlines.ETD_CALL
        try:
            async with asyncio.timeout_at(latest):
                for wait in (*_WAITS, None):
                    try:
                        return read(await self._with_token(path, body))
                    except EtdError as error:
                        last = error
                    pause = last.retry_after if last.retry_after is not None else wait
                    if last.reason not in _PASSING or wait is None or pause is None or _now() + pause > latest:
                        break
                    await asyncio.sleep(pause)
        except TimeoutError:
            pass
        raise last

    async def _with_token(self, path: str, body: dict[str, Any]) -> object:
        """One request; once more with a new token if ETD doesn't take the one that was kept."""
        token = await self._bearer()
        try:
            return await self._post(path, {"Authorization": f"Bearer {token}"}, body)
        except EtdError as error:
            if error.reason is not EtdReason.UNAUTHORIZED:
                raise
        return await self._post(path, {"Authorization": f"Bearer {await self._bearer(refused=token)}"}, body)

    async def _bearer(self, refused: str = "") -> str:
        async with self._renewing:
            if self._token in ("", refused) or self._clock() >= self._token_until:
                pair = f"{self._api.client_id}:{self._api.client_secret.get_secret_value()}"
                basic = base64.b64encode(pair.encode()).decode()
                answer = await self._post("oauth/token", {"Authorization": f"Basic {basic}"}, None)
                self._token, self._token_until = replies.access_token(answer), self._clock() + TOKEN_SECONDS
            return self._token

    async def _post(self, path: str, headers: dict[str, str], body: object) -> object:
        import httpx

        await self._pace.turn()
        if self._spend is not None:
            await self._spend()
        key, http = self._api.api_key.get_secret_value(), self._client()
        url, headers = f"{self._api.endpoint}/v1/{path}", {"x-api-key": key, **headers}
        try:
            with span("ETD", peer="Email Threat Defense", path=path):
                async with asyncio.timeout(deadlines.ETD_REQUEST):
                    answer = await http.post(url, headers=headers, json=body)
        except (TimeoutError, httpx.TimeoutException):
            raise EtdError(EtdReason.TIMEOUT) from None
        except (httpx.HTTPError, OSError) as error:
            raise _no_connection(error) from None
        try:
            payload = answer.json()
        except (ValueError, RecursionError):
            payload = None
        if answer.status_code != 200:
            secrets = (key, self._api.client_secret.get_secret_value(), self._token)
            raise error_of(answer.status_code, answer.headers, payload, filter(None, secrets))
        return payload

    async def _parts(self, file: LogFile) -> AsyncGenerator[bytes]:
        """The bytes of a file. Storage refuses a request that has ETD's headers, and must not get them."""
        import httpx

        self._check_link(file)
        try:
            # No compression on the way: what is compressed then is the file.
            stream = self._client().stream("GET", file.url, headers={"Accept-Encoding": "identity"})
            async with stream as answer:
                if answer.status_code != 200:
                    raise _file_error(answer.status_code)
                async for part in answer.aiter_raw():
                    yield part
        except httpx.RemoteProtocolError:
            raise file_is_cut() from None
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            raise EtdError(EtdReason.TIMEOUT) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise _no_connection(error, "the storage of Log Export") from None

    def _check_link(self, file: LogFile) -> None:
        import httpx

        try:
            url = httpx.URL(file.url)
        except httpx.InvalidURL:
            raise replies.unreadable() from None
        if url.scheme != "https" and not (self._api.on_loopback and url.scheme == "http" and url.host in LOOPBACK):
            raise EtdError(EtdReason.REFUSED, "A link of Log Export isn't https, so the file is not read")

    def _client(self) -> httpx.AsyncClient:
        import httpx

        if self._http is None:
            # At INFO it writes a line for every request, with its URL: the signature of a link is in it.
            logging.getLogger("httpx").setLevel(logging.WARNING)
            headers = {"User-Agent": f"etd-triage/{__version__}"}
            self._http = httpx.AsyncClient(timeout=deadlines.ETD_REQUEST, follow_redirects=False, headers=headers)
        return self._http


def _no_connection(error: Exception, to: str = "ETD") -> EtdError:
    return EtdError(EtdReason.UNAVAILABLE, f"The connection to {to} failed ({type(error).__name__})")


def _file_error(status: int) -> EtdError:
    """A link that has expired gets 403, or 400 if its signer's own session has. Nobody has to act: there are new ones."""
    if 400 <= status < 500 and status not in (408, 429):
        return EtdError(EtdReason.NOT_FOUND, "The link to a file of Log Export has expired", status=status, fatal=False)
    return EtdError(EtdReason.UNAVAILABLE, "A file of Log Export can't be read", status=status)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now() -> float:
    return asyncio.get_running_loop().time()
