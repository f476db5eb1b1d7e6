"""`/api/health`: anonymous, and without any tenant data."""

from __future__ import annotations

from http import HTTPStatus

import azure.functions as func

from triage.api.representation import representation
from triage.api.responses import json_response
from triage.operations.health import DOWN, check_health
from triage.operations.services import services


@representation
async def get(_: func.HttpRequest) -> func.HttpResponse:
    """The health of storage, Graph, the feeds and the channels, and the permissions that the service lacks."""
    state = await check_health(services())
    return json_response(state, HTTPStatus.SERVICE_UNAVAILABLE if state["status"] == DOWN else HTTPStatus.OK)
