"""`/api/failures`: accepts failures, and answers the handshakes of CloudEvents and Event Grid."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

import azure.functions as func

from triage.api.access import AccessError, Caller, header
from triage.api.problem_types import ProblemType
from triage.api.responses import RequestError, endpoint, json_response
from triage.intake.envelope import validation_code
from triage.intake.json_text import IntakeError
from triage.operations.accept import OtherTenantError, accept
from triage.operations.services import Services

_PROBLEMS = {
    "not_json": ProblemType.INVALID_BODY,
    "not_a_failure": ProblemType.INVALID_FAILURE,
    "too_large": ProblemType.TOO_LARGE,
}


@endpoint
async def post(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Puts the failures on the queue. The response has the IDs of their findings, which exist after triage has run."""
    body = request.get_body()
    headers = {name.lower(): value for name, value in cast("Mapping[str, str]", request.headers).items()}
    try:
        code = validation_code(body)
        if code is not None:
            return json_response({"validationResponse": code})
        queued = await accept(services, body, headers, caller.tenants)
    except IntakeError as error:
        raise RequestError(_PROBLEMS[error.reason], f"Nothing was accepted. {error}.", error.problems) from None
    except OtherTenantError as error:
        detail = f"Nothing was accepted. {error}"
        raise AccessError(ProblemType.OTHER_TENANT, detail, error.problems) from None
    accepted = [{"id": one.failure.id, "findingId": one.finding_id, "mailbox": one.failure.mailbox} for one in queued]
    return json_response({"accepted": accepted}, HTTPStatus.ACCEPTED)


@endpoint
async def options(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """The abuse protection of CloudEvents webhooks. Every origin is allowed: a POST needs a key or an app role."""
    headers = {"Allow": "OPTIONS, POST"}
    origin = header(request, "WebHook-Request-Origin")
    if origin:
        headers["WebHook-Allowed-Origin"] = origin
        headers["WebHook-Allowed-Rate"] = header(request, "WebHook-Request-Rate") or "*"
    return func.HttpResponse(status_code=HTTPStatus.OK, headers=headers)
