"""Who may ask what: function keys, roles of signed-in people, and the health, which is for anyone."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.service_client import Graph, OwnTenant, Service, StartService

KEY = "key-of-the-end-to-end-tests"
ROUTES = [
    ("POST", "failures"),
    ("GET", "findings"),
    ("GET", "findings/0123"),
    ("POST", "findings/retriage?top=0"),
    ("POST", "findings/0123/retriage"),
    ("GET", "audits"),
    ("GET", "audits/latest"),
    ("GET", "audits/0123"),
    ("POST", "audits"),
    ("GET", "rejected"),
]


@pytest.fixture(scope="module")
def tenant(own_tenants: Iterator[OwnTenant]) -> OwnTenant:
    own = next(own_tenants)
    own.change(groups={"crew": {}}, contacts={"carl": {"mail": "carl@supplier.example"}})
    return own


@pytest.fixture(scope="module")
def guarded(start_service: StartService, tenant: OwnTenant) -> Iterator[Service]:
    """For one tenant, with keys asked for. The client has none of its own accord."""
    settings = {"TRIAGE_TENANTS": json.dumps([tenant.entry()]), "AzureWebJobsSandboxKey": KEY}
    with start_service("--enable-auth", **settings) as started:
        yield started


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_requires_a_function_key(guarded: Service, method: str, path: str) -> None:
    for headers in ({}, {"x-functions-key": "wrong"}):
        answer = guarded.http.request(method, f"/api/{path}", headers=headers)
        assert (answer.status_code, answer.content) == (401, b"")
    in_url = f"{path}{'&' if '?' in path else '?'}code={KEY}"
    for url, headers in ((path, {"x-functions-key": KEY}), (in_url, {})):
        assert guarded.http.request(method, f"/api/{url}", headers=headers).status_code in (200, 400, 404)


def test_the_key_is_in_no_link(guarded: Service, tenant: OwnTenant) -> None:
    answer = guarded.http.post("/api/failures", json=[tenant.failure(), tenant.failure()], params={"code": KEY})
    assert answer.status_code == 202, "and with one tenant a failure need not say which"
    guarded.drained()
    page = guarded.http.get("/api/findings", params={"code": KEY, "top": 1, "tenantId": tenant.id}).json()
    assert len(page["value"]) == 1 and KEY not in page["nextLink"]
    following = guarded.http.get(page["nextLink"], headers={"x-functions-key": KEY})
    assert len(following.json()["value"]) == 1


def test_health_is_for_anyone_and_says_nothing_of_the_tenant(guarded: Service, tenant: OwnTenant) -> None:
    answer = guarded.get("health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"storage": {"status": "ok"}, "graph": {"status": "ok"},
                   "permissions": {"status": "ok", "lacking": []},
                   "feeds": {"status": "ok", "feeds": 0, "behind": 0, "failing": 0},
                   "notifications": {"status": "ok", "channels": 0, "failing": 0}},
    }  # fmt: skip
    for word in (tenant.id, tenant.domain, tenant.key, "@"):
        assert word not in answer.text


@pytest.fixture(scope="module")
def signed_in(start_service: StartService, tenant: OwnTenant) -> Iterator[Service]:
    """With `easyauth` the platform asks for no key: it has signed the caller in."""
    settings = {
        "TRIAGE_TENANTS": json.dumps([tenant.entry()]),
        "TRIAGE_AUTH": "easyauth",
        "WEBSITE_AUTH_ENABLED": "True",
    }
    with start_service("--enable-auth", AzureWebJobsSandboxKey=KEY, **settings) as started:
        yield started


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("headers", [{}, {"x-functions-key": KEY}], ids=["no header", "a key"])
def test_a_caller_who_is_not_signed_in_gets_401(
    signed_in: Service, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = signed_in.http.request(method, f"/api/{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("role", ["Triage.Read", "Triage.Write"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_roles(signed_in: Service, method: str, path: str, role: str) -> None:
    claims = [{"typ": "name", "val": "Adele"}, {"typ": "roles", "val": role}]
    principal = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()
    headers = {"x-ms-client-principal": principal}
    answer = signed_in.http.request(method, f"/api/{path}", headers=headers, content=b"{}")
    needed = "Triage.Read" if method == "GET" else "Triage.Write"
    if role == needed:
        assert answer.status_code in (200, 400, 404)
    else:
        assert answer.status_code == 403
        assert needed in answer.json()["detail"]


def test_with_roles_too_health_and_the_handshake_are_for_anyone(signed_in: Service) -> None:
    assert signed_in.get("health").status_code == 200
    answer = signed_in.http.options("/api/failures", headers={"WebHook-Request-Origin": "a.example"})
    assert answer.headers["WebHook-Allowed-Origin"] == "a.example"


LACKING = {
    # Where the tenant's own domains cannot be read, whose domain is whose is tried on a configured one.
    "humongousinsurance.com": {"User.Read.All", "Application.Read.All", "GroupMember.Read.All", "OrgContact.Read.All",
                               "CrossTenantInformation.ReadBasic.All", "Organization.Read.All", "AuditLog.Read.All",
                               "ExchangeMessageTrace.Read.All"},
    "no-users.example": {"User.Read.All", "Directory.Read.All"},
    "basic-users.example": {"User.Read.All", "Directory.Read.All", "MailboxSettings.Read",
                            "CrossTenantInformation.ReadBasic.All", "Organization.Read.All", "AuditLog.Read.All",
                            "ExchangeMessageTrace.Read.All"},
    "no-applications.example": {"Application.Read.All"},
    "no-mail.example": {"Mail.ReadBasic.All"},
    "no-groups.example": {"GroupMember.Read.All", "Directory.Read.All"},
    "no-contacts.example": {"OrgContact.Read.All", "Directory.Read.All"},
    "no-cross-tenant.example": {"CrossTenantInformation.ReadBasic.All"},
    "graphicdesigninstitute.com": {"Directory.Read.All"},
    "no-settings.example": {"MailboxSettings.Read"},
    "no-skus.example": {"Organization.Read.All", "Directory.Read.All"},
}  # fmt: skip


@pytest.fixture(scope="module")
def lacking(start_service: StartService, graph: Graph) -> Iterator[httpx.Response]:
    domains = {*LACKING, "signed-out.example"}
    entries = [entry for entry in graph.tenants() if domains & set(entry["domains"])]
    with start_service(TRIAGE_TENANTS=json.dumps(entries)) as started:
        yield started.get("health")


def test_health_lists_missing_permissions_with_tenant_counts(lacking: httpx.Response) -> None:
    assert lacking.status_code == 200
    state = lacking.json()
    assert (state["status"], state["checks"]["permissions"]["status"]) == ("degraded", "degraded")
    rows = {row["permission"]: row["tenants"] for row in state["checks"]["permissions"]["lacking"]}
    wanted = {name: sum(name in names for names in LACKING.values()) for name in set().union(*LACKING.values())}
    assert rows == wanted


def test_a_tenant_that_refuses_the_service_is_named(lacking: httpx.Response) -> None:
    assert lacking.json()["checks"]["graph"] == {"status": "degraded", "reasons": ["unauthenticated"]}


def test_health_does_not_reveal_tenants(lacking: httpx.Response) -> None:
    for domain in LACKING:
        assert domain not in lacking.text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", lacking.text)
