"""`/api/coverage`: the scans for mailboxes in which a remediation would fail today."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import azure.functions as func

from triage.api.access import Caller
from triage.api.collection import collection
from triage.api.exports import mailboxes_table
from triage.api.filters import MAILBOXES
from triage.api.queries import read_query
from triage.api.responses import endpoint, existing, json_response
from triage.api.tenant_body import meant
from triage.coverage.model import CoverageScan, MailboxChange
from triage.diagnosis.causes import Cause
from triage.operations.coverage import start_scan
from triage.operations.services import Services


@endpoint
async def latest(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """The newest coverage scan of each configured tenant that has one. It may still be running."""
    read_query(request, caller)
    ids = [tenant.tenant_id for tenant in services.settings.tenants if caller.may(tenant.tenant_id)]
    return json_response({"value": [scan.wire() for scan in await services.coverages.latest(ids)]})


@endpoint
async def get(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """One coverage scan."""
    return json_response((await _scan(request, services, caller)).wire())


@endpoint
async def mailboxes(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """A page of the mailboxes of a scan in which a remediation would fail, in the order of their addresses. With
    `changed`, those that are new since the complete scan before it, or have recovered since."""
    found = read_query(request, caller, MAILBOXES)
    scan = await _scan(request, services, caller)
    causes, changed = map(Cause, found.get("cause", ())), map(MailboxChange, found.get("changed", ()))
    wanted: dict[str, Any] = {"causes": tuple(causes), "changed": tuple(changed)}

    async def read(top: int, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        rows, token = await services.coverages.mailboxes(scan.id, **wanted, top=top, token=token)
        return [row.wire() for row in rows], token

    return await collection(request, found, read, mailboxes_table)


@endpoint
async def post(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Scans the mailboxes of one tenant or of all of them, in the background. If one is already running, it continues."""
    tenants = meant(request.get_body(), services, caller)
    scans = await asyncio.gather(*(start_scan(services, tenant) for tenant in tenants))
    value = [{"id": scan.id, "tenantId": scan.tenant_id} for scan in scans]
    return json_response({"value": value}, HTTPStatus.ACCEPTED)


async def _scan(request: func.HttpRequest, services: Services, caller: Caller) -> CoverageScan:
    found = await services.coverages.get(request.route_params["id"])
    return existing(caller.own(found), "There is no coverage scan with this ID.")
