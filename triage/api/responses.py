"""JSON responses and RFC 9457 problems, and what surrounds every handler: app roles, a deadline, storage errors."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any

import azure.functions as func

from triage import deadlines
from triage.api.access import AccessError, check_role
from triage.api.route import Endpoint
from triage.operations.services import Services, services
from triage.problems import InputError, Problem
from triage.telemetry.errors import safe_traceback

RETRY_AFTER_SECONDS = "30"

_log = logging.getLogger(__name__)

# An answer has addresses and subjects: no cache keeps it, and no browser takes it for anything but what it is.
DATA_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Handler = Callable[[func.HttpRequest, Services], Awaitable[func.HttpResponse]]


class RequestError(InputError):
    """A request that can't be answered. Its problems become the `errors` of the response."""

    def __init__(self, status: HTTPStatus, detail: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(detail, problems)
        self.status = status


def json_response(value: Any, status: HTTPStatus = HTTPStatus.OK) -> func.HttpResponse:
    """A value as JSON."""
    return func.HttpResponse(
        json.dumps(value, ensure_ascii=False),
        status_code=status,
        headers=DATA_HEADERS,
        mimetype="application/json",
        charset="utf-8",
    )


def problem_response(
    status: HTTPStatus, detail: str, problems: list[Problem] | None = None, headers: dict[str, str] | None = None
) -> func.HttpResponse:
    """An RFC 9457 problem."""
    body: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    if problems:
        body["errors"] = [problem.wire() for problem in problems]
    text = json.dumps(body, ensure_ascii=False)
    return func.HttpResponse(
        text,
        status_code=status,
        headers=DATA_HEADERS | (headers or {}),
        mimetype="application/problem+json",
        charset="utf-8",
    )


def endpoint(handler: Handler) -> Endpoint:
    """A handler that checks the app role and always answers in time: an error becomes an RFC 9457 problem."""

    @functools.wraps(handler)
    async def framed(request: func.HttpRequest) -> func.HttpResponse:
        try:
            found = services()
            check_role(found.settings, request)
            async with asyncio.timeout(deadlines.REQUEST):
                return await handler(request, found)
        except Exception as error:
            return _failure(error)

    return framed


def _failure(error: Exception) -> func.HttpResponse:
    from azure.core.exceptions import AzureError

    match error:
        case AccessError():
            return problem_response(error.status, str(error))
        case RequestError():
            return problem_response(error.status, str(error), error.problems)
        case TimeoutError():
            return _unavailable("The request took too long. Try again.")
        case AzureError():
            _log.error("Storage failed: %s", type(error).__name__)
            return _unavailable("The storage account cannot be reached. Try again.")
        case ExceptionGroup():
            return _failure(error.exceptions[0])
        case _:
            _log.error("Unexpected failure: %s", safe_traceback(error))
            return problem_response(
                HTTPStatus.INTERNAL_SERVER_ERROR, "Unexpected error. See the log of the service for the reason."
            )


def _unavailable(detail: str) -> func.HttpResponse:
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": RETRY_AFTER_SECONDS})
