"""Graph's answers about the directory: the tenant, its users, and what else an address may belong to."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from triage.graph.models.licenses import AssignedLicense, AssignedPlan, LicenseAssignmentState, ProvisionedPlan
from triage.graph.models.resource import Resource


class VerifiedDomain(Resource):
    """One of `organization.verifiedDomains`."""

    name: str
    is_initial: bool | None = None


class Organization(Resource):
    """`organization`."""

    display_name: str | None = None
    verified_domains: list[VerifiedDomain] | None = None

    def verifies(self, domain: str) -> bool:
        """Whether the domain (lower case, A-labels) is verified in this tenant."""
        return any(verified.name.lower() == domain for verified in self.verified_domains or [])


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

    @property
    def mail_addresses(self) -> list[str]:
        """The addresses for mail, the primary one first: `mail`, then those of the proxy addresses that are of SMTP."""
        proxies = [proxy.partition(":") for proxy in self.proxy_addresses or []]
        primary = [address for kind, _, address in proxies if kind == "SMTP"]
        aliases = [address for kind, _, address in proxies if kind == "smtp"]
        return list(dict.fromkeys(address.lower() for address in (self.mail or "", *primary, *aliases) if address))

    @property
    def is_guest(self) -> bool:
        """Whether the user is of another organization, by type or by the form of the UPN."""
        return (self.user_type or "").lower() == "guest" or "#ext#" in (self.user_principal_name or "").lower()

    def has_address(self, address: str) -> bool:
        """Whether the address is one of the user's, primary or alias."""
        return address in self.addresses


class UserCount(Resource):
    """A page of users with the number of all of them."""

    count: int = Field(alias="@odata.count")


class Recipient(Resource):
    """A `group` or an `orgContact`: what else an address may belong to."""

    mail: str | None = None
    group_types: list[str] = Field(default_factory=list[str])


class TenantInformation(Resource):
    """`tenantInformation`: whose domain it is."""

    tenant_id: str
    display_name: str | None = None
