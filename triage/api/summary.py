"""`/api/summary`: how many failures there were, of what, and how the apps are."""

from __future__ import annotations

import azure.functions as func

from triage.api.queries import read_query
from triage.api.responses import endpoint, json_response
from triage.operations.services import Services
from triage.operations.summary import summarize


@endpoint
async def get(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """The numbers between `since` and `until`."""
    found = read_query(request, "since", "until", "tenantId")
    return json_response(await summarize(services, found.get("since"), found.get("until"), found.get("tenantId")))
