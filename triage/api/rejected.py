"""`/api/rejected`: the events that could not be read as failures."""

from __future__ import annotations

import azure.functions as func

from triage.api.queries import DEFAULT_TOP, page, read_query
from triage.api.responses import endpoint, json_response
from triage.operations.services import Services


@endpoint
async def search(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """A page of rejected events, newest first."""
    found = read_query(request, "top", "token")
    rows, token = await services.rejected.page(found.get("top", DEFAULT_TOP), found.get("token"))
    return json_response(page(request, rows, token))
