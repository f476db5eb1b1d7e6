"""A managed identity instead of a secret: what azure-identity sends for it, seen at the transport."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AsyncHttpTransport, HttpRequest

from triage.graph.credentials import FederatedCredential, TenantCredential, tenant_credential
from triage.graph.session import GraphSession
from triage.graph.sign_in import TenantSignIn
from triage.settings import read_settings

TENANT = "11111111-2222-3333-4444-555555555555"
OTHER_TENANT = "22222222-2222-3333-4444-555555555555"
APP = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
IDENTITY = "99999999-8888-7777-6666-555555555555"
SCOPE = "https://graph.microsoft.com/.default"
ENVIRON = {"TriageStorage": "x", "TRIAGE_TENANTS": f'[{{"tenantId":"{TENANT}","etdAppId":"{APP}"}}]'}
USER_ASSIGNED = read_settings(ENVIRON | {"AZURE_CLIENT_ID": IDENTITY}).identity


class Answer:
    """A response as azure-core's policies read one."""

    def __init__(self, request: HttpRequest, status: int, body: dict[str, Any]) -> None:
        self.request, self.status_code, self._body = request, status, json.dumps(body)
        self.headers = {"content-type": "application/json"}
        self.content_type = "application/json"
        self.reason, self.context = "", SimpleNamespace()

    def body(self) -> bytes:
        return self._body.encode()

    def text(self, encoding: str | None = None) -> str:
        return self._body

    async def load_body(self) -> None:
        return


class Endpoints(AsyncHttpTransport[HttpRequest, Any]):
    """The managed identity's endpoint and Entra's in one; keeps the requests."""

    def __init__(self, *, lifetime: int = 3600, refuses: bool = False) -> None:
        self.asked: list[HttpRequest] = []
        self.lifetime, self.refuses = lifetime, refuses
        self.closed = 0

    async def send(self, request: HttpRequest, **_: Any) -> Answer:
        self.asked.append(request)
        number = len(self.asked)
        if urlsplit(request.url).hostname == "127.0.0.1":
            expires = str(int(time.time()) + self.lifetime)
            resource = parse_qs(urlsplit(request.url).query)["resource"][0]
            body = {"access_token": f"assertion {number}", "expires_on": expires, "resource": resource}
            return Answer(request, 200, body)
        if self.refuses:
            error = {"error": "invalid_client", "error_description": "AADSTS700213: no federated credential matches"}
            return Answer(request, 400, error)
        body = {"access_token": f"token {number}", "expires_in": self.lifetime, "token_type": "Bearer"}
        return Answer(request, 200, body)

    async def open(self) -> None:
        return

    async def close(self) -> None:
        self.closed += 1

    async def __aenter__(self) -> Endpoints:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed += 1

    async def sleep(self, duration: float) -> None:
        return

    @property
    def identity(self) -> list[dict[str, list[str]]]:
        """The queries that the managed identity's endpoint was asked with."""
        asked = [urlsplit(request.url) for request in self.asked]
        return [parse_qs(url.query) for url in asked if url.hostname == "127.0.0.1"]

    @property
    def entra(self) -> list[tuple[str, dict[str, str]]]:
        """The addresses and forms that Entra was asked with."""
        asked = [request for request in self.asked if urlsplit(request.url).hostname != "127.0.0.1"]
        return [(request.url, dict(request.data)) for request in asked]  # pyright: ignore[reportArgumentType]


@pytest.fixture(autouse=True)
def function_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a function app with a user-assigned identity."""
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "IDENTITY_SERVER_THUMBPRINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")


@pytest.fixture
def endpoints() -> Endpoints:
    return Endpoints()


async def test_the_identitys_token_replaces_a_secret(endpoints: Endpoints) -> None:
    credential = tenant_credential(TENANT, APP, USER_ASSIGNED, transport=endpoints)
    token = await credential.get_token(SCOPE, enable_cae=True)

    assert token.token == "token 2"
    assert endpoints.identity[0]["resource"] == ["api://AzureADTokenExchange"]
    assert endpoints.identity[0]["client_id"] == [IDENTITY]
    address, form = endpoints.entra[0]
    assert address == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    assert form["client_id"] == APP
    assert form["client_assertion"] == "assertion 1"
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == SCOPE
    assert "client_secret" not in form


async def test_both_tokens_are_kept_while_they_are_valid(endpoints: Endpoints) -> None:
    credential = tenant_credential(TENANT, APP, USER_ASSIGNED, transport=endpoints)
    first = await credential.get_token(SCOPE)
    assert await credential.get_token(SCOPE) == first
    assert len(endpoints.asked) == 2


async def test_each_tenant_issues_its_own_token(endpoints: Endpoints) -> None:
    for tenant in (TENANT, OTHER_TENANT):
        await tenant_credential(tenant, APP, USER_ASSIGNED, transport=endpoints).get_token(SCOPE)
    assert [urlsplit(address).path.split("/")[1] for address, _ in endpoints.entra] == [TENANT, OTHER_TENANT]


async def test_an_expired_token_is_renewed_with_a_new_assertion() -> None:
    endpoints = Endpoints(lifetime=0)
    credential = tenant_credential(TENANT, APP, USER_ASSIGNED, transport=endpoints)
    await credential.get_token(SCOPE)
    await credential.get_token(SCOPE)
    assert [form["client_assertion"] for _, form in endpoints.entra] == ["assertion 1", "assertion 3"]


async def test_what_entra_refuses_is_an_authentication_error() -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
        await tenant_credential(TENANT, APP, USER_ASSIGNED, transport=Endpoints(refuses=True)).get_token(SCOPE)


@pytest.mark.parametrize(
    ("authority", "audience", "host"),
    [
        ("login.microsoftonline.us", "api://AzureADTokenExchangeUSGov", "login.microsoftonline.us"),
        ("https://login.microsoftonline.us/", "api://AzureADTokenExchangeUSGov", "login.microsoftonline.us"),
        (
            "https://login.partner.microsoftonline.cn",
            "api://AzureADTokenExchangeChina",
            "login.partner.microsoftonline.cn",
        ),
        ("https://login.microsoftonline.com/", "api://AzureADTokenExchange", "login.microsoftonline.com"),
    ],
)
async def test_national_clouds_have_their_own_token_audience(
    endpoints: Endpoints, authority: str, audience: str, host: str
) -> None:
    identity = read_settings(ENVIRON | {"AZURE_AUTHORITY_HOST": authority}).identity
    await tenant_credential(TENANT, APP, identity, transport=endpoints).get_token(SCOPE)
    assert endpoints.identity[0]["resource"] == [audience]
    assert urlsplit(endpoints.entra[0][0]).hostname == host


async def test_closing_closes_both(endpoints: Endpoints) -> None:
    async with tenant_credential(TENANT, APP, USER_ASSIGNED, transport=endpoints) as credential:
        assert isinstance(credential, FederatedCredential)
        await credential.get_token(SCOPE)
        assert not endpoints.closed
    assert endpoints.closed == 2


async def test_without_an_app_it_is_the_identity_itself() -> None:
    credential = tenant_credential(TENANT, None, USER_ASSIGNED)
    assert isinstance(credential, TenantCredential)
    await credential.close()


async def test_every_tenants_session_signs_in_as_the_app() -> None:
    tenants = json.dumps([{"tenantId": tenant, "etdAppId": IDENTITY} for tenant in (TENANT, OTHER_TENANT)])
    environ = {"TriageStorage": "x", "TRIAGE_TENANTS": tenants, "TRIAGE_GRAPH_CLIENT_ID": APP}
    settings = read_settings(environ)
    for tenant in settings.tenants:
        session = GraphSession(settings, tenant)
        assert isinstance(session._credential, TenantSignIn)
        assert isinstance(session._credential.credential, FederatedCredential)
        await session.close()
