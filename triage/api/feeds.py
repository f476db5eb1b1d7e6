"""`/api/feeds`: how the feeds from Email Threat Defense's API are doing, and polling them now."""

from __future__ import annotations

from http import HTTPStatus

import azure.functions as func

from triage.api.access import Caller
from triage.api.problem_types import ProblemType
from triage.api.queries import read_query
from triage.api.responses import RequestError, endpoint, json_response
from triage.api.tenant_body import meant
from triage.operations import feeds
from triage.operations.services import Services


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """The feed of each configured tenant: how far it is, what it found, and what was lost."""
    read_query(request, caller)
    found = await feeds.feeds(services)
    return json_response({"value": [feed.wire() for feed in found if caller.may(feed.tenant_id)]})


@endpoint
async def poll(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Polls the feed of one tenant or of all of them, in the background."""
    tenants = meant(request.get_body(), services, caller)
    polled = [one for tenant in tenants for one in await feeds.poll(services, tenant.tenant_id)]
    if not polled:
        detail = "There is nothing to poll: set ETD_APIS to the API of Email Threat Defense (docs/connect.md)."
        raise RequestError(ProblemType.NO_FEED, detail)
    return json_response({"value": [{"tenantId": one} for one in polled]}, HTTPStatus.ACCEPTED)
