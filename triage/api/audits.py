"""`/api/audits`: list the audits, list the newest of each tenant, get one, and audit now."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, cast

import azure.functions as func

from triage.addresses import guid
from triage.api.filters import AUDITS, DEFAULT_TOP
from triage.api.queries import page, read_query
from triage.api.responses import RequestError, endpoint, json_response
from triage.operations.audits import audit_all
from triage.operations.services import Services
from triage.problems import Problem
from triage.settings import Tenant


@endpoint
async def search(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """A page of the audits of all tenants, newest first."""
    found = read_query(request, AUDITS)
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
async def latest(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """The newest audit of each configured tenant that has one."""
    read_query(request)
    return json_response({"value": [audit.wire() for audit in await services.audits.latest()]})


@endpoint
async def get(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """One audit."""
    audit = await services.audits.get(request.route_params["id"])
    if audit is None:
        raise RequestError(HTTPStatus.NOT_FOUND, "There is no audit with this ID.")
    return json_response(audit.wire())


@endpoint
async def post(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """Audits one tenant or all of them now, reads everything again, and saves the audits."""
    audits = await audit_all(services, _wanted(request.get_body(), services.settings.tenants))
    return json_response({"value": [audit.wire() for audit in audits]})


def _wanted(body: bytes, tenants: tuple[Tenant, ...]) -> tuple[Tenant, ...]:
    """The tenant that the body names; all tenants if the body is empty."""
    try:
        value: Any = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise RequestError(HTTPStatus.BAD_REQUEST, 'The body must be {"tenantId": "<guid>"}, or empty for all tenants.')
    tenant_id = cast("dict[str, Any]", value).get("tenantId")
    if tenant_id is None:
        return tenants
    status, problem = HTTPStatus.NOT_FOUND, Problem("/tenantId", "is not a tenant in TRIAGE_TENANTS")
    try:
        wanted = guid(tenant_id if isinstance(tenant_id, str) else "")
    except ValueError as error:
        status, problem, wanted = HTTPStatus.BAD_REQUEST, Problem("/tenantId", str(error)), ""
    found = tuple(tenant for tenant in tenants if tenant.tenant_id == wanted)
    if not found:
        raise RequestError(status, "There is no such tenant to audit.", [problem])
    return found
