"""The causes about the ETD app: evidence that leads to each, that almost does, and that could not be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import (
    APP_ID,
    EXCHANGE_APP_OBJECT_ID,
    MAILBOX,
    NOW,
    answer,
    credential,
    delegated,
    diagnosed,
    grants,
    make_app,
    make_tenant,
    principal,
    registration,
)
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.graph.evidence import Lack, Reason
from triage.graph.models.applications import ServicePrincipal
from triage.graph.models.resource import Resource
from triage.graph.permissions import PERMISSIONS
from triage.intake.scenario import Scenario
from triage.settings import Mode

YESTERDAY, TOMORROW = NOW - timedelta(days=1), NOW + timedelta(days=1)
BOTH = ("Mail.ReadWrite", "Organization.Read.All")
UNSEEN = " Unless RBAC for Applications grants it in Exchange, which Graph does not show, that is the cause."
READ_TENANT = make_tenant(mode=Mode.READ)
RAOP = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
DELETED = ServicePrincipal(id="x", display_name="Cisco ETD", deleted_date_time=datetime(2026, 11, 18, 9, tzinfo=UTC))

GIVES: list[tuple[str, dict[str, Any], str]] = [
    (
        "app_not_found",
        {"app": make_app(service_principal=None)},
        f"The Email Threat Defense app {APP_ID} is neither in the tenant nor among its deleted items: nobody consented "
        "to it here, or the configured app id is wrong.",
    ),
    (
        "app_deleted",
        {"app": make_app(service_principal=None, deleted_service_principal=[DELETED])},
        "The Email Threat Defense app (Cisco ETD) was deleted from the tenant on 2026-11-18.",
    ),
    (
        "app_disabled",
        {"app": make_app(service_principal=principal(account_enabled=False))},
        "The Email Threat Defense app (Cisco Email Threat Defense) is disabled: sign-in is disabled in this tenant "
        "(accountEnabled is false).",
    ),
    (
        "app_disabled",
        {"app": make_app(service_principal=principal(is_disabled=True, display_name=None))},
        f"The Email Threat Defense app ({APP_ID}) is disabled: its owner deactivated the registration (isDisabled is "
        "true).",
    ),
    (
        "app_disabled",
        {
            "app": make_app(
                service_principal=principal(
                    account_enabled=False,
                    is_disabled=True,
                    disabled_by_microsoft_status="DisabledDueToViolationOfServicesAgreement",
                )
            )
        },
        "The Email Threat Defense app (Cisco Email Threat Defense) is disabled: sign-in is disabled in this tenant "
        "(accountEnabled is false), its owner deactivated the registration (isDisabled is true) and Microsoft disabled "
        "it (disabledByMicrosoftStatus is DisabledDueToViolationOfServicesAgreement).",
    ),
    (
        "consent_missing",
        {"app": make_app(permissions=grants("Organization.Read.All"), registration=registration(roles=BOTH))},
        "Mail.ReadWrite is requested by the app's registration with type Application, but no administrator has "
        "consented.",
    ),
    (
        "consent_missing",
        {"app": make_app(permissions=[], registration=registration(roles=BOTH))},
        "Mail.ReadWrite and Organization.Read.All are requested by the app's registration with type Application, but no "
        "administrator has consented.",
    ),
    (
        "permission_delegated_only",
        {"app": make_app(permissions=grants("Organization.Read.All"), registration=registration(scopes=BOTH))},
        "Mail.ReadWrite is there with type Delegated only; remediation needs type Application.",
    ),
    (
        "permission_delegated_only",
        {"app": make_app(permissions=grants("Organization.Read.All"), delegated_grants=delegated("User.Read", *BOTH))},
        "Mail.ReadWrite is there with type Delegated only; remediation needs type Application.",
    ),
    (
        "permission_missing",
        {"app": make_app(permissions=grants("Mail.ReadWrite"))},
        "Organization.Read.All is not granted to the Email Threat Defense app with type Application on Microsoft Graph.",
    ),
    (
        "permission_missing",
        {"app": make_app(permissions=grants("Mail.Read", "Organization.Read.All"))},
        "Mail.ReadWrite is not granted to the Email Threat Defense app with type Application on Microsoft Graph. Only "
        f"Mail.Read is granted.{UNSEEN}",
    ),
    (
        "permission_missing",
        {"tenant": READ_TENANT, "app": make_app(permissions=grants("Organization.Read.All"))},
        f"Mail.Read is not granted to the Email Threat Defense app with type Application on Microsoft Graph.{UNSEEN}",
    ),
    (
        "permission_missing",
        {"app": make_app(permissions=[])},
        "Mail.ReadWrite and Organization.Read.All are not granted to the Email Threat Defense app with type Application "
        "on Microsoft Graph.",
    ),
    (
        "app_read_mode",
        {"tenant": READ_TENANT, "app": make_app(permissions=grants("Mail.Read", "Organization.Read.All"))},
        "Email Threat Defense is in Read mode in this tenant: it has only Mail.Read and can't move messages.",
    ),
    (
        "credential_expired",
        {
            "app": make_app(
                registration=registration(
                    password_credentials=[credential(YESTERDAY - timedelta(days=300)), credential(YESTERDAY)],
                    key_credentials=[credential(YESTERDAY - timedelta(days=9))],
                )
            )
        },
        "Every secret and certificate of the app's registration has expired, the newest on 2026-11-19.",
    ),
    (
        "access_policy_blocked",
        {"failure": {"error": RAOP}},
        f"Exchange Online blocks the Email Threat Defense app from {MAILBOX}, by an application access policy or by RBAC "
        "for Applications.",
    ),
    (
        "access_policy_blocked",
        {"failure": {"error": "blocked by AppOnly–AccessPolicy"}},
        f"Exchange Online blocks the Email Threat Defense app from {MAILBOX}, by an application access policy or by RBAC "
        "for Applications.",
    ),
    (
        "access_policy_blocked",
        {"failure": {"error": "Access to OData is disabled."}},
        f"Exchange Online blocks the Email Threat Defense app from {MAILBOX}: most likely by an application access "
        "policy. The error would be the same if the organization blocked apps from EWS and REST.",
    ),
]
SEVERITY = {cause: "critical" for cause, _, _ in GIVES} | {"app_read_mode": "high", "access_policy_blocked": "high"}
NO_MESSAGE = {"message": [], "recoverable_items": [], "hidden_folders": []}


@pytest.mark.parametrize(("cause", "given", "summary"), GIVES)
@pytest.mark.parametrize("scenario", [Scenario.UNKNOWN_REASON, Scenario.UNCLASSIFIED])
def test_the_evidence_gives_the_expected_cause(
    scenario: Scenario, cause: str, given: dict[str, Any], summary: str
) -> None:
    found = diagnosed(scenario, **given)
    unseen = summary.endswith(UNSEEN)
    confidence = "probable" if unseen or "most likely" in summary else "confirmed"
    assert (found.cause, found.confidence, found.severity) == (cause, confidence, SEVERITY[cause])
    assert (found.summary, found.lacks) == (summary, ())
    assert found.alternatives == (("access_policy_blocked",) if unseen else ())


def healthy(**given: Any) -> dict[str, Any]:
    return {"app": make_app(**given)}


NEAR: list[tuple[str, str, dict[str, Any]]] = [
    ("an enabled app that Microsoft says is not disabled", "app_healthy",
     healthy(service_principal=principal(disabled_by_microsoft_status="NotDisabled"))),
    ("switches that Graph does not show", "app_healthy",
     healthy(service_principal=principal(account_enabled=None, is_disabled=None))),
    ("declared and granted", "app_healthy", healthy(registration=registration(roles=BOTH))),
    ("declared as Delegated too, and granted as Application", "app_healthy",
     healthy(registration=registration(scopes=BOTH), delegated_grants=delegated(*BOTH))),
    ("declared on another resource than Graph", "permission_missing",
     healthy(permissions=[], registration=registration(roles=BOTH, resource="00000002-0000-0ff1-ce00-000000000000"))),
    ("granted on another resource than Graph", "permission_missing",
     healthy(permissions=grants(*BOTH, resource=EXCHANGE_APP_OBJECT_ID))),
    ("delegated on another resource than Graph", "permission_missing",
     healthy(permissions=[], delegated_grants=delegated(*BOTH, resource=EXCHANGE_APP_OBJECT_ID))),
    ("a delegated permission whose name only begins so", "permission_missing",
     healthy(permissions=[], delegated_grants=delegated("Mail.ReadWrite.Shared"))),
    ("delegated grants unread: missing", "permission_missing", healthy(permissions=[], delegated_grants=Reason.FORBIDDEN)),
    ("delegated grants unread, but the registration says Delegated", "permission_delegated_only",
     healthy(permissions=[], delegated_grants=Reason.FORBIDDEN, registration=registration(scopes=BOTH))),
    ("delegated grants unread, and nothing missing", "app_healthy", healthy(delegated_grants=Reason.FORBIDDEN)),
    ("Graph's own service principal is absent: nothing can be granted on it", "permission_missing", healthy(graph_service_principal=None)),
    ("a permission that includes Organization.Read.All", "app_healthy",
     healthy(permissions=grants("Mail.ReadWrite", "Organization.ReadWrite.All"))),
    ("the whole directory, to read", "app_healthy", healthy(permissions=grants("Mail.ReadWrite", "Directory.Read.All"))),
    ("the whole directory", "app_healthy", healthy(permissions=grants("Mail.ReadWrite", "Directory.ReadWrite.All"))),
    ("a permission that includes it, and declared itself", "app_healthy",
     healthy(permissions=grants("Mail.ReadWrite", "Directory.Read.All"), registration=registration(roles=BOTH))),
    ("a permission that includes it, on another resource", "permission_missing",
     healthy(permissions=[*grants("Mail.ReadWrite"), *grants("Directory.Read.All", resource=EXCHANGE_APP_OBJECT_ID)])),
    ("all users, which is less than the organization", "permission_missing",
     healthy(permissions=grants("Mail.ReadWrite", "User.Read.All"))),
    ("Mail.ReadWrite in read mode", "app_healthy", {"tenant": READ_TENANT}),
    ("both Mail permissions in read mode", "app_healthy",
     {"tenant": READ_TENANT, **healthy(permissions=grants("Mail.Read", *BOTH))}),
    ("one credential is valid", "app_healthy",
     healthy(registration=registration(
         roles=BOTH, password_credentials=[credential(YESTERDAY)], key_credentials=[credential(TOMORROW)]))),
    ("a credential without an end", "app_healthy",
     healthy(registration=registration(password_credentials=[credential(YESTERDAY), credential(None)]))),
    ("every credential has expired, and there is a federated one", "app_healthy",
     healthy(registration=registration(password_credentials=[credential(YESTERDAY)]),
             federated_credentials=[Resource(id="f")])),
    ("a registration without credentials", "app_healthy", healthy(registration=registration(roles=BOTH))),
    ("grants in capital letters", "app_healthy", healthy(permissions=[
        one.model_copy(update={"app_role_id": (one.app_role_id or "").upper()}) for one in grants(*BOTH)])),
    ("no app here, and the same app elsewhere is for every tenant", "app_not_found",
     healthy(service_principal=None, app_elsewhere=principal())),
    ("no app here nor elsewhere", "app_not_found", healthy(service_principal=None, app_elsewhere=None)),
    ("the text of a policy, misspelled", "app_healthy", {"failure": {"error": "RAOP: blocked by an access policy"}}),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "given"), [row[1:] for row in NEAR], ids=[row[0] for row in NEAR])
def test_evidence_that_almost_fits_gives_another_cause(cause: str, given: dict[str, Any]) -> None:
    found = diagnosed(Scenario.UNKNOWN_REASON, **{"mailbox": None, **given})
    # The person has a plan and no mailbox: what is only possible there comes before a healthy app.
    assert found.cause == ("mailbox_disconnected" if cause == "app_healthy" else cause)
    in_order = diagnosed(Scenario.UNKNOWN_REASON, **given)
    assert in_order.cause == cause


def test_a_healthy_app_comes_last_if_the_text_says_nothing() -> None:
    assert diagnosed(Scenario.UNKNOWN_REASON).cause is Cause.APP_HEALTHY
    assert diagnosed(Scenario.UNCLASSIFIED).cause is Cause.MESSAGE_PRESENT
    nothing_asked = {"failure": {"internet_message_id": None}, "message": ..., "recoverable_items": ...}
    assert diagnosed(Scenario.UNKNOWN_REASON, **nothing_asked).cause is Cause.APP_HEALTHY
    assert diagnosed(Scenario.UNCLASSIFIED, **nothing_asked).cause is Cause.MAILBOX_REACHABLE


def test_app_healthy_is_possible_and_says_what_else_fits() -> None:
    found = diagnosed(Scenario.UNKNOWN_REASON)
    assert (found.cause, found.confidence, found.severity) == (
        Cause.APP_HEALTHY,
        Confidence.POSSIBLE,
        Severity.MEDIUM,
    )
    assert found.alternatives[0] is Cause.ACCESS_POLICY_BLOCKED
    assert found.summary == (
        "The Email Threat Defense app is in order: it exists, is enabled, and has every required permission. Its "
        "credentials can't be seen in this tenant. An application access policy that blocks this mailbox, or a temporary "
        "fault, would fit."
    )
    assert found.also_seen == ()


@pytest.mark.parametrize(("secrets", "words"), [
    ([credential(YESTERDAY), credential(TOMORROW)], "permission, and not all of its credentials have expired. An"),
    ([], "permission. Its credentials can't be seen in this tenant. An"),
])  # fmt: skip
def test_app_healthy_says_no_more_of_credentials_than_was_read(secrets: list[Any], words: str) -> None:
    found = diagnosed(Scenario.UNKNOWN_REASON, **healthy(registration=registration(password_credentials=secrets)))
    assert (found.cause, words in found.summary) == (Cause.APP_HEALTHY, True)


@pytest.mark.parametrize("scenario", [Scenario.RESOURCE_NOT_FOUND, Scenario.INVALID_USER, Scenario.MAILBOX_UNAVAILABLE])
def test_app_healthy_is_not_given_where_the_text_shows_that_the_app_could_ask(scenario: Scenario) -> None:
    assert diagnosed(scenario).cause is Cause.MESSAGE_PRESENT


ALL_APP = "Application.Read.All"
UNREAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("app", healthy(service_principal=Reason.FORBIDDEN), "service_principal", ALL_APP),
    ("deleted app", healthy(service_principal=None, deleted_service_principal=Reason.FORBIDDEN),
     "deleted_service_principal", ALL_APP),
    ("grants", healthy(permissions=Reason.FORBIDDEN), "permissions", ALL_APP),
    ("Graph's service principal", healthy(graph_service_principal=Reason.FORBIDDEN), "graph_service_principal", ALL_APP),
    ("registration, a permission is missing", healthy(permissions=[], registration=Reason.FORBIDDEN), "registration", ALL_APP),
    ("whether another tenant has the app",
     healthy(service_principal=None, app_elsewhere=Reason.FORBIDDEN), "app_elsewhere", ALL_APP),
    ("federated credentials", healthy(
        registration=registration(password_credentials=[credential(YESTERDAY)]), federated_credentials=Reason.FORBIDDEN),
     "federated_credentials", ALL_APP),
    ("registration, all granted: its credentials", healthy(registration=Reason.FORBIDDEN), "registration", ALL_APP),
]  # fmt: skip


@pytest.mark.parametrize(("given", "check", "permission"), [row[1:] for row in UNREAD], ids=[row[0] for row in UNREAD])
def test_unread(given: dict[str, Any], check: str, permission: str) -> None:
    found = diagnosed(Scenario.UNKNOWN_REASON, **given)
    assert (found.cause, found.confidence, found.severity) == ("undetermined", "undetermined", "medium")
    assert found.lacks == (Lack(check=check, reason=Reason.FORBIDDEN, permission=permission),)
    assert found.summary == (
        f"Why the remediation in {MAILBOX} failed could not be determined: the triage identity does not have {permission}."
    )


@pytest.mark.parametrize("reason", [Reason.THROTTLED, Reason.UNAVAILABLE, Reason.TIMEOUT, Reason.UNAUTHENTICATED])
def test_unread_for_another_reason(reason: Reason) -> None:
    found = diagnosed(Scenario.UNKNOWN_REASON, app=make_app(permissions=reason))
    assert found.lacks == (Lack(check="permissions", reason=reason),)


def test_a_known_cause_below_an_unread_one_is_not_given() -> None:
    given = make_app(
        permissions=[],
        service_principal=principal(account_enabled=False),
        registration=answer("registration", Reason.TIMEOUT),
    )
    # Disabled comes before all that the registration decides.
    assert diagnosed(Scenario.UNKNOWN_REASON, app=given).cause is Cause.APP_DISABLED
    expired = make_app(
        permissions=Reason.THROTTLED, registration=registration(password_credentials=[credential(YESTERDAY)])
    )
    found = diagnosed(Scenario.UNKNOWN_REASON, app=expired)
    assert (found.cause, found.lacks) == ("undetermined", (Lack(check="permissions", reason=Reason.THROTTLED),))
    assert found.also_seen == (Cause.CREDENTIAL_EXPIRED,)


def test_permissions_that_are_missing_for_different_reasons() -> None:
    found = diagnosed(
        Scenario.UNKNOWN_REASON,
        app=make_app(permissions=[], registration=registration(roles=["Organization.Read.All"])),
    )
    assert (found.cause, found.also_seen) == ("consent_missing", (Cause.PERMISSION_MISSING,))
    assert found.summary.startswith("Organization.Read.All is requested")


def test_required_permissions_have_an_id_of_each_type() -> None:
    for name in (*BOTH, "Mail.Read"):
        assert PERMISSIONS[name].role_id
        assert PERMISSIONS[name].scope_id
