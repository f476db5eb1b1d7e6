"""`/api/summary`: the numbers of findings, and the state of the apps."""

from __future__ import annotations

import azure.functions as func

from triage.api.access import Caller
from triage.api.filters import SUMMARY
from triage.api.queries import read_query
from triage.api.responses import endpoint, json_response
from triage.operations.services import Services
from triage.operations.summary import summarize


@endpoint
async def get(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Counts of findings by scenario, cause, severity, confidence, state and day; and, as of now, the messages that can
    still be opened, the open incidents, and each app's newest verdict."""
    found = read_query(request, caller, SUMMARY)
    return json_response(await summarize(services, found.get("since"), found.get("until"), found.get("tenantId")))
