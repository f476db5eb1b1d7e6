"""`/api/audits`: list the audits, list the newest of each tenant, get one, and audit now."""

from __future__ import annotations

from typing import Any, cast

import azure.functions as func

from triage.addresses import guid
from triage.api.access import Caller
from triage.api.filters import AUDITS, DEFAULT_TOP
from triage.api.problem_types import ProblemType
from triage.api.queries import page, read_query
from triage.api.responses import RequestError, endpoint, json_response
from triage.intake.json_text import IntakeError, parse_json
from triage.operations.audits import audit_all
from triage.operations.services import Services
from triage.problems import Problem


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """A page of the audits of all tenants, newest first."""
    found = read_query(request, caller, AUDITS)
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
    audit = caller.own(await services.audits.get(request.route_params["id"]))
    if audit is None:
        raise RequestError(ProblemType.NOT_FOUND, "There is no audit with this ID.")
    return json_response(audit.wire())


@endpoint
async def post(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Audits one tenant or all of them now, reads everything again, and saves the audits."""
    wanted = caller.chosen(_named(request.get_body()))
    tenants = tuple(tenant for tenant in services.settings.tenants if wanted is None or tenant.tenant_id in wanted)
    if wanted is not None and not tenants:
        problem = Problem("/tenantId", "is not a tenant in TRIAGE_TENANTS")
        raise RequestError(ProblemType.UNKNOWN_TENANT, "There is no such tenant to audit.", [problem])
    audits = await audit_all(services, tenants)
    return json_response({"value": [audit.wire() for audit in audits]})


def _named(body: bytes) -> tuple[str, ...] | None:
    """The tenant that the body names; None if it is empty."""
    try:
        value: object = parse_json(body) if body.strip() else {}
    except IntakeError as error:
        raise RequestError(ProblemType.INVALID_BODY, f"The body cannot be read. {error}.", error.problems) from None
    if not isinstance(value, dict):
        detail = 'The body must be {"tenantId": "<guid>"}, or empty for all tenants.'
        raise RequestError(ProblemType.INVALID_BODY, detail)
    tenant_id = cast("dict[str, Any]", value).get("tenantId")
    if tenant_id is None:
        return None
    try:
        return (guid(tenant_id if isinstance(tenant_id, str) else ""),)
    except ValueError as error:
        problem = Problem("/tenantId", str(error))
        raise RequestError(ProblemType.INVALID_BODY, "There is no such tenant to audit.", [problem]) from None
