"""The permission audit, over HTTP and by its timer: each verdict and issue, the history, and what changed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.e2e.service_client import (
    ETD_APP_ID,
    LONGEST_REQUEST,
    Graph,
    Json,
    OwnTenant,
    Service,
    StartService,
    instant,
    wait_until,
)

REQUIRED = ("Mail.ReadWrite", "Organization.Read.All")
DOCUMENTED = ("Domain.Read.All", "User.Read.All", "Group.Read.All", "GroupMember.Read.All")
ALL = [*REQUIRED, *DOCUMENTED]

# What is so of the app, the audit's verdict, its issues, and how its required permissions are.
AUDITS: dict[str, tuple[Json, str, set[str], str]] = {
    "in order": ({}, "healthy", set(), "granted"),
    "with a registration": ({"etd": {"registration": {}}}, "healthy", set(), "granted"),
    "gone": ({"etd": {"servicePrincipal": "absent"}}, "broken", {"app_not_found"}, "missing"),
    "deleted": ({"etd": {"servicePrincipal": "deleted"}}, "broken", {"app_deleted"}, "missing"),
    "switched off": ({"etd": {"enabled": False}}, "broken", {"app_disabled"}, "granted"),
    "switched off by its owner": ({"etd": {"isDisabled": True}}, "broken", {"app_disabled"}, "granted"),
    "switched off by Microsoft": (
        {"etd": {"disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement"}},
        "broken", {"app_disabled"}, "granted",
    ),
    "not switched off by Microsoft": ({"etd": {"disabledByMicrosoftStatus": "NotDisabled"}}, "healthy", set(), "granted"),
    "without consent": (
        {"etd": {"granted": [*DOCUMENTED], "registration": {"application": ALL}}},
        "broken", {"consent_missing"}, "consent_missing",
    ),
    "declared as Delegated": (
        {"etd": {"granted": [*DOCUMENTED], "registration": {"application": [], "delegated": list(REQUIRED)}}},
        "broken", {"permission_delegated_only"}, "delegated_only",
    ),
    "granted as Delegated": (
        {"etd": {"granted": [*DOCUMENTED], "delegated": ["User.Read", *REQUIRED]}},
        "broken", {"permission_delegated_only"}, "delegated_only",
    ),
    "without permissions": ({"etd": {"granted": [*DOCUMENTED]}}, "broken", {"permission_missing"}, "missing"),
    "with permissions on another resource": (
        {"etd": {"granted": [*DOCUMENTED], "grantedOnExchange": list(REQUIRED)}},
        "broken", {"permission_missing"}, "missing",
    ),
    "without what is documented": (
        {"etd": {"granted": [*REQUIRED]}}, "degraded", {"documented_permission_missing"}, "granted"
    ),
    "without delegated User.Read": ({"etd": {"delegated": []}}, "degraded", {"documented_permission_missing"}, "granted"),
    "with far too much": (
        {"etd": {"granted": [*ALL, "Directory.ReadWrite.All"]}}, "degraded", {"excess_privilege"}, "granted"
    ),
    "with a little too much": ({"etd": {"granted": [*ALL, "Mail.Send"]}}, "healthy", set(), "granted"),
    "with ended credentials": (
        {"etd": {"registration": {"secrets": ["-40d", "-1d"], "certificates": ["-2d"]}}},
        "broken", {"credential_expired"}, "granted",
    ),
    "with a credential that ends soon": (
        {"etd": {"registration": {"secrets": ["-40d", "+10d"]}}}, "degraded", {"credential_expiring"}, "granted"
    ),
    "with a newer credential": (
        {"etd": {"registration": {"secrets": ["+10d"], "certificates": ["+90d"]}}}, "healthy", set(), "granted"
    ),
    "without credentials": ({"etd": {"registration": {"secrets": []}}}, "healthy", set(), "granted"),
    "for one tenant": ({"etd": {"audience": "AzureADMyOrg"}}, "healthy", {"app_single_tenant"}, "granted"),
    "not to be read": ({"triageLacks": ["Application.Read.All", "Directory.Read.All"]}, "unknown", set(), "unknown"),
    "without its delegated grants": (
        {"triageLacks": ["Directory.Read.All"], "etd": {"granted": [*DOCUMENTED]}},
        "broken", {"permission_missing"}, "missing",
    ),
    "in order, without its delegated grants": ({"triageLacks": ["Directory.Read.All"]}, "healthy", set(), "granted"),
    "where the service cannot sign in": ({"triageSignsIn": False}, "unknown", set(), "unknown"),
}  # fmt: skip


MODES = {"cohowinery.com": "read", "fourthcoffee.com": "no_auth"}  # by the domain of a shipped tenant


@pytest.fixture(scope="module")
def own(own_tenants: Iterator[OwnTenant]) -> dict[str, OwnTenant]:
    return {name: next(own_tenants) for name in (*AUDITS, "drift", "history", "changed")}


@pytest.fixture(scope="module")
def configured(own: dict[str, OwnTenant], graph: Graph) -> list[Json]:
    shipped = [entry for entry in graph.tenants() if MODES.keys() & set(entry["domains"])]
    return [*(tenant.entry() for tenant in own.values()), *shipped]


@pytest.fixture(scope="module")
def service(start_service: StartService, configured: list[Json]) -> Iterator[Service]:
    with start_service(TRIAGE_TENANTS=json.dumps(configured)) as started:
        yield started


@pytest.fixture(scope="module")
def audits(service: Service, own: dict[str, OwnTenant], configured: list[Json]) -> dict[str, Json]:
    """The first audit of every tenant: by the names of those above, else by the tenant's id."""
    for name, (spec, *_) in AUDITS.items():
        own[name].change(**spec)
    begun = time.monotonic()
    answer = service.post("audits")
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - begun < LONGEST_REQUEST
    by_id = {audit["tenantId"]: audit for audit in answer.json()["value"]}
    assert by_id.keys() == {entry["tenantId"] for entry in configured}
    return by_id | {name: by_id[tenant.id] for name, tenant in own.items()}


@pytest.mark.parametrize("name", AUDITS)
def test_verdict(audits: dict[str, Json], name: str) -> None:
    _, verdict, issues, state = AUDITS[name]
    audit = audits[name]
    assert (audit["verdict"], {issue["code"] for issue in audit["issues"]}) == (verdict, issues)
    required = {one["name"]: one["state"] for one in audit["permissions"] if one["need"] == "required"}
    assert required == dict.fromkeys(REQUIRED, state)
    assert all(issue["summary"] and issue["actions"] and issue["severity"] for issue in audit["issues"])
    assert audit["etdAppId"] == ETD_APP_ID and audit["mode"] == "read_write" and audit["drift"] is None
    assert bool(audit["unreadable"]) is ("triageLacks" in AUDITS[name][0] or "triageSignsIn" in AUDITS[name][0])


SEVERITIES = {
    **dict.fromkeys(("app_not_found", "app_deleted", "app_disabled", "consent_missing", "permission_delegated_only",
                     "permission_missing", "credential_expired"), "critical"),
    **dict.fromkeys(("app_read_mode", "excess_privilege"), "high"),
    **dict.fromkeys(("documented_permission_missing", "credential_expiring", "app_single_tenant"), "medium"),
}  # fmt: skip


def test_every_issue_has_its_severity(audits: dict[str, Json]) -> None:
    found = {issue["code"]: issue["severity"] for audit in audits.values() for issue in audit["issues"]}
    assert found == SEVERITIES


def test_what_could_not_be_read_is_listed(audits: dict[str, Json]) -> None:
    unreadable = audits["in order, without its delegated grants"]["unreadable"]
    assert unreadable == [
        {"check": "delegated_grants", "question": "Which delegated permissions does the app have?", "reason": "forbidden",
         "permission": "Directory.Read.All"}
    ]  # fmt: skip
    refused = audits["not to be read"]
    assert {one["reason"] for one in refused["unreadable"]} == {"forbidden"}
    assert {one["permission"] for one in refused["unreadable"]} == {"Application.Read.All"}
    assert {one["reason"] for one in audits["where the service cannot sign in"]["unreadable"]} == {"unauthenticated"}


def test_permissions_are_listed_with_what_they_are_for(audits: dict[str, Json]) -> None:
    listed = {one["name"]: one for one in audits["with far too much"]["permissions"]}
    assert {name: one["need"] for name, one in listed.items()} == {
        **dict.fromkeys(REQUIRED, "required"),
        **dict.fromkeys((*DOCUMENTED, "User.Read"), "documented"),
        "Directory.ReadWrite.All": "extra",
    }
    assert listed["Mail.ReadWrite"]["id"] == "e2a3a72e-5f79-4c64-b1b1-878b674786c9"
    assert (listed["User.Read"]["type"], listed["Mail.ReadWrite"]["type"]) == ("delegated", "application")
    assert listed["Directory.ReadWrite.All"]["privilegeLevel"] == 4


def test_credentials_are_listed_with_the_days_that_are_left(audits: dict[str, Json]) -> None:
    found = audits["with ended credentials"]["credentials"]
    assert [(one["kind"], one["state"]) for one in found] == [
        ("secret", "expired"), ("secret", "expired"), ("certificate", "expired")
    ]  # fmt: skip
    assert all(one["daysLeft"] < 0 and one["keyId"] and one["displayName"] for one in found)
    (_, soon) = audits["with a credential that ends soon"]["credentials"]
    assert soon["state"] == "expiring" and soon["daysLeft"] in (9, 10)


def test_the_service_principal_is_as_graph_has_it(audits: dict[str, Json]) -> None:
    principal = audits["switched off by Microsoft"]["servicePrincipal"]
    assert principal["disabledByMicrosoftStatus"] == "DisabledDueToViolationOfServicesAgreement"
    assert (principal["accountEnabled"], principal["signInAudience"]) == (True, "AzureADMultipleOrgs")
    assert audits["gone"]["servicePrincipal"] is audits["deleted"]["servicePrincipal"] is None


@pytest.mark.parametrize("domain", MODES)
def test_modes(audits: dict[str, Json], configured: list[Json], domain: str) -> None:
    (entry,) = [entry for entry in configured if domain in entry.get("domains", ())]
    audit = audits[entry["tenantId"]]
    assert audit["mode"] == MODES[domain]
    if MODES[domain] == "read":
        required = {one["name"]: one["state"] for one in audit["permissions"] if one["need"] == "required"}
        assert required == {"Mail.Read": "granted", "Organization.Read.All": "granted"}
        assert "app_read_mode" in {issue["code"] for issue in audit["issues"]}
    else:
        assert (audit["verdict"], audit["permissions"], audit["issues"]) == ("not_applicable", [], [])
        assert audit["servicePrincipal"] is None


def audit_of(service: Service, tenant: OwnTenant) -> Json:
    (audit,) = service.post("audits", {"tenantId": tenant.id}).json()["value"]
    return audit


def test_drift(service: Service, own: dict[str, OwnTenant], audits: dict[str, Json]) -> None:
    tenant, nothing = own["drift"], {"granted": [], "revoked": [], "changed": [], "by": []}
    same = audit_of(service, tenant)
    assert same["drift"] == {"since": audits["drift"]["id"], **nothing}

    tenant.change(etd={"granted": [*ALL, "Mail.Send"], "delegated": ["User.Read", "Mail.Read"]})
    granted = audit_of(service, tenant)
    assert granted["drift"] == {"since": same["id"], **nothing, "granted": ["Mail.Read (delegated)", "Mail.Send"]}

    tenant.change(etd={"granted": [*DOCUMENTED, "Mail.ReadWrite"], "delegated": ["User.Read"], "enabled": False})
    revoked = audit_of(service, tenant)
    assert revoked["drift"] == {
        "since": granted["id"],
        "granted": [],
        "revoked": ["Mail.Read (delegated)", "Mail.Send", "Organization.Read.All"],
        "changed": ["accountEnabled: true -> false"],
        "by": [],
    }

    tenant.change(triageLacks=["Application.Read.All", "Directory.Read.All"])
    unreadable = audit_of(service, tenant)
    assert (unreadable["verdict"], unreadable["drift"]) == ("unknown", {"since": revoked["id"], **nothing, "by": None})

    tenant.change(triageLacks=[], etd={"granted": ALL, "enabled": True})
    again = audit_of(service, tenant)
    assert again["drift"] == {  # with the newest that could be read
        "since": revoked["id"],
        "granted": ["Organization.Read.All"],
        "revoked": [],
        "changed": ["accountEnabled: false -> true"],
        "by": [],
    }

    tenant.change(etd={"servicePrincipal": "deleted"})
    gone = audit_of(service, tenant)["drift"]
    assert gone["changed"] == ["servicePrincipal: present -> absent"]
    assert gone["revoked"] == sorted([*ALL, "User.Read (delegated)"])


GRANT = "Add app role assignment to service principal"


def test_who_changed_the_app(service: Service, own: dict[str, OwnTenant], audits: dict[str, Json]) -> None:
    tenant, last = own["changed"], audits["changed"]
    log = [
        {"at": "+1m", "activity": GRANT, "by": "admin@contoso.com", "permission": "Mail.Send"},
        {"at": "+2m", "activity": "Update service principal", "byApp": "Automation"},
        {"at": "+3m", "activity": GRANT, "by": "other@contoso.com", "appId": tenant.id},
        {"at": "+4m", "activity": GRANT, "by": "failed@contoso.com", "result": "failure"},
        {"at": "-2d", "activity": GRANT, "by": "before@contoso.com"},
        {"at": "+5m", "activity": "Add owner to application", "by": "owner@contoso.com"},
    ]
    tenant.change(etd={"granted": [*ALL, "Mail.Send"]}, auditLog=log)
    drift = audit_of(service, tenant)["drift"]
    assert (drift["since"], drift["granted"]) == (last["id"], ["Mail.Send"])
    assert [(one["activity"], one["who"]) for one in drift["by"]] == [
        ("Update service principal", "Automation"), (GRANT, "admin@contoso.com")]  # fmt: skip
    assert drift["by"][0]["at"] > drift["by"][1]["at"] > last["auditedAt"]

    tenant.change(etd={"granted": ALL}, triageLacks=["AuditLog.Read.All"])
    unread = audit_of(service, tenant)
    assert (unread["drift"]["revoked"], unread["drift"]["by"]) == (["Mail.Send"], None)
    assert unread["unreadable"] == [
        {"check": "app_changes", "question": "Who changed the app since the previous audit?", "reason": "forbidden",
         "permission": "AuditLog.Read.All"}]  # fmt: skip
    unchanged = audit_of(service, tenant)
    assert (unchanged["drift"]["by"], unchanged["unreadable"], unchanged["verdict"]) == (None, [], "healthy")


def test_the_history_in_pages_and_by_filters(
    service: Service, own: dict[str, OwnTenant], audits: dict[str, Json]
) -> None:
    tenant, made = own["history"], [audits["history"]]
    for number in range(6):
        tenant.change(etd={"enabled": number % 3 != 0})
        made.insert(0, audit_of(service, tenant))
    everything = service.all("audits", tenantId=tenant.id)
    assert everything == made
    assert [len(page) for page in service.pages("audits", tenantId=tenant.id, top=3)] == [3, 3, 1]
    assert service.all("audits", tenantId=tenant.id, top=2) == made
    broken = [audit for audit in made if audit["verdict"] == "broken"]
    assert len(broken) == 2
    assert service.all("audits", tenantId=tenant.id, verdict="broken") == broken
    assert service.all("audits", tenantId=tenant.id, verdict="broken", top=1) == broken
    middle = made[3]["auditedAt"]
    assert service.all("audits", tenantId=tenant.id, since=middle) == made[:4]
    assert service.all("audits", tenantId=tenant.id, until=middle) == made[3:]
    assert service.all("audits", tenantId=tenant.id, since=middle, until=middle) == [made[3]]
    assert service.all("audits", tenantId=tenant.id, until="2020-01-01T00:00:00Z") == []
    assert service.get(f"audits/{made[2]['id']}").json() == made[2]
    (newest,) = [audit for audit in service.get("audits/latest").json()["value"] if audit["tenantId"] == tenant.id]
    assert newest == made[0]


def test_audits_of_all_tenants_are_listed_newest_first(service: Service, audits: dict[str, Json]) -> None:
    everything = service.all("audits")
    times = [instant(audit["auditedAt"]) for audit in everything]
    assert times == sorted(times, reverse=True)
    assert {audit["id"] for audit in audits.values()} <= {audit["id"] for audit in everything}
    assert [audit["id"] for page in service.pages("audits", top=25) for audit in page] == [
        audit["id"] for audit in everything
    ]
    latest = service.get("audits/latest").json()["value"]
    assert len({audit["tenantId"] for audit in latest}) == len(latest)


WRONG: list[tuple[str, str, Any]] = [
    ("GET", "audits?verdict=fine", None),
    ("GET", "audits?tenantId=contoso", None),
    ("GET", "audits?since=yesterday", None),
    ("GET", "audits?top=0", None),
    ("GET", "audits?cause=user_deleted", None),
    ("GET", "audits/latest?top=1", None),
    ("POST", "audits", b"{"),
    ("POST", "audits", b"[]"),
    ("POST", "audits", b'{"tenantId": 7}'),
    ("POST", "audits", b'{"tenantId": "contoso"}'),
]


@pytest.mark.parametrize(("method", "path", "body"), WRONG)
def test_an_invalid_audit_request_gets_400(service: Service, method: str, path: str, body: bytes | None) -> None:
    answer = service.http.request(method, f"/api/{path}", content=body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("audit_id", ["nothing", "a.b.c", "%27.%27", "a%23b.1", "x" * 2000])
def test_no_such_audit(service: Service, audit_id: str) -> None:
    assert service.get(f"audits/{audit_id}").status_code == 404


def test_a_tenant_that_is_not_configured_cannot_be_audited(service: Service) -> None:
    assert service.post("audits", {"tenantId": "00000000-0000-4000-8000-00000000ffff"}).status_code == 404


def test_the_timer_audits_all_tenants(service: Service, configured: list[Json]) -> None:
    begun = datetime.now(UTC)
    answer = service.http.post("/admin/functions/audit_permissions", content=b"{}")
    assert answer.status_code == 202
    tenants = {entry["tenantId"] for entry in configured}

    def newest() -> set[str]:
        found = service.get("audits/latest").json()["value"]
        return {audit["tenantId"] for audit in found if instant(audit["auditedAt"]) > begun}

    wait_until(newest, lambda found: found == tenants, 40, 0.5)
