"""One tenant as the data file describes it, ready for requests: collections with indexes, mailboxes, grants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.tenant.odata.matching import Collection, Entity
from sandbox.tenant.odata.schema import (
    APP_ROLE_ASSIGNMENT,
    APPLICATION,
    CONTACT,
    DIRECTORY_AUDIT,
    DOMAIN,
    FEDERATED_CREDENTIAL,
    GROUP,
    PERMISSION_GRANT,
    SERVICE_PRINCIPAL,
    SUBSCRIBED_SKU,
    USER,
    EntityType,
)
from sandbox.tenant.world import apps, audit_log, people
from sandbox.tenant.world.catalog import PERMISSIONS, PLANS, SKUS, TRIAGE_ROLES
from sandbox.tenant.world.ids import guid
from sandbox.tenant.world.mailboxes import Mailbox
from sandbox.tenant.world.times import timestamp

Spec = Mapping[str, Any]


class Tenant:
    """One tenant, ready for requests. `spec` holds the lines that it was built from."""

    def __init__(self, key: str, spec: Spec, now: datetime, etd_app_id: str):
        self.key = key
        self.spec = spec
        self.id: str = spec.get("id") or guid(key, "tenant")
        self.name: str = spec.get("name", key.title())
        self.domains: list[str] = spec["domains"]
        self.page_size: int | None = spec.get("pageSize")
        etd = spec.get("etd", {})
        self.etd_app_id: str = etd.get("appId", etd_app_id)
        # The app roles of the caller, the triage identity. Without a service principal in this tenant it gets no token.
        self.triage_roles = frozenset(spec.get("triageRoles", TRIAGE_ROLES)) - set(spec.get("triageLacks", ()))
        self.triage_signs_in: bool = spec.get("triageSignsIn", True)
        # Another tenant, whose token the caller gets instead: a managed identity gets tokens of its home tenant only.
        self.token_of: str | None = spec.get("tokenOf")
        if not self.triage_roles <= PERMISSIONS.keys():
            raise KeyError(f"{key}: no such permission: {sorted(self.triage_roles - PERMISSIONS.keys())}")
        self.mailbox_errors = {k.lower(): code for k, code in spec.get("mailboxErrors", {}).items()}
        self.unknown_user: str = spec.get("unknownUser", "ErrorInvalidUser")
        # The properties that the v1.0 schema of this tenant's cloud lacks: {mailFolder: [isHidden]}.
        self.schema_lacks: Mapping[str, list[str]] = spec.get("schemaLacks", {})
        self.now = now
        # Whether Exchange's own service principal for the message trace is here.
        self.trace_ready: bool = spec.get("traceReady", True)
        self.traces: list[Entity] = []
        self._people(now)
        self._apps(now)
        self._organization(now)

    def _people(self, now: datetime) -> None:
        addresses = ("userPrincipalName", "mail", "proxyAddresses", "otherMails")
        self.users = Collection(USER, addresses)
        self.deleted_users = Collection(USER, addresses)
        self.groups = Collection(GROUP, ("mail", "proxyAddresses"))
        self.contacts = Collection(CONTACT, ("mail", "proxyAddresses"))
        self.mailboxes: dict[str, Mailbox] = {}
        for key, spec in self.spec.get("people", {}).items():
            entity = people.user(self.key, key, spec or {}, self.domains[0], now)
            (self.deleted_users if "deletedDateTime" in entity else self.users).add(entity)
            self.mailboxes[entity["id"]] = people.mailbox(entity, spec or {}, now)
            self.traces += people.traces(entity, spec or {}, now)
            if "deletedDateTime" in entity:
                before = entity["userPrincipalName"].removeprefix(entity["id"].replace("-", ""))
                self.mailbox_errors.setdefault(before.lower(), (spec or {}).get("mailbox") or self.unknown_user)
        for key, spec in self.spec.get("groups", {}).items():
            self.groups.add(people.group(self.key, key, spec or {}, self.domains[0], now))
        for key, spec in self.spec.get("contacts", {}).items():
            self.contacts.add(people.contact(self.key, key, spec))

    def _apps(self, now: datetime) -> None:
        self.service_principals = Collection(SERVICE_PRINCIPAL, ("appId",))
        self.deleted_service_principals = Collection(SERVICE_PRINCIPAL, ("appId",))
        self.applications = Collection(APPLICATION, ("appId",))
        self.deleted_applications = Collection(APPLICATION, ("appId",))
        self.role_assignments: dict[str, Collection] = {}
        self.permission_grants: dict[str, Collection] = {}
        self.federated_credentials: dict[str, Collection] = {}
        found = [apps.graph_app(self.key), apps.exchange_app(self.key)]
        etd = {"appId": self.etd_app_id} | self.spec.get("etd", {})
        for spec in (etd, *self.spec.get("apps", {}).values()):
            found.append(apps.app(self.key, self.id, spec, now))
        for app in found:
            if app.service_principal:
                target = self.deleted_service_principals if app.deleted else self.service_principals
                target.add(app.service_principal)
                principal_id = app.service_principal["id"]
                self.role_assignments[principal_id] = Collection.of(APP_ROLE_ASSIGNMENT, app.role_assignments)
                self.permission_grants[principal_id] = Collection.of(PERMISSION_GRANT, app.permission_grants)
            if app.application:
                self.applications.add(app.application)
                federated = Collection.of(FEDERATED_CREDENTIAL, app.federated_credentials)
                self.federated_credentials[app.application["id"]] = federated

        entries = self.spec.get("auditLog", ())
        log = [audit_log.entry(self.key, number, spec, self.etd_app_id, now) for number, spec in enumerate(entries)]
        self.audit_log = Collection.of(DIRECTORY_AUDIT, log)

    def _organization(self, now: datetime) -> None:
        initial = next((name for name in self.domains if name.endswith(".onmicrosoft.com")), None)
        services = self.spec.get("domainServices", {})
        self.domain_objects = Collection(DOMAIN)
        for name in [*self.domains, *self.spec.get("unverifiedDomains", [])]:
            self.domain_objects.add(
                {
                    "id": name,
                    "authenticationType": "Managed",
                    "isAdminManaged": True,
                    "isDefault": name == self.domains[0],
                    "isInitial": name == initial,
                    "isRoot": True,
                    "isVerified": name in self.domains,
                    "supportedServices": services.get(name, ["Email", "OfficeCommunicationsOnline"]),
                }
            )
        verified = [
            {"name": name, "isDefault": name == self.domains[0], "isInitial": name == initial, "type": "Managed",
             "capabilities": ", ".join(services.get(name, ["Email", "OfficeCommunicationsOnline"]))}
            for name in self.domains
        ]  # fmt: skip
        synced = self.spec.get("synced")
        self.organization: Entity = {
            "id": self.id,
            "displayName": self.name,
            "tenantType": "AAD",
            "countryLetterCode": "US",
            "createdDateTime": timestamp("-2000d", now),
            "verifiedDomains": verified,
            "onPremisesSyncEnabled": synced,
            "onPremisesLastSyncDateTime": timestamp("-1h", now) if synced else None,
        }
        self.skus = Collection(SUBSCRIBED_SKU)
        licensed = (people.sku_names(spec or {}) for spec in self.spec.get("people", {}).values())
        subscribed: dict[str, Any] = {"SPE_E3": {}, **{name: {} for names in licensed for name in names}}
        for name, counts in (subscribed | self.spec.get("skus", {})).items():
            if counts is not False:
                self.skus.add(self._sku(name, counts or {}))

    def _sku(self, name: str, counts: Spec) -> Entity:
        sku_id, plans = SKUS[name]
        return {
            "id": f"{self.id}_{sku_id}",
            "accountId": self.id,
            "accountName": self.key,
            "appliesTo": "User",
            "capabilityStatus": counts.get("status", "Enabled"),
            "consumedUnits": counts.get("consumed", 20),
            "prepaidUnits": {"enabled": counts.get("enabled", 100), "suspended": 0, "warning": 0, "lockedOut": 0},
            "skuId": sku_id,
            "skuPartNumber": name,
            "servicePlans": [service_plan(plan) for plan in plans],
            "subscriptionIds": [guid(self.key, "subscription", name)],
        }

    def user(self, key: str) -> Entity | None:
        """By object id or user principal name, as the directory resolves `/users/{key}`; never by another address."""
        found = self.users.by_id.get(key.lower())
        if found is None:
            by_name = self.users.lookup("userPrincipalName", key)
            found = by_name[0] if by_name else None
        return found

    def in_its_cloud(self, entity: EntityType) -> EntityType:
        """The type as this tenant's cloud has it: national clouds lack some properties in v1.0."""
        lacking = self.schema_lacks.get(entity.name.removeprefix("microsoft.graph."))
        return entity.without(lacking) if lacking else entity


def service_plan(name: str, status: str = "Success") -> Entity:
    return {
        "servicePlanId": PLANS[name][0],
        "servicePlanName": name,
        "provisioningStatus": status,
        "appliesTo": "Company" if name == "EXCHANGE_S_FOUNDATION" else "User",
    }
