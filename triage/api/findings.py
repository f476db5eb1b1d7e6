"""`/api/findings`: list the findings in four formats, get one, and triage failures again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import azure.functions as func

from triage.api.access import Caller
from triage.api.collection import collection, refusing_tokens
from triage.api.exports import findings_table, ocsf
from triage.api.filters import DEFAULT_TOP, FINDINGS, RETRIAGE
from triage.api.queries import linked, read_query
from triage.api.responses import endpoint, existing, in_dashboard, json_response
from triage.finding import Finding
from triage.operations import findings
from triage.operations.accept import retriage as queue_again
from triage.operations.services import Services
from triage.storage.query import FILTERS, MESSAGE, Query, message_key

Json = dict[str, Any]


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """A page of findings, newest first. CSV and NDJSON have every finding that matches, or the first `top`: up to
    10,000, and a `Link` header (`rel="next"`) leads to the rest."""
    found = read_query(request, caller, FINDINGS)
    style = found.get("format", "json")
    # CSV has only what a summary has, and OCSF more than that.
    whole = style == "ocsf" or (style == "json" and "fields" not in found)

    async def read(top: int, token: str | None) -> tuple[list[Json], str | None]:
        rows, token = await findings.page(services, _query(found), top, token, whole=whole)
        shown = [in_dashboard(row, services, finding=row["id"]) for row in rows]
        return [ocsf(row) for row in shown] if style == "ocsf" else shown, token

    return await collection(request, found, read, findings_table)


def _query(found: Json) -> Query:
    filters = {name: found[name] for name in FILTERS if name in found}
    if MESSAGE in filters:
        filters[MESSAGE] = tuple(message_key(message) for message in filters[MESSAGE])
    return Query(filters, found.get("since"), found.get("until"))


@endpoint
async def get(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """One finding."""
    finding = await _finding(request, services, caller)
    return json_response(in_dashboard(finding.wire(), services, finding=finding.id))


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
    with refusing_tokens():
        rows, token = await findings.page(services, _query(found), top, token, whole=False)
    await queue_again(services, [row["id"] for row in rows])
    return json_response(linked(request, {"queued": len(rows)}, token), HTTPStatus.ACCEPTED)


async def _finding(request: func.HttpRequest, services: Services, caller: Caller) -> Finding:
    found = await findings.find(services, request.route_params["id"])
    detail = "There is no finding with this ID. An accepted failure has one after it is triaged."
    return existing(caller.own(found), detail)
