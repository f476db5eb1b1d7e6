"""`/api/audits`: list the audits, list the newest of each tenant, get one, and audit now."""

from __future__ import annotations

import azure.functions as func

from triage.api.access import Caller
from triage.api.collection import refusing_tokens
from triage.api.filters import AUDITS, DEFAULT_TOP
from triage.api.queries import page, read_query
from triage.api.responses import endpoint, existing, json_response
from triage.api.tenant_body import meant
from triage.operations.audits import audit_all
from triage.operations.services import Services


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """A page of the audits of all tenants, newest first."""
    found = read_query(request, caller, AUDITS)
    with refusing_tokens():
        rows, token = await services.audits.page(
            found.get("top", DEFAULT_TOP),
            found.get("token"),
            tenant_ids=found.get("tenantId"),
            verdicts=found.get("verdict", ()),
            since=found.get("since"),
            until=found.get("until"),
        )
    return json_response(page(request, rows, token))


@endpoint
async def latest(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """The newest audit of each configured tenant that has one."""
    read_query(request, caller)
    return json_response({"value": [audit.wire() for audit in await services.audits.latest(caller.tenants)]})


@endpoint
async def get(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """One audit."""
    found = await services.audits.get(request.route_params["id"])
    return json_response(existing(caller.own(found), "There is no audit with this ID.").wire())


@endpoint
async def post(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Audits one tenant or all of them now, reads everything again, and saves the audits."""
    tenants = meant(request.get_body(), services, caller)
    audits = await audit_all(services, tenants)
    return json_response({"value": [audit.wire() for audit in audits]})
