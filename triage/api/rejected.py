"""`/api/rejected`: the events that could not be read as failures."""

from __future__ import annotations

import azure.functions as func

from triage.api.access import EVERYTHING
from triage.api.collection import refusing_tokens
from triage.api.filters import DEFAULT_TOP, REJECTED
from triage.api.queries import page, read_query
from triage.api.responses import json_response, unlimited_endpoint
from triage.operations.services import Services


@unlimited_endpoint
async def search(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """A page of the events that could not be read as failures, newest first. Each has its full text."""
    found = read_query(request, EVERYTHING, REJECTED)
    with refusing_tokens():
        rows, token = await services.rejected.page(found.get("top", DEFAULT_TOP), found.get("token"))
    return json_response(page(request, rows, token))
