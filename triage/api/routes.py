"""Every HTTP route, once: the functions are registered from this table, and the OpenAPI description is made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import azure.functions as func

from triage.api import audits, dashboard, failures, findings, health, rejected, summary
from triage.api.openapi import describe
from triage.api.responses import endpoint, json_response
from triage.api.schemas import (
    AUDIT_PAGE,
    FINDING_PAGE,
    REJECTED_PAGE,
    AcceptedBody,
    AuditRequest,
    Health,
    Summary,
)
from triage.audit.model import Audit
from triage.finding import Finding
from triage.operations.services import Services
from triage.storage.index import FILTERS


@endpoint
async def description(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """The description of these routes, as OpenAPI."""
    return json_response(describe(ROUTES))


class Route(NamedTuple):
    """One route. `query` names the parameters that it reads; `answer` is the model of its success."""

    name: str
    method: str
    path: str
    handler: Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]
    summary: str
    answer: object = None
    status: int = 200
    query: tuple[str, ...] = ()
    body: object = None
    anonymous: bool = False
    problems: tuple[int, ...] = ()


ROUTES = (
    Route("post_failures", "POST", "failures", failures.post, "Take failures in", AcceptedBody, 202, body="failures",
          problems=(400, 413, 503)),
    Route("options_failures", "OPTIONS", "failures", failures.options, "Answer the handshake of CloudEvents webhooks"),
    Route("get_findings", "GET", "findings", findings.search, "Findings, newest first", FINDING_PAGE,
          query=(*FILTERS, "since", "until", "top", "format"), problems=(400, 503)),
    Route("get_finding", "GET", "findings/{id}", findings.get, "One finding", Finding, problems=(404, 503)),
    Route("post_retriage", "POST", "findings/{id}/retriage", findings.retriage, "Triage again, reading afresh",
          AcceptedBody, 202, problems=(404, 413, 503)),
    Route("get_audits", "GET", "audits", audits.search, "Permission audits, newest first", AUDIT_PAGE,
          query=("tenantId", "verdict", "since", "until", "top"), problems=(400, 503)),
    Route("post_audits", "POST", "audits", audits.post, "Audit now, reading afresh", AUDIT_PAGE, body=AuditRequest,
          problems=(400, 404, 503)),
    Route("get_latest_audits", "GET", "audits/latest", audits.latest, "The newest audit of each tenant", AUDIT_PAGE,
          problems=(400, 503)),
    Route("get_audit", "GET", "audits/{id}", audits.get, "One audit", Audit, problems=(404, 503)),
    Route("get_summary", "GET", "summary", summary.get, "Numbers of findings, and the state of the apps", Summary,
          query=("since", "until", "tenantId"), problems=(400, 503)),
    Route("get_rejected", "GET", "rejected", rejected.search, "Events that could not be read", REJECTED_PAGE,
          query=("top",), problems=(400, 503)),
    Route("get_health", "GET", "health", health.get, "Whether the service can do its work", Health, anonymous=True),
    Route("get_openapi", "GET", "openapi.json", description, "This description"),
    Route("get_dashboard", "GET", "dashboard", dashboard.page, "The page for people", anonymous=True),
    Route("get_dashboard_asset", "GET", "dashboard/{asset}", dashboard.asset, "A file of the page", anonymous=True, problems=(404,)),
)  # fmt: skip
