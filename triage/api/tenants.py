"""`/api/tenants`: the tenants of the deployment."""

from __future__ import annotations

import azure.functions as func

from triage.api.access import Caller
from triage.api.queries import read_query
from triage.api.responses import endpoint, json_response
from triage.operations.services import Services
from triage.operations.tenants import describe_tenants


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """The tenants in `TRIAGE_TENANTS`, each with its name, the verdict of its newest audit, and its numbers."""
    read_query(request, caller)
    tenants = tuple(tenant for tenant in services.settings.tenants if caller.may(tenant.tenant_id))
    return json_response({"value": await describe_tenants(services, tenants)})
