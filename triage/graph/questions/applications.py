"""What the directory is asked about Email Threat Defense's app. An app id is a GUID, so it has no quote in it."""

from __future__ import annotations

from triage.graph.permissions import GRAPH_APP_ID
from triage.graph.questions.question import Kind, ProbeWith, literal, question, segment

SERVICE_PRINCIPAL = (
    "id,appId,displayName,accountEnabled,isDisabled,disabledByMicrosoftStatus,signInAudience,appOwnerOrganizationId"
)
REGISTRATION = "id,appId,signInAudience,isDisabled,requiredResourceAccess,passwordCredentials,keyCredentials"

_PERMISSION = "Application.Read.All"


@question("Is the Email Threat Defense app in the tenant and enabled?", _PERMISSION)
def service_principal(app_id: str) -> str:
    """The app in the tenant."""
    return f"{_by_app_id(app_id)}?$select={SERVICE_PRINCIPAL}"


@question("Was the app deleted from the tenant?", _PERMISSION, kind=Kind.FACT)
def deleted_service_principal(app_id: str) -> str:
    """The app among the deleted items."""
    has_id = segment(f"appId eq {literal(app_id)}")
    select = "id,appId,displayName,deletedDateTime"
    return f"/directory/deletedItems/graph.servicePrincipal?$filter={has_id}&$select={select}"


@question("What is Microsoft Graph's own service principal in the tenant?", _PERMISSION, kind=Kind.FACT)
def graph_service_principal(*, names: bool) -> str:
    """Microsoft Graph's own service principal; with `names`, all of its permissions (some hundred kilobytes)."""
    select = "id,appRoles,oauth2PermissionScopes" if names else "id"
    return f"{_by_app_id(GRAPH_APP_ID)}?$select={select}"


@question("Does the app have every permission that remediation needs?", _PERMISSION)
def permissions(service_principal_id: str) -> str:
    """The application permissions that were granted to the app, on every resource."""
    return f"{_by_id(service_principal_id)}/appRoleAssignments?$select=id,appRoleId,resourceId&$top=999"


@question(
    "Which delegated permissions does the app have?",
    "Directory.Read.All",
    kind=Kind.FACT,
    probe_with=ProbeWith.SERVICE_PRINCIPAL,
)
def delegated_grants(service_principal_id: str) -> str:
    """The delegated permissions that were granted to the app, on every resource."""
    return f"{_by_id(service_principal_id)}/oauth2PermissionGrants?$select=id,resourceId,scope&$top=999"


@question("Are the credentials of the app's registration still valid?", _PERMISSION)
def registration(app_id: str) -> str:
    """The app's registration. Only the tenant that owns the app has it."""
    return f"/applications(appId='{segment(app_id)}')?$select={REGISTRATION}"


@question("Does the app's registration have federated credentials?", _PERMISSION, kind=Kind.FACT)
def federated_credentials(registration_id: str) -> str:
    """The federated credentials of the registration: with one of them, the app needs no secret and no certificate."""
    return f"/applications/{segment(registration_id)}/federatedIdentityCredentials?$select=id"


@question("Is the app in another configured tenant, and whose accounts can it access?", _PERMISSION, kind=Kind.FACT)
def app_elsewhere(app_id: str) -> str:
    """The app in another tenant than that of the failure; that tenant is asked."""
    return f"{_by_app_id(app_id)}?$select=id,signInAudience"


def _by_app_id(app_id: str) -> str:
    return f"/servicePrincipals(appId='{segment(app_id)}')"


def _by_id(service_principal_id: str) -> str:
    return f"/servicePrincipals/{segment(service_principal_id)}"
