"""Responses and problems. Whatever happens in a handler, the caller gets one of them in time, without a traceback."""

from __future__ import annotations

import asyncio
import json
import logging
from http import HTTPStatus
from typing import Any

import azure.functions as func
import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from tests.factories import APP_ID, TENANT_ID
from triage import deadlines
from triage.api.access import EVERYTHING, Caller
from triage.api.problem_types import ProblemType
from triage.api.responses import RequestError, endpoint, json_response, problem_response
from triage.operations.services import Services
from triage.problems import Problem

REQUEST = func.HttpRequest("GET", "https://triage.example/api/findings", body=b"")
SECRET = "adele@contoso.com: pay at once"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TriageStorage", "UseDevelopmentStorage=true")
    monkeypatch.setenv("TRIAGE_TENANTS", json.dumps([{"tenantId": TENANT_ID, "etdAppId": APP_ID}]))
    monkeypatch.delenv("TRIAGE_AUTH", raising=False)


def body(response: func.HttpResponse) -> Any:
    return json.loads(response.get_body())


def test_json() -> None:
    response = json_response({"ü": [1, None]}, HTTPStatus.ACCEPTED)
    assert (response.status_code, response.mimetype, body(response)) == (202, "application/json", {"ü": [1, None]})
    assert "ü".encode() in response.get_body()


def test_problems() -> None:
    plain = problem_response(ProblemType.NOT_FOUND, "There is none.")
    assert (plain.status_code, plain.mimetype) == (404, "application/problem+json")
    assert body(plain) == {
        "type": "urn:problem-type:triage:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is none.",
    }
    placed = problem_response(ProblemType.INVALID_BODY, "?", [Problem("/3/mailbox", "is missing")])
    assert body(placed)["errors"] == [{"pointer": "/3/mailbox", "detail": "is missing"}]
    assert "Retry-After" not in placed.headers
    assert problem_response(ProblemType.TIMEOUT, "?").headers["Retry-After"] == "30"


def test_problem_types_are_unique() -> None:
    assert len({kind.urn for kind in ProblemType}) == len(ProblemType)


NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def test_answers_disable_caching_and_mime_sniffing() -> None:
    for response in (json_response([]), problem_response(ProblemType.TIMEOUT, "?")):
        assert NOT_KEPT.items() <= dict(response.headers).items()


async def answer_to(error: BaseException, request: func.HttpRequest = REQUEST) -> func.HttpResponse:
    async def handler(_: func.HttpRequest, __: Services, ___: Caller) -> func.HttpResponse:
        raise error

    return await endpoint(handler)(request)


async def test_the_response_of_a_handler() -> None:
    async def handler(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
        assert (request, caller) == (REQUEST, EVERYTHING)
        return json_response(services.settings.tenants[0].tenant_id)

    assert body(await endpoint(handler)(REQUEST)) == TENANT_ID


ERRORS: list[tuple[BaseException, int]] = [
    (RequestError(ProblemType.TOO_LARGE, "no", [Problem("/a", "b")]), 413),
    (TimeoutError(SECRET), 503),
    (ServiceRequestError(SECRET), 503),
    (HttpResponseError(SECRET), 503),
    (ExceptionGroup(SECRET, [ServiceRequestError(SECRET), ValueError(SECRET)]), 503),
    (ExceptionGroup(SECRET, [ExceptionGroup(SECRET, [RequestError(ProblemType.TOO_LARGE, "no")])]), 413),
    (ValueError(SECRET), 500),
    (RecursionError(SECRET), 500),
    (ExceptionGroup(SECRET, [KeyError(SECRET)]), 500),
]


@pytest.mark.parametrize(("error", "status"), ERRORS)
async def test_every_error_becomes_a_problem(
    error: BaseException, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = await answer_to(error)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    text = response.get_body().decode()
    assert "Traceback" not in text
    assert SECRET not in text, "the text of an error can be an attacker's"
    assert SECRET not in caplog.text
    assert body(response)["status"] == status
    assert response.headers.get("Retry-After") == ("30" if status == 503 else None)


async def test_a_canceled_request_gets_no_response() -> None:
    with pytest.raises(asyncio.CancelledError):
        await answer_to(asyncio.CancelledError())


async def test_a_handler_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deadlines.REQUEST < 30
    monkeypatch.setattr(deadlines, "REQUEST", 0.01)
    ended: list[bool] = []

    async def handler(_: func.HttpRequest, __: Services, ___: Caller) -> func.HttpResponse:
        try:
            await asyncio.sleep(5)
        finally:
            ended.append(True)
        raise AssertionError

    response = await endpoint(handler)(REQUEST)
    assert (response.status_code, ended) == (503, [True])


async def test_roles_are_checked_before_the_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_AUTH", "easyauth")
    response = await answer_to(AssertionError("not reached"))
    assert (response.status_code, body(response)["title"]) == (401, "Not signed in")


async def test_wrong_settings_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_TENANTS", "nonsense")
    assert (await answer_to(AssertionError("not reached"))).status_code == 500


async def test_what_storage_denies_is_not_called_unreachable() -> None:
    """Trying again would not help: a role is missing."""
    denied = HttpResponseError(SECRET)
    denied.status_code = 403  # as the SDK does, from the response
    response = await answer_to(denied)
    assert (response.status_code, body(response)["type"]) == (503, "urn:problem-type:triage:storage-denied")
    assert "Check the roles" in body(response)["detail"]


@pytest.mark.parametrize("error", [ServiceRequestError(SECRET), TimeoutError(SECRET)])
async def test_a_post_that_failed_may_have_done_a_part(error: Exception) -> None:
    post = func.HttpRequest("POST", "https://triage.example/api/failures", body=b"")
    part = "Part of the request may have been processed: send all of it again."
    assert part in body(await answer_to(error, post))["detail"]
    assert part not in body(await answer_to(error))["detail"]
