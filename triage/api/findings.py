"""`/api/findings`: the findings, one of them, and its triage once more."""

from __future__ import annotations

from http import HTTPStatus

import azure.functions as func

from triage.api.queries import DEFAULT_TOP, page, read_query
from triage.api.responses import RequestProblem, endpoint, json_response
from triage.deliveries import requeue
from triage.finding import Finding
from triage.runtime import Services
from triage.storage.index import FILTERS, Query


@endpoint
async def search(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """A page of findings, newest first."""
    found = read_query(request, *FILTERS, "since", "until", "top", "format", "token")
    filters = {name: found[name] for name in FILTERS if name in found}
    query = Query(filters, found.get("since"), found.get("until"))
    try:
        rows, token = await services.findings.page(query, found.get("top", DEFAULT_TOP), found.get("token"))
    except ValueError as error:
        raise RequestProblem(HTTPStatus.BAD_REQUEST, f"token {error}") from None
    return json_response(page(request, rows, token))


@endpoint
async def get(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """One finding."""
    return json_response((await _finding(request, services)).wire())


@endpoint
async def retriage(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """202: the stored failure is on the queue again, and its evidence is read afresh."""
    finding = await _finding(request, services)
    await requeue(services, finding)
    return json_response(
        {"accepted": [{"id": finding.failure.id, "findingId": finding.id, "mailbox": finding.failure.mailbox}]},
        HTTPStatus.ACCEPTED,
    )


async def _finding(request: func.HttpRequest, services: Services) -> Finding:
    finding = await services.findings.get(request.route_params["id"])
    if finding is None:
        detail = "There is no finding with this id, or not yet: an accepted failure has one when it has been triaged."
        raise RequestProblem(HTTPStatus.NOT_FOUND, detail)
    return finding
