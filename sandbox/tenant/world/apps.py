"""The apps of a tenant: Email Threat Defense's own, Microsoft Graph, Exchange Online.

An app is two objects: its registration (`application`), which only its home tenant has, and a service principal in
each tenant that uses it. A granted permission of type Application is an app role assignment of the service principal;
a delegated one is an OAuth2 permission grant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.tenant.world.catalog import EXCHANGE_APP_ID, GRAPH_APP_ID, PERMISSIONS, app_role_id, scope_id
from sandbox.tenant.world.ids import exchange_id, guid
from sandbox.tenant.world.times import timestamp

Spec = Mapping[str, Any]
Entity = dict[str, Any]
MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
PUBLISHER_TENANT = guid("publisher", "tenant")
# The permissions that the publisher's documentation asks for.
DOCUMENTED = ("Mail.ReadWrite", "Organization.Read.All", "Domain.Read.All", "User.Read.All", "Group.Read.All",
             "GroupMember.Read.All")  # fmt: skip


@dataclass
class App:
    """The objects of one app in one tenant; None for an object that does not exist."""

    service_principal: Entity | None
    application: Entity | None = None
    deleted: bool = False
    role_assignments: list[Entity] = field(default_factory=list)
    permission_grants: list[Entity] = field(default_factory=list)
    federated_credentials: list[Entity] = field(default_factory=list)


def graph_app(tenant: str) -> App:
    """Microsoft Graph's service principal: every permission as an app role and a scope, by name and id."""
    principal = _microsoft(tenant, GRAPH_APP_ID, "Microsoft Graph")
    principal["appRoles"] = [
        {"id": role, "value": name, "displayName": name, "description": name, "isEnabled": True,
         "allowedMemberTypes": ["Application"], "origin": "Application"}
        for name, (role, _) in PERMISSIONS.items() if role
    ]  # fmt: skip
    principal["oauth2PermissionScopes"] = [
        {"id": scope, "value": name, "adminConsentDisplayName": name, "isEnabled": True, "type": "Admin"}
        for name, (_, scope) in PERMISSIONS.items()
        if scope
    ]
    return App(principal)


def exchange_app(tenant: str) -> App:
    return App(_microsoft(tenant, EXCHANGE_APP_ID, "Office 365 Exchange Online"))


def _microsoft(tenant: str, app_id: str, name: str) -> Entity:
    return {
        "id": guid(tenant, "servicePrincipal", app_id),
        "appId": app_id,
        "displayName": name,
        "appDisplayName": name,
        "accountEnabled": True,
        "appOwnerOrganizationId": MICROSOFT_TENANT,
        "appRoleAssignmentRequired": False,
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
        "servicePrincipalNames": [app_id],
    }


def app(tenant: str, tenant_id: str, spec: Spec, now: datetime) -> App:
    """An app of the data file. `granted`: Application permissions. `delegated`: Delegated ones. `registration`: in this tenant."""
    app_id = spec["appId"]
    name = spec.get("name", "Email Threat Defense")
    registration = spec.get("registration")
    owner = spec.get("owner") or (tenant_id if registration is not None else PUBLISHER_TENANT)
    shared = {
        "appId": app_id,
        "displayName": name,
        "signInAudience": spec.get("audience", "AzureADMultipleOrgs"),
        "isDisabled": spec.get("isDisabled"),
        "disabledByMicrosoftStatus": spec.get("disabledByMicrosoftStatus"),
    }
    application = None if registration is None else _registration(tenant, shared, registration, now)
    state = spec.get("servicePrincipal", "present")
    federated = [_federated(tenant, app_id, name) for name in (registration or {}).get("federated", ())]
    if state == "absent":
        return App(None, application, federated_credentials=federated)
    principal = shared | {
        "id": guid(tenant, "servicePrincipal", app_id),
        "appDisplayName": name,
        "accountEnabled": spec.get("enabled", True),
        "appOwnerOrganizationId": owner,
        "appRoleAssignmentRequired": False,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [app_id],
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
    }
    if state == "deleted":
        principal["deletedDateTime"] = timestamp(spec.get("deletedAt", "-3d"), now)
        return App(principal, application, deleted=True)
    return App(
        principal,
        application,
        role_assignments=[
            _assignment(tenant, principal, resource, permission, now)
            for resource, names in ((GRAPH_APP_ID, spec.get("granted", DOCUMENTED)),
                                    (EXCHANGE_APP_ID, spec.get("grantedOnExchange", ())))
            for permission in names
        ],
        permission_grants=_grants(tenant, principal, spec.get("delegated", ("User.Read",))),
        federated_credentials=federated,
    )  # fmt: skip


def _federated(tenant: str, app_id: str, name: str) -> Entity:
    return {
        "id": guid(tenant, app_id, "federated", name),
        "name": name,
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": f"repo:publisher/{name}:environment:production",
        "audiences": ["api://AzureADTokenExchange"],
    }


def _registration(tenant: str, shared: Entity, spec: Spec, now: datetime) -> Entity:
    declared = [{"id": app_role_id(name), "type": "Role"} for name in spec.get("application", DOCUMENTED)]
    declared += [{"id": scope_id(name), "type": "Scope"} for name in spec.get("delegated", ("User.Read",))]
    return shared | {
        "id": guid(tenant, "application", shared["appId"]),
        "createdDateTime": timestamp("-800d", now),
        "publisherDomain": "contoso.com",
        "requiredResourceAccess": [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": declared}],
        "passwordCredentials": [
            {"keyId": guid(tenant, shared["appId"], "secret", str(n)), "displayName": f"secret {n + 1}", "hint": "Q7x",
             "startDateTime": timestamp("-700d", now), "endDateTime": timestamp(end, now)}
            for n, end in enumerate(spec.get("secrets", ["+300d"]))
        ],
        "keyCredentials": [
            {"keyId": guid(tenant, shared["appId"], "certificate", str(n)), "displayName": f"CN=certificate {n + 1}",
             "type": "AsymmetricX509Cert", "usage": "Verify",
             "startDateTime": timestamp("-700d", now), "endDateTime": timestamp(end, now)}
            for n, end in enumerate(spec.get("certificates", []))
        ],
    }  # fmt: skip


def _assignment(tenant: str, principal: Entity, resource: str, permission: str, now: datetime) -> Entity:
    return {
        "id": exchange_id("", tenant, principal["id"], resource, permission)[:43],
        "appRoleId": app_role_id(permission),
        "createdDateTime": timestamp("-600d", now),
        "principalDisplayName": principal["displayName"],
        "principalId": principal["id"],
        "principalType": "ServicePrincipal",
        "resourceDisplayName": "Microsoft Graph" if resource == GRAPH_APP_ID else "Office 365 Exchange Online",
        "resourceId": guid(tenant, "servicePrincipal", resource),
    }


def _grants(tenant: str, principal: Entity, names: Any) -> list[Entity]:
    if not names:
        return []
    return [
        {
            "id": exchange_id("", tenant, principal["id"], "grant")[:43],
            "clientId": principal["id"],
            "consentType": "AllPrincipals",
            "resourceId": guid(tenant, "servicePrincipal", GRAPH_APP_ID),
            "scope": " ".join(names),
        }
    ]
