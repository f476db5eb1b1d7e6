"""A token of another tenant never yields anything but `unauthenticated`, whatever else fails."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Any, TypeVar

import httpx
import hypothesis
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from hypothesis import strategies as st

from tests.factories import APP_ID, MAILBOX, OTHER_TENANT_ID, TENANT_ID, make_failure
from triage.audit.model import Verdict
from triage.diagnosis.causes import Cause
from triage.finding import Finding
from triage.graph import credentials
from triage.graph.batching import Batcher
from triage.graph.evidence import Reason
from triage.graph.kept import READ_NOW
from triage.graph.replies import Reply
from triage.graph.session import GraphSession
from triage.graph.tenants import Tenants
from triage.intake.queue_message import QueuedFailure
from triage.intake.scenario import Scenario
from triage.operations.audits import audit_without_storage
from triage.operations.triage import triage
from triage.settings import Settings, read_settings

T = TypeVar("T")

ERRORS = {
    Scenario.RESOURCE_NOT_FOUND: "Resource is Not Found",
    Scenario.UNKNOWN_REASON: "Remediation Failed - Unknown Reason",
    Scenario.INVALID_USER: "The Requested User is Invalid",
    Scenario.MAILBOX_UNAVAILABLE: "Mailbox is Inactive or Soft-Deleted",
    Scenario.UNCLASSIFIED: "?",
}
WORKING = {"servicePlanId": "efb87545-963c-4e0d-99df-69c6916d9eb0", "capabilityStatus": "Enabled"}


def settings(endpoint: str = "http://127.0.0.1:9") -> Settings:
    tenants = json.dumps([{"tenantId": TENANT_ID, "etdAppId": APP_ID, "domains": ["contoso.com"]}])
    return read_settings({"GRAPH_ENDPOINT": endpoint, "TRIAGE_TENANTS": tenants, "TriageStorage": "x"})


@cache
def opened() -> GraphSession:
    """One for all examples: opening a session takes longer than an example."""
    found = settings()
    return GraphSession(found, found.tenants[0])


def queued(scenario: Scenario) -> QueuedFailure:
    failure = make_failure(error=ERRORS[scenario], error_code=None)
    return QueuedFailure.of(failure, "f" * 32, received_at="2026-11-20T10:00:00Z", since=READ_NOW)


def another_tenant(url: str) -> Reply:
    """What the other tenant answers: it has a user with the address, with a message in Deleted Items, and no such app."""
    if url.startswith("/organization"):
        return Reply(200, {"value": [{"id": OTHER_TENANT_ID, "verifiedDomains": [{"name": "contoso.com"}]}]})
    if url.startswith(("/servicePrincipals", "/applications")):
        return Reply(404, {"error": {"code": "Request_ResourceNotFound"}})
    if "/messages" in url:
        return Reply(200, {"value": [{"id": "m", "parentFolderId": "deleteditems"}]})
    if "/mailFolders/" in url:
        return Reply(200, {"id": url.split("/mailFolders/")[1].split("?", maxsplit=1)[0], "displayName": "Folder"})
    if url.startswith("/users/"):
        return Reply(200, {"id": "u", "userPrincipalName": MAILBOX, "assignedPlans": [WORKING]})
    return Reply(200, {"value": []})


KINDS = ("/organization", "/users/", "/users?", "/directory", "/servicePrincipals", "/applications", "/mailFolders/inbox",
         "/mailFolders/", "/messages", "/mailFolders?", "/groups", "/contacts", "/tenantRelationships")  # fmt: skip
FAILURES = [
    Reply(400, {"error": {"code": "BadRequest", "message": "no"}}),
    Reply(401, {"error": {"code": "InvalidAuthenticationToken"}}),
    Reply(403, {"error": {"code": "Authorization_RequestDenied"}}),
    Reply(404, {"error": {"code": "Request_ResourceNotFound"}}),
    Reply(404, {"error": {"code": "UnknownError"}}),
    Reply(429, retry_after=99.0),
    Reply(500),
    Reply(503, retry_after=99.0),
    Reply(504, retry_after=99.0),
    Reply(200, {"value": []}),
    Reply(200, {"value": [{}]}),
    Reply(reason=Reason.TIMEOUT),
]


@hypothesis.settings(deadline=None, max_examples=100)
@hypothesis.given(
    st.dictionaries(st.sampled_from(KINDS), st.sampled_from(FAILURES)), st.sampled_from([*ERRORS]),
)  # fmt: skip
def test_nothing_is_concluded_from_another_tenant(failing: dict[str, Reply], scenario: Scenario) -> None:
    """The token says nothing of its tenant, so the organization has to, and it may fail like anything else."""

    async def send(items: list[dict[str, Any]], _: float) -> dict[str, Reply]:
        def answer(url: str) -> Reply:
            return next((reply for kind, reply in failing.items() if kind in url), None) or another_tenant(url)

        return {item["id"]: answer(item["url"]) for item in items}

    found = settings()

    async def run(work: Callable[[Tenants], Awaitable[T]]) -> T:
        tenants = Tenants(found)
        session = tenants.graph(found.tenants[0])._session = opened()
        session.batcher = Batcher(send)
        return await work(tenants)

    finding = asyncio.run(run(lambda tenants: triage(found, tenants, queued(scenario))))
    audit = asyncio.run(run(lambda tenants: audit_without_storage(found, tenants, found.tenants[0])))
    assert (finding.cause, finding.exposed, finding.also_seen) == (Cause.UNDETERMINED, None, [])
    assert {check.outcome for check in finding.checks if check.request} == {"unknown"}
    assert (audit.verdict, audit.service_principal, audit.issues) == (Verdict.UNKNOWN, None, [])
    if "/organization" not in failing:
        assert {lack.reason for lack in finding.reasons} == {Reason.UNAUTHENTICATED}
        assert not finding.passing
        assert {lack.reason for lack in audit.unreadable} == {Reason.UNAUTHENTICATED}


def token(tenant_id: str | None) -> str:
    """An access token as Entra makes them, that names a tenant, or that nobody but Graph can read."""
    if tenant_id is None:
        return "opaque-secret-token"
    parts = ({"alg": "RS256"}, {"tid": tenant_id, "aud": "https://graph.microsoft.com"})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "signature-secret"])


class Identity:
    """A credential with one answer to every request for a token."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        if isinstance(self.answer, Exception):
            raise self.answer
        return AccessToken(self.answer, 2**33)

    async def close(self) -> None:
        pass


class Cloud:
    """Graph of `tenant_id` behind the HTTP client, where reads of the `failing` kind are 403."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.asked: list[str] = []
        self.failing = "nothing"
        monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", lambda _, request: self._handle(request))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        responses: list[dict[str, Any]] = []
        for item in json.loads(await request.aread())["requests"]:
            self.asked.append(item["url"])
            reply = another_tenant(item["url"])
            if self.failing in item["url"]:
                reply = Reply(403, {"error": {"code": "Authorization_RequestDenied"}})
            responses.append({"id": item["id"], "status": reply.status, "body": reply.body})
        return httpx.Response(200, json={"responses": responses})

    async def found(self, answer: str | Exception) -> Finding:
        self.monkeypatch.setattr(credentials, "tenant_credential", lambda *_, **__: Identity(answer))
        found = settings("https://graph.microsoft.com")
        tenants = Tenants(found)
        try:
            return await triage(found, tenants, queued(Scenario.UNKNOWN_REASON))
        finally:
            await tenants.close()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    return Cloud(monkeypatch)


async def test_nothing_is_asked_with_a_token_that_names_another_tenant(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    finding = await cloud.found(token(OTHER_TENANT_ID))
    assert (finding.cause, cloud.asked, finding.passing) == (Cause.UNDETERMINED, [], False)
    assert {lack.reason for lack in finding.reasons} == {Reason.UNAUTHENTICATED}
    assert "No token for Graph: the token is another tenant's" in caplog.text
    assert (
        "secret" not in caplog.text and OTHER_TENANT_ID not in caplog.text and token(OTHER_TENANT_ID) not in caplog.text
    )


async def test_a_token_that_names_the_tenant_is_enough(cloud: Cloud) -> None:
    """Without the organization, only what depends on the organization is unknown."""
    cloud.failing = "/organization"
    finding = await cloud.found(token(TENANT_ID.upper()))
    assert (finding.cause, finding.exposed) == (Cause.APP_NOT_FOUND, True)
    opaque = await cloud.found(token(None))
    assert (opaque.cause, opaque.exposed) == (Cause.UNDETERMINED, None)
    assert {(lack.reason, lack.permission) for lack in opaque.reasons} == {(Reason.FORBIDDEN, "User.Read.All")}


def refused(status: int) -> HttpResponseError:
    error = ClientAuthenticationError("refused")
    error.status_code = status
    return error


@pytest.mark.parametrize(("error", "passing"), [
    (ClientAuthenticationError("Authentication failed: AADSTS7000222: The client secret keys are expired."), False),
    (ClientAuthenticationError("Authentication failed: AADSTS90033: A transient error has occurred."), True),
    (refused(400), False), (refused(401), False), (refused(429), True), (refused(503), True),
    (ServiceRequestError("Cannot connect to host login.microsoftonline.com"), True),
    (OSError("connection reset"), True),
])  # fmt: skip
async def test_a_failed_sign_in_is_temporary_unless_it_was_refused(
    cloud: Cloud, error: Exception, passing: bool
) -> None:
    finding = await cloud.found(error)
    assert {lack.reason for lack in finding.reasons} == {Reason.UNAUTHENTICATED}
    assert (finding.passing, cloud.asked) == (passing, [])
    assert "away" not in finding.reasons[0].wire()
