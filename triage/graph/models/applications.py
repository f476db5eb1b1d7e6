"""Graph's answers about an app: its service principal, its registration, and what it is granted."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from triage.graph.models.resource import Resource


class AppRole(Resource):
    """`appRole` or `permissionScope`: the permission that an id stands for."""

    value: str | None = None


class ServicePrincipal(Resource):
    """`servicePrincipal`."""

    app_id: str | None = None
    display_name: str | None = None
    account_enabled: bool | None = None
    is_disabled: bool | None = None
    disabled_by_microsoft_status: str | None = None
    sign_in_audience: str | None = None
    app_owner_organization_id: str | None = None
    deleted_date_time: datetime | None = None
    app_roles: list[AppRole] = Field(default_factory=list[AppRole])
    oauth2_permission_scopes: list[AppRole] = Field(default_factory=list[AppRole])


class AppRoleAssignment(Resource):
    """`appRoleAssignment`: a granted application permission."""

    app_role_id: str | None = None
    resource_id: str | None = None


class OAuth2PermissionGrant(Resource):
    """`oAuth2PermissionGrant`: granted delegated permissions; `scope` has their names, separated by spaces."""

    resource_id: str | None = None
    scope: str | None = None


class ResourceAccess(Resource):
    """A permission that a registration asks for: type is Role (Application) or Scope (Delegated)."""

    type: str | None = None


class RequiredResourceAccess(Resource):
    """The permissions that a registration asks for on one resource."""

    resource_app_id: str | None = None
    resource_access: list[ResourceAccess] = Field(default_factory=list[ResourceAccess])


class Credential(Resource):
    """`passwordCredential` or `keyCredential`."""

    key_id: str | None = None
    display_name: str | None = None
    end_date_time: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Whether it has expired; one without an end never does."""
        return self.end_date_time is not None and self.end_date_time <= now


class Application(Resource):
    """`application`: the app's registration, which only the tenant that owns the app has."""

    sign_in_audience: str | None = None
    is_disabled: bool | None = None
    required_resource_access: list[RequiredResourceAccess] = Field(default_factory=list[RequiredResourceAccess])
    password_credentials: list[Credential] = Field(default_factory=list[Credential])
    key_credentials: list[Credential] = Field(default_factory=list[Credential])

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """Every secret and certificate."""
        return (*self.password_credentials, *self.key_credentials)

    def all_expired(self, now: datetime) -> bool:
        """Whether there are secrets or certificates, and every one of them has expired."""
        return bool(self.credentials) and all(credential.expired(now) for credential in self.credentials)
