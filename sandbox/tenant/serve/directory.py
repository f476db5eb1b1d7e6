"""The directory's answers: users, deleted items, organization, domains, apps, groups, contacts.

Each handler takes the call and the values in its path, and returns the JSON body or raises a GraphError.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.tenant.errors import directory_not_found
from sandbox.tenant.odata.matching import Collection, Entity
from sandbox.tenant.odata.query import shape
from sandbox.tenant.odata.schema import (
    APPLICATION,
    BASIC_USER,
    ORGANIZATION,
    SERVICE_PRINCIPAL,
    USER,
    EntityType,
    entity_type,
)
from sandbox.tenant.serve import permissions
from sandbox.tenant.serve.bodies import many, one, selected, unpaged
from sandbox.tenant.serve.call import Call
from sandbox.tenant.serve.paths import Body, PathTable
from sandbox.tenant.world.catalog import PLANS, SKUS
from sandbox.tenant.world.tenant import Tenant, service_plan

SKU_NAMES = {sku_id: name for name, (sku_id, _) in SKUS.items()}
paths = PathTable("directory")


def _list(template: str, roles: frozenset[str], choose: Callable[[Tenant], Collection], price: int = 1) -> None:
    """A path that lists one collection of the tenant."""
    paths.get(template, roles, price)(lambda call: many(call, choose(call.tenant)))


_list("/directory/deletedItems/graph.user", permissions.USERS_FULL, lambda tenant: tenant.deleted_users)
_list(
    "/directory/deletedItems/graph.servicePrincipal",
    permissions.APPLICATIONS,
    lambda tenant: tenant.deleted_service_principals,
)
_list(
    "/directory/deletedItems/graph.application",
    permissions.APPLICATIONS,
    lambda tenant: tenant.deleted_applications,
)
_list("/domains", permissions.DOMAINS, lambda tenant: tenant.domain_objects)
_list("/subscribedSkus", permissions.SKUS, lambda tenant: tenant.skus, price=3)
_list("/applications", permissions.APPLICATIONS, lambda tenant: tenant.applications, price=2)
_list("/servicePrincipals", permissions.APPLICATIONS, lambda tenant: tenant.service_principals)
_list("/auditLogs/directoryAudits", permissions.AUDIT_LOG, lambda tenant: tenant.audit_log)
_list("/groups", permissions.GROUPS, lambda tenant: tenant.groups)
_list("/contacts", permissions.CONTACTS, lambda tenant: tenant.contacts)


def _hidden_from(call: Call) -> frozenset[str]:
    if call.roles & permissions.USERS_FULL:
        return frozenset()
    return frozenset(USER.properties) - BASIC_USER


@paths.get("/users", permissions.USERS, price=2)
def users(call: Call) -> Body:
    return many(call, call.tenant.users, _hidden_from(call))


@paths.get("/users/{}", permissions.USERS)
def user(call: Call, key: str) -> Body:
    return one(call, _found(call.tenant.user(key), key), USER, _hidden_from(call))


def _found(entity: Entity | None, key: str) -> Entity:
    if entity is None:
        raise directory_not_found(key)
    return entity


LICENSE_DETAILS = entity_type("licenseDetails", "licenseDetails", "skuId skuPartNumber", "servicePlans")


@paths.get("/users/{}/licenseDetails", permissions.LICENSES, price=2)
def license_details(call: Call, key: str) -> Body:
    found = _found(call.tenant.user(key), key)
    running = {plan["servicePlanId"] for plan in found["assignedPlans"] if plan["capabilityStatus"] == "Enabled"}
    details = []
    for license in found["assignedLicenses"]:
        name = SKU_NAMES[license["skuId"]]
        plans = [service_plan(plan, "Success" if PLANS[plan][0] in running else "Disabled") for plan in SKUS[name][1]]
        details.append(
            {
                "id": f"{found['id']}_{license['skuId']}",
                "skuId": license["skuId"],
                "skuPartNumber": name,
                "servicePlans": plans,
            }
        )
    return unpaged(call, details, LICENSE_DETAILS)


@paths.get("/organization", permissions.ORGANIZATION)
def organization(call: Call) -> Body:
    return unpaged(call, [call.tenant.organization], ORGANIZATION)


@paths.get("/domains/{}", permissions.DOMAINS)
def domain(call: Call, key: str) -> Body:
    objects = call.tenant.domain_objects
    return one(call, _found(objects.by_id.get(key.lower()), key), objects.entity)


# A value, not an entity: it has no id.
TENANT_INFORMATION = EntityType(
    "microsoft.graph.tenantInformation",
    "tenantInformation",
    properties=dict.fromkeys(["tenantId", "defaultDomainName", "displayName", "federationBrandName"]),
    default=("tenantId", "defaultDomainName", "displayName", "federationBrandName"),
)


@paths.get("/tenantRelationships/findTenantInformationByDomainName(domainName={})", permissions.CROSS_TENANT)
def tenant_information(call: Call, domain_name: str) -> Body:
    found = _found(call.world.owner(domain_name), domain_name)
    about = {"@odata.context": f"{call.base}/$metadata#microsoft.graph.tenantInformation"}
    return about | shape(found, selected(call, TENANT_INFORMATION), TENANT_INFORMATION)


@paths.get("/applications(appId={})", permissions.APPLICATIONS)
def application(call: Call, app_id: str) -> Body:
    return one(call, _with_app_id(call.tenant.applications, app_id), APPLICATION)


@paths.get("/applications/{}/federatedIdentityCredentials", permissions.APPLICATIONS)
def federated_credentials(call: Call, key: str) -> Body:
    return many(
        call, call.tenant.federated_credentials[_found(call.tenant.applications.by_id.get(key.lower()), key)["id"]]
    )


@paths.get("/servicePrincipals(appId={})", permissions.APPLICATIONS)
def service_principal_by_app_id(call: Call, app_id: str) -> Body:
    return one(call, _with_app_id(call.tenant.service_principals, app_id), SERVICE_PRINCIPAL)


def _with_app_id(objects: Collection, app_id: str) -> Entity:
    return _found(next(iter(objects.lookup("appId", app_id)), None), app_id)


@paths.get("/servicePrincipals/{}", permissions.APPLICATIONS)
def service_principal(call: Call, key: str) -> Body:
    return one(call, _service_principal(call, key), SERVICE_PRINCIPAL)


def _service_principal(call: Call, key: str) -> Entity:
    return _found(call.tenant.service_principals.by_id.get(key.lower()), key)


@paths.get("/servicePrincipals/{}/appRoleAssignments", permissions.APPLICATIONS, price=2)
def app_role_assignments(call: Call, key: str) -> Body:
    return many(call, call.tenant.role_assignments[_service_principal(call, key)["id"]])


# Reading delegated grants takes more than reading the app: Application.Read.All is not enough.
@paths.get("/servicePrincipals/{}/oauth2PermissionGrants", permissions.DIRECTORY)
def permission_grants(call: Call, key: str) -> Body:
    return many(call, call.tenant.permission_grants[_service_principal(call, key)["id"]])
