"""A tenant in which everything is in order, from literals; a test says what is different in it.

For an answer, a test gives a value for one that was read, None for an absent one, and a Reason for one that could not be
read. FORBIDDEN comes with the permission of docs/permissions.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from triage.diagnosis.case import Case
from triage.diagnosis.diagnose import Diagnosis, diagnose
from triage.graph.evidence import Answer, AppEvidence, Evidence, Reason, State
from triage.graph.message_search import WELL_KNOWN_HIDDEN
from triage.graph.models.applications import (
    Application,
    AppRoleAssignment,
    Credential,
    OAuth2PermissionGrant,
    RequiredResourceAccess,
    ResourceAccess,
    ServicePrincipal,
)
from triage.graph.models.directory import Organization, TenantInformation, User, VerifiedDomain
from triage.graph.models.licenses import AssignedLicense, AssignedPlan, ProvisionedPlan
from triage.graph.models.mail import MailFolder, Message
from triage.graph.permissions import GRAPH_APP_ID, PERMISSIONS
from triage.graph.questions import QUESTIONS
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario
from triage.settings import Tenant

TENANT_ID = "11111111-1111-4111-8111-111111111111"
OTHER_TENANT_ID = "22222222-2222-4222-8222-222222222222"
APP_ID = "33333333-3333-4333-8333-333333333333"
MAILBOX = "adele@contoso.com"
MESSAGE_ID = "<CA+x=1@mail.example>"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)

EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"  # EXCHANGE_S_ENTERPRISE
KIOSK = "4a82b400-a79f-41a4-b4e2-e94f5787b113"  # EXCHANGE_S_DESKLESS
FOUNDATION = "113feb6c-3fe4-4440-bddc-54d774bf0318"  # EXCHANGE_S_FOUNDATION: no mailbox
SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965"
GRAPH_ID, APP_OBJECT_ID, EXCHANGE_APP_OBJECT_ID = "graph-object", "app-object", "office-365-exchange-online"

# The permission that the triage identity needs for each question.
PERMISSION = {check: question.permission for check, question in QUESTIONS.items()}


def answer(check: str, value: Any) -> Answer[Any]:
    """An answer: read, absent (None) or unread (a Reason)."""
    if isinstance(value, Answer):
        return value
    request = f"GET /{check}"
    if isinstance(value, Reason):
        status = 403 if value is Reason.FORBIDDEN else None
        permission = PERMISSION[check] if value is Reason.FORBIDDEN else None
        return Answer(check, State.UNREAD, None, request, status, None, value, permission)
    if value is None:
        code = (
            "MailboxNotEnabledForRESTAPI" if PERMISSION[check] == "Mail.ReadBasic.All" else "Request_ResourceNotFound"
        )
        return Answer(check, State.ABSENT, None, request, 404, code)
    return Answer(check, State.READ, value, request, 200)


def make_tenant(**changes: Any) -> Tenant:
    return Tenant(**{"tenant_id": TENANT_ID, "etd_app_id": APP_ID, **changes})


def make_failure(**changes: Any) -> RemediationFailure:
    fields = {"mailbox": MAILBOX, "message_id": "m-1", "internet_message_id": MESSAGE_ID, "error": "?", **changes}
    return RemediationFailure(**fields)


def plan(plan_id: str = EXCHANGE, status: str = "Enabled", assigned: datetime = LONG_AGO) -> AssignedPlan:
    return AssignedPlan(service_plan_id=plan_id, capability_status=status, assigned_date_time=assigned)


def provisioned(status: str, service: str = "exchange") -> ProvisionedPlan:
    return ProvisionedPlan(provisioning_status=status, service=service)


def license(*disabled: str) -> AssignedLicense:
    return AssignedLicense(sku_id=SKU, disabled_plans=list(disabled))


def make_user(**changes: Any) -> User:
    """A cloud-only person with a license, its Exchange plan enabled for a long time."""
    fields: dict[str, Any] = {
        "id": "user-object",
        "user_principal_name": MAILBOX,
        "mail": MAILBOX,
        "proxy_addresses": [f"SMTP:{MAILBOX}"],
        "user_type": "Member",
        "account_enabled": True,
        "assigned_licenses": [license()],
        "assigned_plans": [plan()],
        "provisioned_plans": [provisioned("Success")],
        "license_assignment_states": [],
    }
    return User(**{**fields, **changes})


def principal(**changes: Any) -> ServicePrincipal:
    fields: dict[str, Any] = {
        "id": APP_OBJECT_ID,
        "app_id": APP_ID,
        "display_name": "Cisco Email Threat Defense",
        "account_enabled": True,
        "is_disabled": False,
        "sign_in_audience": "AzureADMultipleOrgs",
        "app_owner_organization_id": TENANT_ID,
    }
    return ServicePrincipal(**{**fields, **changes})


def grants(*names: str, resource: str = GRAPH_ID) -> list[AppRoleAssignment]:
    return [AppRoleAssignment(app_role_id=PERMISSIONS[name].role_id, resource_id=resource) for name in names]


def delegated(*names: str, resource: str = GRAPH_ID) -> list[OAuth2PermissionGrant]:
    return [OAuth2PermissionGrant(resource_id=resource, scope=" ".join(names))]


def registration(
    *, roles: Iterable[str] = (), scopes: Iterable[str] = (), resource: str = GRAPH_APP_ID, **fields: Any
) -> Application:
    """A registration that requests these permissions of type Application (roles) and Delegated (scopes)."""
    accesses = [ResourceAccess(id=PERMISSIONS[name].role_id, type="Role") for name in roles]
    accesses += [ResourceAccess(id=PERMISSIONS[name].scope_id, type="Scope") for name in scopes]
    asked = [RequiredResourceAccess(resource_app_id=resource, resource_access=accesses)]
    return Application(id="registration", required_resource_access=asked, **fields)


def credential(end: datetime | None, **fields: Any) -> Credential:
    return Credential(key_id="key", end_date_time=end, **fields)


def make_app(**changes: Any) -> AppEvidence:
    """The app in order; it is owned by another tenant, so its registration is not here."""
    there = changes.get("service_principal", ...)
    found: dict[str, Any] = {
        "service_principal": principal(),
        "graph_service_principal": ServicePrincipal(id=GRAPH_ID, app_id=GRAPH_APP_ID),
        "registration": None,
    }
    if there is None:
        found["deleted_service_principal"] = []
    elif not isinstance(there, Reason):
        found |= {"permissions": grants("Mail.ReadWrite", "Organization.Read.All"), "delegated_grants": []}
    found |= changes
    here = found["registration"]
    if isinstance(here, Application) and here.credentials:
        found = {"federated_credentials": [], **found}
    deleted = found.get("deleted_service_principal")
    answers = {name: answer(name, value) for name, value in found.items()}
    if isinstance(deleted, list):
        answers["deleted_service_principal"] = answers["deleted_service_principal"].first()
    return AppEvidence(**answers)


def organization(*domains: str, tenant_id: str = TENANT_ID) -> Organization:
    return Organization(id=tenant_id, verified_domains=[VerifiedDomain(name=domain) for domain in domains])


def owner(tenant_id: str = OTHER_TENANT_ID) -> TenantInformation:
    return TenantInformation(tenant_id=tenant_id, display_name="Fabrikam")


INBOX = MailFolder(id="inbox-id", display_name="Inbox", parent_folder_id="root")
WELL_KNOWN_NAMES = {
    "junkemail": "Junk Email",
    "deleteditems": "Deleted Items",
    "archive": "Archive",
    "sentitems": "Sent Items",
}


def folder(name: str, parent: str = "root", *, hidden: bool = False) -> MailFolder:
    """A folder; its id is its name and `-id`."""
    display_name = WELL_KNOWN_NAMES.get(name, name)
    return MailFolder(id=f"{name}-id", display_name=display_name, parent_folder_id=parent, is_hidden=hidden)


def copy_in(folder_name: str, *, is_read: bool | None = False, number: int = 1) -> Message:
    """A copy of the message in a folder, by the folder's name."""
    identifier = f"{folder_name}-message-{number}"
    return Message(id=identifier, parent_folder_id=f"{folder_name}-id", is_read=is_read)


def well_known(**changes: Any) -> dict[str, Answer[MailFolder]]:
    """The well-known folders, all read; none of those that may be hidden is there."""
    found: dict[str, Any] = {name: folder(name) for name in WELL_KNOWN_NAMES}
    found |= dict.fromkeys(WELL_KNOWN_HIDDEN) | changes
    return {name: answer("folder", value) for name, value in found.items()}


def message_in(*names: str, also: Iterable[MailFolder] = (), **changes: Any) -> dict[str, Any]:
    """Evidence of copies in folders, by name, with everything that identifies these folders."""
    return {
        "message": [copy_in(name) for name in names],
        "recoverable_items": [],
        "well_known": well_known(),
        "folders": {one.id: answer("folder", one) for one in also},
        **changes,
    }


def make_evidence(**changes: Any) -> Evidence:
    """A person in order, whose mailbox answers and has the message in its Inbox."""
    found: dict[str, Any] = {
        "organization": organization("contoso.com"),
        "user": make_user(),
        "mailbox": INBOX,
        "message": [copy_in("inbox")],
        "recoverable_items": [],
        **changes,
    }
    if found["message"] == []:
        found = {"hidden_folders": [], "snoozed": [], **found}  # asked only then
    plain = {name: found.pop(name) for name in ("well_known", "folders", "hidden_messages") if name in found}
    tenant = found.pop("tenant", None) or make_tenant()
    app = found.pop("app", ...)
    if app is ...:
        app = make_app() if tenant.app_id else None
    answers = {name: answer(name, value) for name, value in found.items() if value is not ...}
    return Evidence(tenant, NOW, app=app, **plain, **answers)


NO_MAILBOX: dict[str, Any] = {"mailbox": None, "message": None, "recoverable_items": None}
NOBODY: dict[str, Any] = {
    **NO_MAILBOX,
    **dict.fromkeys(("user", "alias", "deleted_user", "group", "contact")),
}
ELSEWHERE: dict[str, Any] = {**NOBODY, "organization": organization("other.example")}
"""An address that nobody has, in a domain of another tenant; `domain_owner` says which."""


def make_case(
    scenario: Scenario = Scenario.UNKNOWN_REASON, failure: dict[str, Any] | None = None, **evidence: Any
) -> Case:
    return Case(make_failure(**failure or {}), scenario, make_evidence(**evidence))


def diagnosed(
    scenario: Scenario = Scenario.UNKNOWN_REASON, failure: dict[str, Any] | None = None, **evidence: Any
) -> Diagnosis:
    """The diagnosis of a failure; all evidence that is not given is in order."""
    return diagnose(make_case(scenario, failure, **evidence))
