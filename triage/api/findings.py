"""`/api/findings`: list the findings in four formats, get one, and triage failures again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import azure.functions as func

from triage import deadlines
from triage.api.access import header
from triage.api.exports import csv_text, ocsf
from triage.api.filters import DEFAULT_TOP, FINDINGS, MAX_TOP, RETRIAGE
from triage.api.queries import linked, next_link, page, read_query
from triage.api.responses import DATA_HEADERS, RequestError, endpoint, json_response
from triage.finding import Finding
from triage.operations.deliveries import retriage as queue_again
from triage.operations.services import Services
from triage.problems import InputError
from triage.storage.query import FILTERS, Query

# An export has every match that can be read in the time of a request. Its `Link` header leads to the rest.
MAX_EXPORT_ROWS = 100_000

Rows = list[dict[str, Any]]


@endpoint
async def search(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """A page of findings, newest first. CSV and NDJSON have every finding that matches, or the first `top`."""
    found = read_query(request, FINDINGS)
    query = _query(found)
    top, token = found.get("top"), found.get("token")
    as_ocsf = found.get("format") == "ocsf"
    lines = "application/x-ndjson" in (header(request, "Accept") or "").lower()
    try:
        if found.get("format") == "csv":
            rows, token = await _all(services, query, top, token)
            return _export(request, "text/csv", csv_text(rows, header="token" not in found), token)
        if lines:
            rows, token = await _all(services, query, top, token)
            return _export(request, "application/x-ndjson", _ndjson(rows, ocsf if as_ocsf else None), token)
        rows, token = await services.findings.page(query, top or DEFAULT_TOP, token)
    except InputError as error:
        raise _bad_token(error) from None
    return json_response(page(request, [ocsf(row) for row in rows] if as_ocsf else rows, token))


def _query(found: dict[str, Any]) -> Query:
    filters = {name: found[name] for name in FILTERS if name in found}
    return Query(filters, found.get("since"), found.get("until"))


def _bad_token(error: InputError) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, f"token {error}")


async def _all(services: Services, query: Query, top: int | None, token: str | None) -> tuple[Rows, str | None]:
    """The findings of a query, page by page: all of them, at most `top`, or what can be read in time."""
    end = asyncio.get_running_loop().time() + deadlines.EXPORT
    most = top or MAX_EXPORT_ROWS
    rows: Rows = []
    while True:
        more, token = await services.findings.page(query, min(MAX_TOP, most - len(rows)), token)
        rows += more
        if token is None or len(rows) >= most or asyncio.get_running_loop().time() > end:
            return rows, token


def _ndjson(rows: Rows, shape: Callable[[dict[str, Any]], dict[str, Any]] | None) -> str:
    return "".join(f"{json.dumps(shape(row) if shape else row, ensure_ascii=False)}\n" for row in rows)


def _export(request: func.HttpRequest, media_type: str, text: str, token: str | None) -> func.HttpResponse:
    link = next_link(request, token)
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    return func.HttpResponse(text.encode(), headers=DATA_HEADERS | headers, mimetype=media_type, charset="utf-8")


@endpoint
async def get(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """One finding."""
    return json_response((await _finding(request, services)).wire())


@endpoint
async def retriage(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """Puts the stored failure on the queue again. Triage reads all evidence again and updates the finding."""
    finding = await _finding(request, services)
    await queue_again(services, [finding.id])
    return json_response(
        {"accepted": [{"id": finding.failure.id, "findingId": finding.id, "mailbox": finding.failure.mailbox}]},
        HTTPStatus.ACCEPTED,
    )


@endpoint
async def retriage_all(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """Puts the stored failures that match on the queue again, newest first, `top` at a time. Send a POST to `nextLink`
    for the rest."""
    found = read_query(request, RETRIAGE)
    try:
        rows, token = await services.findings.page(_query(found), found.get("top", DEFAULT_TOP), found.get("token"))
    except InputError as error:
        raise _bad_token(error) from None
    await queue_again(services, [row["id"] for row in rows])
    return json_response(linked(request, {"queued": len(rows)}, token), HTTPStatus.ACCEPTED)


async def _finding(request: func.HttpRequest, services: Services) -> Finding:
    finding = await services.findings.get(request.route_params["id"])
    if finding is None:
        detail = "There is no finding with this ID. An accepted failure has one after it is triaged."
        raise RequestError(HTTPStatus.NOT_FOUND, detail)
    return finding
