"""An audit of what was read: its verdict and its issues."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.diagnosis.powershell import parse
from tests.factories import (
    APP_ID,
    EXCHANGE_APP_OBJECT_ID,
    TENANT_ID,
    answer,
    credential,
    delegated,
    grants,
    make_app,
    make_tenant,
    principal,
    registration,
)
from triage.audit.assess import assess
from triage.audit.model import Audit, new_audit
from triage.graph.evidence import AppEvidence, Reason
from triage.graph.models.applications import Application
from triage.graph.models.resource import Resource
from triage.settings import Mode, Tenant

REQUIRED = ("Mail.ReadWrite", "Organization.Read.All")
DOCUMENTED = ("Domain.Read.All", "User.Read.All", "Group.Read.All", "GroupMember.Read.All")
EVERY = (*REQUIRED, *DOCUMENTED)
USER_READ = delegated("User.Read")


def full(**changes: Any) -> AppEvidence:
    """An app with everything that Cisco documents."""
    return make_app(**{"permissions": grants(*EVERY), "delegated_grants": USER_READ, **changes})


def audited(
    app: AppEvidence | None = None, *, tenant: Tenant | None = None, warning_days: int = 30, several: bool = False
) -> Audit:
    tenant = tenant or make_tenant()
    return assess(new_audit(tenant), tenant, app or full(), warning_days, several=several)


def ends(**delta: int) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)


def federated(*ends_at: datetime | None) -> AppEvidence:
    return replace(with_secrets(*ends_at), federated_credentials=answer("federated_credentials", [Resource(id="f")]))


def with_secrets(*ends_at: datetime | None) -> AppEvidence:
    return full(registration=registration(password_credentials=[credential(end) for end in ends_at]))


VERDICTS: list[tuple[str, str, list[str], AppEvidence]] = [
    ("all of it", "healthy", [], full()),
    ("a harmless permission more", "healthy", [], full(permissions=grants(*EVERY, "Mail.Send"))),
    ("documented permissions are missing", "degraded", ["documented_permission_missing"], full(permissions=grants(*REQUIRED))),
    ("delegated User.Read is missing", "degraded", ["documented_permission_missing"], full(delegated_grants=[])),
    ("a permission of level 4 more", "degraded", ["excess_privilege"], full(permissions=grants(*EVERY, "User.ReadWrite.All"))),
    ("a permission of level 4 on another resource", "healthy", [],
     full(permissions=[*grants(*EVERY), *grants("User.ReadWrite.All", resource=EXCHANGE_APP_OBJECT_ID)])),
    ("a required one is included", "healthy", [],
     full(permissions=grants("Mail.ReadWrite", "Directory.Read.All"))),
    ("a required one is included in one of level 4", "degraded", ["excess_privilege"],
     full(permissions=grants("Mail.ReadWrite", "Directory.ReadWrite.All"))),
    ("a documented one is included", "healthy", [],
     full(permissions=grants(*REQUIRED, *DOCUMENTED[:3]))),
    ("a required one is missing", "broken", ["permission_missing"], full(permissions=grants(*REQUIRED[1:], *DOCUMENTED))),
    ("a required one is on another resource", "broken", ["permission_missing"],
     full(permissions=[*grants(*EVERY[1:]), *grants(EVERY[0], resource=EXCHANGE_APP_OBJECT_ID)])),
    ("consent is missing", "broken", ["consent_missing"],
     full(permissions=grants(*EVERY[1:]), registration=registration(roles=EVERY))),
    ("only delegated", "broken", ["permission_delegated_only"],
     full(permissions=grants(*EVERY[1:]), delegated_grants=delegated("User.Read", EVERY[0]))),
    ("no app", "broken", ["app_not_found"], make_app(service_principal=None)),
    ("no app, and elsewhere it is for every tenant", "broken", ["app_not_found"],
     make_app(service_principal=None, app_elsewhere=principal())),
    ("no app, and elsewhere it is for that tenant only", "broken", ["app_single_tenant"],
     make_app(service_principal=None, app_elsewhere=principal(sign_in_audience="AzureADMyOrg"))),
    ("no app, and elsewhere is unread", "broken", [],
     make_app(service_principal=None, app_elsewhere=Reason.FORBIDDEN)),
    ("an unread app, and elsewhere it is for that tenant only", "unknown", [],
     make_app(service_principal=Reason.FORBIDDEN, app_elsewhere=principal(sign_in_audience="AzureADMyOrg"))),
    ("a deleted app", "broken", ["app_deleted"], make_app(service_principal=None, deleted_service_principal=[principal()])),
    ("a disabled app", "broken", ["app_disabled"], full(service_principal=principal(account_enabled=False))),
    ("every credential has expired", "broken", ["credential_expired"], with_secrets(ends(days=-1), ends(days=-9))),
    ("the newest expires soon", "degraded", ["credential_expiring"], with_secrets(ends(days=29), ends(days=-9))),
    ("one expires soon, the newest does not", "healthy", [], with_secrets(ends(days=29), ends(days=90))),
    ("one expires soon, one never", "healthy", [], with_secrets(ends(days=29), None)),
    ("the newest expires soon, and there is a federated one", "healthy", [], federated(ends(days=29))),
    ("every credential has expired, and there is a federated one", "healthy", [], federated(ends(days=-1))),
    ("every credential has expired, and federated ones are unread", "unknown", [],
     replace(with_secrets(ends(days=-1)), federated_credentials=answer("federated_credentials", Reason.TIMEOUT))),
    ("for one tenant only", "healthy", ["app_single_tenant"],
     full(service_principal=principal(sign_in_audience="AzureADMyOrg"))),
    ("delegated grants unread", "healthy", [], full(delegated_grants=Reason.FORBIDDEN)),
    ("delegated grants unread, and one is missing", "broken", ["permission_missing"],
     full(permissions=grants(*EVERY[1:]), delegated_grants=Reason.FORBIDDEN)),
    ("grants unread", "unknown", [], full(permissions=Reason.FORBIDDEN)),
    ("grants unread, but disabled", "broken", ["app_disabled"],
     full(permissions=Reason.FORBIDDEN, service_principal=principal(is_disabled=True))),
    ("grants unread, but its credentials have ended", "broken", ["credential_expired"],
     full(permissions=Reason.TIMEOUT, registration=registration(password_credentials=[credential(ends(days=-1))]))),
    ("app unread", "unknown", [], make_app(service_principal=Reason.THROTTLED)),
    ("whether it was deleted is unread", "broken", [],
     make_app(service_principal=None, deleted_service_principal=Reason.TIMEOUT)),
    ("Graph's own service principal unread", "unknown", [], full(graph_service_principal=Reason.TIMEOUT)),
    ("the registration unread, which could hold ended credentials", "unknown", [], full(registration=Reason.TIMEOUT)),
    ("the registration is not in this tenant", "healthy", [], full(registration=None)),
]  # fmt: skip


@pytest.mark.parametrize(("verdict", "issues", "app"), [row[1:] for row in VERDICTS], ids=[row[0] for row in VERDICTS])
def test_verdicts(verdict: str, issues: list[str], app: AppEvidence) -> None:
    audit = audited(app)
    assert (audit.verdict, [issue.code for issue in audit.issues]) == (verdict, issues)


@pytest.mark.parametrize(("granted", "verdict", "issues"), [
    (("Mail.Read", "Organization.Read.All", *DOCUMENTED), "healthy", ["app_read_mode"]),
    (EVERY, "healthy", []),
    (("Mail.Read", *EVERY), "healthy", []),
    (("Mail.Read", *DOCUMENTED), "broken", ["permission_missing", "app_read_mode"]),
])  # fmt: skip
def test_read_mode_needs_mail_read(granted: tuple[str, ...], verdict: str, issues: list[str]) -> None:
    audit = audited(full(permissions=grants(*granted)), tenant=make_tenant(mode=Mode.READ))
    assert (audit.verdict, [issue.code for issue in audit.issues]) == (verdict, issues)
    assert [one.name for one in audit.permissions if one.need == "required"] == ["Mail.Read", "Organization.Read.All"]


SEVERITIES = {
    "permission_missing": "critical",
    "app_disabled": "critical",
    "documented_permission_missing": "medium",
    "excess_privilege": "high",
    "credential_expiring": "medium",
    "app_single_tenant": "info",
    "app_read_mode": "high",
}


def test_severities_and_what_to_do() -> None:
    worst = full(
        permissions=grants("Mail.Read", "User.ReadWrite.All"),
        service_principal=principal(account_enabled=False, sign_in_audience="AzureADMyOrg"),
        registration=registration(key_credentials=[credential(ends(days=3))]),
    )
    issues = audited(worst).issues
    expected = set(SEVERITIES) - {"app_read_mode"}
    assert {issue.code: issue.severity for issue in issues} == {code: SEVERITIES[code] for code in expected}
    assert all(issue.summary.endswith(".") and issue.actions for issue in issues)
    assert "User.ReadWrite.All" in next(issue.summary for issue in issues if issue.code == "excess_privilege")
    single = [issue for issue in audited(worst, several=True).issues if issue.code == "app_single_tenant"]
    assert [issue.severity for issue in single] == ["medium"]
    elsewhere = make_app(service_principal=None, app_elsewhere=principal(sign_in_audience="AzureADMyOrg"))
    (issue,) = audited(elsewhere, several=True).issues
    assert (issue.severity, "another of the configured tenants" in issue.summary) == ("medium", True)


def test_a_tenant_without_an_app_has_nothing_to_audit() -> None:
    tenant = make_tenant(mode=Mode.NO_AUTH)
    audit = assess(new_audit(tenant), tenant, None, 30, several=False)
    assert (audit.verdict, audit.issues, audit.permissions) == ("not_applicable", [], [])


def test_days_of_warning() -> None:
    app = with_secrets(ends(days=40))
    assert audited(app).verdict == "healthy"
    assert audited(app, warning_days=60).verdict == "degraded"
    assert audited(app, warning_days=0).verdict == "healthy"


def test_the_shape_on_the_wire() -> None:
    app = full(registration=registration(password_credentials=[credential(ends(days=90))]))
    wire = audited(app).wire()
    assert set(wire) == {
        *("id", "tenantId", "etdAppId", "mode", "auditedAt", "verdict", "servicePrincipal", "permissions"),
        *("credentials", "issues", "drift", "unreadable"),
    }
    assert (wire["tenantId"], wire["etdAppId"], wire["mode"], wire["drift"]) == (TENANT_ID, APP_ID, "read_write", None)
    assert set(wire["servicePrincipal"]) == {
        *("id", "displayName", "accountEnabled", "isDisabled", "disabledByMicrosoftStatus", "signInAudience"),
        "appOwnerOrganizationId",
    }
    assert set(wire["permissions"][0]) == {"name", "id", "type", "need", "state", "includedIn", "privilegeLevel"}
    assert set(wire["credentials"][0]) == {"kind", "keyId", "displayName", "endDateTime", "daysLeft", "state"}
    assert Audit.model_validate(wire).wire() == wire


def test_ids_are_unique_and_start_with_the_tenant() -> None:
    ids = {audited().id for _ in range(20)}
    assert len(ids) == 20
    assert all(one.startswith(f"{TENANT_ID}.") for one in ids)


def test_the_remedy_of_a_documented_permission_grants_only_that_permission() -> None:
    audit = audited(full(permissions=grants(*REQUIRED, *DOCUMENTED[1:])))
    issue = next(issue for issue in audit.issues if issue.code == "documented_permission_missing")
    granting = [action.command for action in issue.actions if "foreach" in (action.command or "")]
    assert [f"foreach ($name in @('{DOCUMENTED[0]}'))" in str(command) for command in granting] == [True]
    assert all(action.title != "Remediate the message again" for action in issue.actions)


def test_a_delegated_permission_cannot_be_granted_by_app_role() -> None:
    audit = audited(full(delegated_grants=[]))
    issue = next(issue for issue in audit.issues if issue.code == "documented_permission_missing")
    assert not any("foreach" in (action.command or "") for action in issue.actions)


def test_excess_is_shown_before_it_is_removed() -> None:
    audit = audited(full(permissions=grants(*EVERY, "User.ReadWrite.All")))
    issue = next(issue for issue in audit.issues if issue.code == "excess_privilege")
    show, remove = (parse(action.command or "") for action in issue.actions)
    assert "Remove-" not in show.code
    assert "Remove-MgServicePrincipalAppRoleAssignment " in remove.code
    assert "-Confirm" in remove.code
    assert all("User.ReadWrite.All" in command.strings for command in (show, remove))


@pytest.mark.parametrize(("place", "command"), [(registration(), True), (None, False)])
def test_who_can_open_a_single_tenant_app_to_other_tenants(place: Application | None, command: bool) -> None:
    """Only the owner of the registration: for Cisco's own app there is nothing to run here."""
    app = full(service_principal=principal(sign_in_audience="AzureADMyOrg"), registration=place)
    issue = next(issue for issue in audited(app).issues if issue.code == "app_single_tenant")
    assert ["Update-MgApplication" in (action.command or "") for action in issue.actions] == [command]
