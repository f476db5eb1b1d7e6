"""Which permissions the ETD app needs, which it has, and why the others are missing.

Required: Cisco's page "Troubleshoot Email Threat Defense Remediation". Documented: Cisco's FAQ "What access
permissions does Secure Email Threat Defense require?".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from triage.graph.evidence import AppEvidence, Unread
from triage.graph.permissions import GRAPH_APP_ID, INCLUDED_IN, PERMISSIONS
from triage.settings import Mode

# Type Application; remediation fails without them.
REQUIRED = {
    Mode.READ_WRITE: ("Mail.ReadWrite", "Organization.Read.All"),
    Mode.READ: ("Mail.Read", "Organization.Read.All"),
    Mode.NO_AUTH: (),
}
DOCUMENTED = ("Domain.Read.All", "User.Read.All", "Group.Read.All", "GroupMember.Read.All")
DOCUMENTED_DELEGATED = ("User.Read",)


class PermissionState(StrEnum):
    """The state of one permission of type Application; included: not granted itself, but another one includes it."""

    GRANTED = "granted"
    INCLUDED = "included"
    CONSENT_MISSING = "consent_missing"
    DELEGATED_ONLY = "delegated_only"
    MISSING = "missing"
    UNKNOWN = "unknown"

    @property
    def allows(self) -> bool:
        """Whether the app may do what the permission is for."""
        return self in (PermissionState.GRANTED, PermissionState.INCLUDED)


@dataclass(slots=True)
class Names:
    """Names for ids: from the table in graph/permissions.py, and from Graph's own service principal if it was read."""

    roles: dict[str, str] = field(default_factory=dict[str, str])
    role_ids: dict[str, str] = field(default_factory=dict[str, str])
    scope_ids: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, app: AppEvidence) -> Names:
        """The names that are known in this tenant."""
        names = cls()
        graph = app.graph_service_principal.value
        for name, permission in PERMISSIONS.items():
            names._add(name, permission.role_id, permission.scope_id)
        for role in graph.app_roles if graph else []:
            names._add(role.value, role.id, None)
        for scope in graph.oauth2_permission_scopes if graph else []:
            names._add(scope.value, None, scope.id)
        return names

    def _add(self, name: str | None, role_id: str | None, scope_id: str | None) -> None:
        if name and role_id:
            self.roles[role_id] = name
            self.role_ids[name] = role_id
        if name and scope_id:
            self.scope_ids[name] = scope_id


def granted_roles(app: AppEvidence) -> set[str]:
    """The ids of the app roles that are granted on Microsoft Graph. Grants on another resource don't count."""
    graph = app.graph_service_principal.get()
    grants = app.permissions.get() or []
    if graph is None:
        # Without Graph's own service principal in the tenant, nothing can be granted on it.
        return set()
    return {grant.app_role_id.lower() for grant in grants if grant.app_role_id and grant.resource_id == graph.id}


def granted_scopes(app: AppEvidence) -> set[str]:
    """The names of the delegated permissions granted on Microsoft Graph."""
    graph = app.graph_service_principal.get()
    grants = app.delegated_grants.get() or []
    return {
        scope for grant in grants if graph and grant.resource_id == graph.id for scope in (grant.scope or "").split()
    }


def declared(app: AppEvidence) -> tuple[set[str], set[str]]:
    """The ids of the permissions that the registration requests on Graph: of type Application, of type Delegated.

    Both are empty if the registration is not in this tenant.
    """
    registration = app.registration.get()
    requested = [
        access
        for resource in (registration.required_resource_access if registration else [])
        if (resource.resource_app_id or "").lower() == GRAPH_APP_ID
        for access in resource.resource_access
        if access.id
    ]
    roles = {access.id.lower() for access in requested if access.id and access.type == "Role"}
    scopes = {access.id.lower() for access in requested if access.id and access.type == "Scope"}
    return roles, scopes


def included_in(app: AppEvidence, name: str, names: Names) -> str | None:
    """A granted application permission that includes this one, if there is one. Raises Unread if that is not known."""
    roles = granted_roles(app)
    return next((one for one in INCLUDED_IN.get(name, ()) if names.role_ids.get(one) in roles), None)


def permission_state(app: AppEvidence, name: str, names: Names) -> PermissionState:
    """The state of one permission. Raises Unread if what decides could not be read.

    Delegated grants do not decide: if they could not be read, a permission that is not granted is missing (docs/design.md).
    """
    role_id = names.role_ids.get(name)
    if role_id in granted_roles(app):
        return PermissionState.GRANTED
    if included_in(app, name, names):
        return PermissionState.INCLUDED
    roles, scopes = declared(app)
    if role_id in roles:
        return PermissionState.CONSENT_MISSING
    if names.scope_ids.get(name) in scopes:
        return PermissionState.DELEGATED_ONLY
    try:
        return PermissionState.DELEGATED_ONLY if name in granted_scopes(app) else PermissionState.MISSING
    except Unread:
        return PermissionState.MISSING


def required_states(app: AppEvidence, mode: Mode) -> dict[str, PermissionState]:
    """The state of every permission that remediation needs. Raises Unread if what decides could not be read."""
    names = Names.of(app)
    return {name: permission_state(app, name, names) for name in REQUIRED[mode]}
