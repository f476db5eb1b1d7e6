"""`/api/findings`: list the findings in four formats, get one, and triage failures again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import azure.functions as func

from triage import deadlines
from triage.api.access import Caller, header
from triage.api.exports import csv_text, ocsf
from triage.api.filters import DEFAULT_TOP, FINDINGS, MAX_TOP, RETRIAGE
from triage.api.problem_types import ProblemType
from triage.api.queries import linked, next_link, page, read_query
from triage.api.responses import DATA_HEADERS, RequestError, endpoint, json_response
from triage.finding import Finding
from triage.operations.deliveries import retriage as queue_again
from triage.operations.services import Services
from triage.problems import InputError, Problem
from triage.storage.query import FILTERS, Query

# An export ends after so many findings or bytes, or when its time is up. Its `Link` header leads to the rest.
MAX_EXPORT_ROWS = 10_000
MAX_EXPORT_BYTES = 32 * 1024 * 1024

Json = dict[str, Any]


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """A page of findings, newest first. CSV and NDJSON have every finding that matches, or the first `top`: up to
    10,000, and a `Link` header (`rel="next"`) leads to the rest."""
    found = read_query(request, caller, FINDINGS)
    shape = _shape(found, services.settings.service_url)
    try:
        if found.get("format") == "csv":
            lines, token = await _lines(services, found, lambda rows: csv_text(map(shape, rows), header=False))
            names = "" if "token" in found else csv_text((), header=True)
            return _export(request, "text/csv", [names, *lines], token)
        if "application/x-ndjson" in (header(request, "Accept") or "").lower():
            lines, token = await _lines(services, found, lambda rows: _ndjson(map(shape, rows)))
            return _export(request, "application/x-ndjson", lines, token)
        top, token = found.get("top", DEFAULT_TOP), found.get("token")
        rows, token = await services.findings.page(_query(found), top, token, whole=_whole(found))
    except InputError as error:
        raise _bad_token(error) from None
    return json_response(page(request, list(map(shape, rows)), token))


def _shape(found: Json, service_url: str) -> Callable[[Json], Json]:
    """What the query makes of a finding."""
    as_ocsf = found.get("format") == "ocsf"

    def shape(row: Json) -> Json:
        finding = linked_to_page(row, service_url)
        return ocsf(finding) if as_ocsf else finding

    return shape


def _whole(found: Json) -> bool:
    """Whether the answer needs all of a finding. CSV has only what a summary has, and OCSF more than that."""
    style = found.get("format", "json")
    return style == "ocsf" or (style == "json" and "fields" not in found)


def linked_to_page(finding: Json, service_url: str) -> Json:
    """A finding with `url`, its place in the dashboard."""
    return {"id": finding["id"], "url": f"{service_url}/api/dashboard?finding={finding['id']}", **finding}


def _query(found: Json) -> Query:
    filters = {name: found[name] for name in FILTERS if name in found}
    return Query(filters, found.get("since"), found.get("until"))


def _bad_token(error: InputError) -> RequestError:
    return RequestError(ProblemType.INVALID_QUERY, f"token {error}", [Problem("token", str(error))])


async def _lines(services: Services, found: Json, text: Callable[[list[Json]], str]) -> tuple[list[str], str | None]:
    """The findings of a query as text, page by page: all of them, at most `top`, or what an export may have."""
    end = asyncio.get_running_loop().time() + deadlines.EXPORT
    most = min(found.get("top", MAX_EXPORT_ROWS), MAX_EXPORT_ROWS)
    query, whole, token = _query(found), _whole(found), found.get("token")
    lines, size = list[str](), 0
    while True:
        rows, token = await services.findings.page(query, min(MAX_TOP, most), token, whole=whole)
        lines.append(text(rows))
        size += len(lines[-1])
        most -= len(rows)
        if token is None or most <= 0 or size > MAX_EXPORT_BYTES or asyncio.get_running_loop().time() > end:
            return lines, token


def _ndjson(rows: Iterator[Json]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _export(request: func.HttpRequest, media_type: str, lines: list[str], token: str | None) -> func.HttpResponse:
    link = next_link(request, token)
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    body = "".join(lines).encode()
    return func.HttpResponse(body, headers=DATA_HEADERS | headers, mimetype=media_type, charset="utf-8")


@endpoint
async def get(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """One finding."""
    finding = await _finding(request, services, caller)
    return json_response(linked_to_page(finding.wire(), services.settings.service_url))


@endpoint
async def retriage(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Puts the stored failure on the queue again. Triage reads all evidence again and updates the finding."""
    finding = await _finding(request, services, caller)
    await queue_again(services, [finding.id])
    return json_response(
        {"accepted": [{"id": finding.failure.id, "findingId": finding.id, "mailbox": finding.failure.mailbox}]},
        HTTPStatus.ACCEPTED,
    )


@endpoint
async def retriage_all(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Puts the stored failures that match on the queue again, newest first, `top` at a time. Send a POST to `nextLink`
    for the rest."""
    found = read_query(request, caller, RETRIAGE)
    top, token = found.get("top", DEFAULT_TOP), found.get("token")
    try:
        rows, token = await services.findings.page(_query(found), top, token, whole=False)
    except InputError as error:
        raise _bad_token(error) from None
    await queue_again(services, [row["id"] for row in rows])
    return json_response(linked(request, {"queued": len(rows)}, token), HTTPStatus.ACCEPTED)


async def _finding(request: func.HttpRequest, services: Services, caller: Caller) -> Finding:
    finding = caller.own(await services.findings.get(request.route_params["id"]))
    if finding is None:
        detail = "There is no finding with this ID. An accepted failure has one after it is triaged."
        raise RequestError(ProblemType.NOT_FOUND, detail)
    return finding
