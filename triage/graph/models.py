"""Graph v1.0's answers, as far as triage reads them (https://learn.microsoft.com/graph/api/overview).

A property is None where Graph said null or left it out: for lists that is not the same as an empty one, since
Graph returns null for what the caller may not see.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Resource(BaseModel):
    """Any Graph object: unknown properties are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    id: str | None = None


class VerifiedDomain(Resource):
    """One of `organization.verifiedDomains`."""

    name: str
    is_initial: bool | None = None


class Organization(Resource):
    """`organization`."""

    verified_domains: list[VerifiedDomain] | None = None

    def verifies(self, domain: str) -> bool:
        """Whether the domain (lower case, A-labels) is verified in this tenant."""
        return any(verified.name.lower() == domain for verified in self.verified_domains or [])


class AssignedLicense(Resource):
    """`assignedLicense`: a SKU, and the plans in it that are switched off."""

    sku_id: str | None = None
    disabled_plans: list[str] = Field(default_factory=list[str])


class AssignedPlan(Resource):
    """`assignedPlan`: capabilityStatus is Enabled, Warning, Suspended, Deleted or LockedOut."""

    assigned_date_time: datetime | None = None
    capability_status: str | None = None
    service: str | None = None
    service_plan_id: str | None = None


class ProvisionedPlan(Resource):
    """`provisionedPlan`: it names a service only, not a plan."""

    provisioning_status: str | None = None
    service: str | None = None


class LicenseAssignmentState(Resource):
    """`licenseAssignmentState`: `error` is null or "None" if there is none."""

    sku_id: str | None = None
    state: str | None = None
    error: str | None = None


class ServicePlanInfo(Resource):
    """`servicePlanInfo`: a plan in a SKU."""

    service_plan_id: str | None = None


class SubscribedSku(Resource):
    """`subscribedSku`: a product that the tenant has licenses of, and the plans in it."""

    sku_id: str | None = None
    sku_part_number: str | None = None
    service_plans: list[ServicePlanInfo] = Field(default_factory=list[ServicePlanInfo])


class OnPremisesProvisioningError(Resource):
    """`onPremisesProvisioningError`."""

    category: str | None = None


class ServiceProvisioningError(Resource):
    """`serviceProvisioningError`."""

    is_resolved: bool | None = None
    service_instance: str | None = None


class User(Resource):
    """`user`, with what shows whether Exchange Online has a mailbox for it."""

    user_principal_name: str | None = None
    mail: str | None = None
    proxy_addresses: list[str] | None = None
    user_type: str | None = None
    account_enabled: bool | None = None
    assigned_licenses: list[AssignedLicense] | None = None
    assigned_plans: list[AssignedPlan] | None = None
    provisioned_plans: list[ProvisionedPlan] | None = None
    license_assignment_states: list[LicenseAssignmentState] | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_provisioning_errors: list[OnPremisesProvisioningError] | None = None
    service_provisioning_errors: list[ServiceProvisioningError] | None = None
    deleted_date_time: datetime | None = None

    @property
    def addresses(self) -> set[str]:
        """The user's addresses, primary and alias, in lower case."""
        found = [self.mail or "", *((proxy.partition(":")[2]) for proxy in self.proxy_addresses or [])]
        return {address.lower() for address in found if address}

    def has_address(self, address: str) -> bool:
        """Whether the address is one of the user's, primary or alias."""
        return address in self.addresses


class Recipient(Resource):
    """A `group` or an `orgContact`: what else an address may belong to."""

    mail: str | None = None
    group_types: list[str] = Field(default_factory=list[str])


class TenantInformation(Resource):
    """`tenantInformation`: whose domain it is."""

    tenant_id: str
    display_name: str | None = None


class MailFolder(Resource):
    """`mailFolder`."""

    display_name: str | None = None
    parent_folder_id: str | None = None
    is_hidden: bool | None = None
    total_item_count: int | None = None

    @property
    def holds_items(self) -> bool:
        """Whether something may be in the folder itself; what lies in folders below it is not counted."""
        return self.total_item_count != 0


class MailboxSettings(Resource):
    """`mailboxSettings`, as far as it says what the mailbox is for. Graph gives a string, or an object with one."""

    user_purpose: str | dict[str, Any] | None = None

    @property
    def purpose(self) -> str | None:
        """What the mailbox is for: user, linked, shared, room, equipment, or others."""
        purpose = self.user_purpose
        return purpose.get("value") if isinstance(purpose, dict) else purpose


class Message(Resource):
    """`message`: where it is, and whether it was read. Never its subject or body."""

    parent_folder_id: str | None = None
    is_read: bool | None = None


class MessageRuleActions(Resource):
    """`messageRuleActions`, as far as they say where a message goes."""

    move_to_folder: str | None = None


class MessageRule(Resource):
    """`messageRule`: a rule of the Inbox. Graph does not show when it was made, nor what it did."""

    display_name: str | None = None
    is_enabled: bool | None = None
    has_error: bool | None = None
    actions: MessageRuleActions | None = None

    def moves_to(self, folder_id: str) -> bool:
        """Whether it moves messages to this folder now."""
        works = self.is_enabled is True and not self.has_error
        return works and self.actions is not None and self.actions.move_to_folder == folder_id


class MessageTrace(Resource):
    """`exchangeMessageTrace`: what the transport did with a message for one recipient, not where it is today."""

    recipient_address: str | None = None
    status: str | None = None


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
