"""A collection as the request asks for it: a page of JSON, or an export as CSV or NDJSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

import azure.functions as func

from triage import deadlines
from triage.api.access import header
from triage.api.filters import DEFAULT_TOP, MAX_TOP
from triage.api.problem_types import ProblemType
from triage.api.queries import next_link, page
from triage.api.responses import DATA_HEADERS, RequestError, json_response
from triage.problems import InputError, Problem

# An export ends after this number of items or bytes, or when its time is up. Its `Link` header leads to the rest.
MAX_EXPORT_ITEMS = 10_000
MAX_EXPORT_BYTES = 32 * 1024 * 1024

CSV, NDJSON = "text/csv", "application/x-ndjson"
EXPORTS = (CSV, NDJSON)

Json = dict[str, Any]
Read = Callable[[int, str | None], Awaitable[tuple[list[Json], str | None]]]
"""Reads at most this number of items after a token, and returns the token of the next page. InputError if it is not valid."""
Table = Callable[..., str]
"""Items as CSV, with or without a header row (exports.py)."""


async def collection(request: func.HttpRequest, found: Json, read: Read, table: Table) -> func.HttpResponse:
    """The answer to a query (queries.read_query) of a collection."""
    token = found.get("token")
    with refusing_tokens():
        if found.get("format") == "csv":
            parts, following = await _export(found, read, lambda items: table(items, header=False))
            names = "" if token else table((), header=True)
            return _exported(request, CSV, [names, *parts], following)
        if NDJSON in (header(request, "Accept") or "").lower():
            return _exported(request, NDJSON, *await _export(found, read, _lines))
        return json_response(page(request, *await read(found.get("top", DEFAULT_TOP), token)))


@contextmanager
def refusing_tokens() -> Generator[None]:
    """Where a list is read: a token that is not that of a page (InputError) becomes a RequestError (400)."""
    try:
        yield
    except InputError as error:
        raise RequestError(ProblemType.INVALID_QUERY, f"token {error}", [Problem("token", str(error))]) from None


async def _export(found: Json, read: Read, text: Callable[[list[Json]], str]) -> tuple[list[str], str | None]:
    """The items as text, page by page: all of them, at most `top`, or what an export may have."""
    end = asyncio.get_running_loop().time() + deadlines.EXPORT
    most, token = min(found.get("top", MAX_EXPORT_ITEMS), MAX_EXPORT_ITEMS), found.get("token")
    parts, size = list[str](), 0
    while True:
        items, token = await read(min(MAX_TOP, most), token)
        parts.append(text(items))
        size += len(parts[-1])
        most -= len(items)
        if token is None or most <= 0 or size > MAX_EXPORT_BYTES or asyncio.get_running_loop().time() > end:
            return parts, token


def _lines(items: Iterable[Json]) -> str:
    return "".join(f"{json.dumps(item, ensure_ascii=False)}\n" for item in items)


def _exported(request: func.HttpRequest, media_type: str, parts: list[str], token: str | None) -> func.HttpResponse:
    link = next_link(request, token)
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    body = "".join(parts).encode()
    return func.HttpResponse(body, headers=DATA_HEADERS | headers, mimetype=media_type, charset="utf-8")
