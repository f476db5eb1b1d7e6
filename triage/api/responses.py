"""JSON responses and RFC 9457 problems, and what surrounds every handler: app roles, a deadline, storage errors."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

import azure.functions as func

from triage import deadlines
from triage.api.access import READ, WRITE, AccessError, Caller, identify
from triage.api.problem_types import ProblemType
from triage.api.representation import representation
from triage.api.route import Endpoint
from triage.operations.services import Services, services
from triage.problems import InputError, Problem
from triage.telemetry.errors import safe_traceback

RETRY_AFTER_SECONDS = "30"

_log = logging.getLogger(__name__)

# An answer has addresses and subjects: no cache keeps it, and no browser takes it for anything but what it is.
DATA_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Handler = Callable[[func.HttpRequest, Services, Caller], Awaitable[func.HttpResponse]]
UnlimitedHandler = Callable[[func.HttpRequest, Services], Awaitable[func.HttpResponse]]
T = TypeVar("T")


class RequestError(InputError):
    """A request that can't be answered. Its problems become the `errors` of the response."""

    def __init__(self, kind: ProblemType, detail: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(detail, problems)
        self.kind = kind


def existing(found: T | None, detail: str) -> T:
    """What was found. RequestError (404) if that is nothing."""
    if found is None:
        raise RequestError(ProblemType.NOT_FOUND, detail)
    return found


def json_response(value: Any, status: HTTPStatus = HTTPStatus.OK) -> func.HttpResponse:
    """A value as JSON."""
    return func.HttpResponse(
        json.dumps(value, ensure_ascii=False),
        status_code=status,
        headers=DATA_HEADERS,
        mimetype="application/json",
        charset="utf-8",
    )


def in_dashboard(value: dict[str, Any], services: Services, **place: str) -> dict[str, Any]:
    """A finding, an incident or an exposure with `url`, its place in the dashboard."""
    return value | {"url": f"{services.settings.service_url}/api/dashboard?{urlencode(place)}"}


def problem_response(kind: ProblemType, detail: str, problems: Iterable[Problem] = ()) -> func.HttpResponse:
    """An RFC 9457 problem."""
    body: dict[str, Any] = {"type": kind.urn, "title": kind.title, "status": int(kind.status), "detail": detail}
    if errors := [problem.wire() for problem in problems]:
        body["errors"] = errors
    retry = {"Retry-After": RETRY_AFTER_SECONDS} if kind.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return func.HttpResponse(
        json.dumps(body, ensure_ascii=False),
        status_code=kind.status,
        headers=DATA_HEADERS | retry,
        mimetype="application/problem+json",
        charset="utf-8",
    )


def endpoint(handler: Handler) -> Endpoint:
    """A handler that gets the caller, and always answers in time: an error becomes an RFC 9457 problem.

    The handler shows and changes only what `Caller` allows.
    """

    @functools.wraps(handler)
    async def framed(request: func.HttpRequest) -> func.HttpResponse:
        try:
            found = services()
            caller = identify(found.settings, request)
            async with asyncio.timeout(deadlines.REQUEST):
                return await handler(request, found, caller)
        except Exception as error:
            return _failure(error, changes=request.method != "GET")

    return representation(framed)


def unlimited_endpoint(handler: UnlimitedHandler) -> Endpoint:
    """An endpoint about what belongs to no tenant. It is closed to a caller whose roles are limited to tenants."""

    @functools.wraps(handler)
    async def framed(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
        if caller.tenants is not None:
            needed = READ if request.method == "GET" else WRITE
            detail = f"This belongs to no tenant, so it needs the app role {needed} without a tenant."
            raise AccessError(ProblemType.ROLE_MISSING, detail)
        return await handler(request, services)

    return endpoint(framed)


def _failure(error: Exception, *, changes: bool) -> func.HttpResponse:
    from azure.core.exceptions import AzureError, HttpResponseError

    # Without an answer of storage, nobody knows whether it did what it was asked for.
    again = "Part of the request may have been processed: send all of it again." if changes else " Try again."
    match error:
        case AccessError() | RequestError():
            return problem_response(error.kind, str(error), error.problems)
        case TimeoutError():
            return problem_response(ProblemType.TIMEOUT, f"The request took too long.{again}")
        case HttpResponseError(status_code=401 | 403):
            _log.error("Storage denied access: %s", type(error).__name__)
            detail = "The storage account denies the service access. Check the roles of its identity."
            return problem_response(ProblemType.STORAGE_DENIED, detail)
        case AzureError():
            _log.error("Storage failed: %s", type(error).__name__)
            return problem_response(ProblemType.STORAGE_AWAY, f"The storage account cannot be reached.{again}")
        case ExceptionGroup():
            return _failure(error.exceptions[0], changes=changes)
        case _:
            _log.error("Unexpected failure: %s", safe_traceback(error))
            detail = "Unexpected error. See the log of the service for the reason."
            return problem_response(ProblemType.INTERNAL, detail)
