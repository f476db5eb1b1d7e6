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
    plain = problem_response(HTTPStatus.NOT_FOUND, "There is none.")
    assert (plain.status_code, plain.mimetype) == (404, "application/problem+json")
    assert body(plain) == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is none."}
    placed = problem_response(HTTPStatus.BAD_REQUEST, "?", [Problem("/3/mailbox", "is missing")], {"X": "y"})
    assert body(placed)["errors"] == [{"pointer": "/3/mailbox", "detail": "is missing"}]
    assert placed.headers["X"] == "y"


NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def test_no_cache_keeps_an_answer_and_no_browser_guesses_its_type() -> None:
    problem = problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "?", headers={"Retry-After": "30"})
    for response in (json_response([]), problem):
        assert NOT_KEPT.items() <= dict(response.headers).items()
    assert problem.headers["Retry-After"] == "30"


async def answer_to(error: BaseException) -> func.HttpResponse:
    async def handler(_: func.HttpRequest, __: Services) -> func.HttpResponse:
        raise error

    return await endpoint(handler)(REQUEST)


async def test_the_response_of_a_handler() -> None:
    async def handler(request: func.HttpRequest, services: Services) -> func.HttpResponse:
        assert request is REQUEST
        return json_response(services.settings.tenants[0].tenant_id)

    assert body(await endpoint(handler)(REQUEST)) == TENANT_ID


ERRORS: list[tuple[BaseException, int]] = [
    (RequestError(HTTPStatus.CONFLICT, "no", [Problem("/a", "b")]), 409),
    (TimeoutError(SECRET), 503),
    (ServiceRequestError(SECRET), 503),
    (HttpResponseError(SECRET), 503),
    (ExceptionGroup(SECRET, [ServiceRequestError(SECRET), ValueError(SECRET)]), 503),
    (ExceptionGroup(SECRET, [ExceptionGroup(SECRET, [RequestError(HTTPStatus.CONFLICT, "no")])]), 409),
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

    async def handler(_: func.HttpRequest, __: Services) -> func.HttpResponse:
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
    assert (response.status_code, body(response)["title"]) == (401, "Unauthorized")


async def test_wrong_settings_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_TENANTS", "nonsense")
    assert (await answer_to(AssertionError("not reached"))).status_code == 500
