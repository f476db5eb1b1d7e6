"""The directory's answers: users, deleted items, organization, apps, groups, contacts.

Every function takes the call and the path's values and gives the JSON body; what goes wrong is a GraphError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.tenant import odata, permissions
from sandbox.tenant.call import Call
from sandbox.tenant.errors import directory_not_found
from sandbox.tenant.identifiers import PLANS, SKUS
from sandbox.tenant.matching import Collection, Entity
from sandbox.tenant.schema import (
    APPLICATION,
    BASIC_USER,
    LICENSE_DETAILS,
    ORGANIZATION,
    SERVICE_PRINCIPAL,
    TENANT_INFORMATION,
    USER,
    EntityType,
)
from sandbox.tenant.tenant import Tenant, service_plan

Body = dict[str, Any]
SKU_NAMES = {sku_id: name for name, (sku_id, _) in SKUS.items()}
PLAN_NAMES = {plan_id: name for name, (plan_id, _) in PLANS.items()}


def context(call: Call, entity: EntityType, single: bool = False) -> str:
    chosen = call.query.options.get("$select")
    names = f"({chosen})" if chosen else ""
    return f"{call.base}/$metadata#{entity.collection}{names}{'/$entity' if single else ''}"


def one(call: Call, item: Entity, entity: EntityType, hidden: frozenset[str] = frozenset()) -> Body:
    names = odata.selected(call.query, entity)
    return {"@odata.context": context(call, entity, single=True)} | odata.shape(item, names, entity, hidden)


def many(call: Call, collection: Collection, hidden: frozenset[str] = frozenset()) -> Body:
    entity = collection.entity
    names = odata.selected(call.query, entity)
    readable = frozenset(entity.properties) - hidden if hidden else None
    found = odata.find(collection, call.query, readable)
    items, about = odata.page(found, call.query, entity, call.base + call.path, call.tenant.page_size)
    value = [odata.shape(item, names, entity, hidden) for item in items]
    return {"@odata.context": context(call, entity)} | about | {"value": value}


def listing(choose: Callable[[Tenant], Collection]) -> Callable[[Call], Body]:
    """A handler that lists one collection of the tenant."""
    return lambda call: many(call, choose(call.tenant))


def _hidden_from(call: Call) -> frozenset[str]:
    if call.roles & permissions.USERS_FULL:
        return frozenset()
    return frozenset(USER.properties) - BASIC_USER


def users(call: Call) -> Body:
    return many(call, call.tenant.users, _hidden_from(call))


def user(call: Call, key: str) -> Body:
    return one(call, find_user(call, key), USER, _hidden_from(call))


def find_user(call: Call, key: str) -> Entity:
    found = call.tenant.user(key)
    if found is None:
        raise directory_not_found(key)
    return found


def license_details(call: Call, key: str) -> Body:
    found = find_user(call, key)
    running = {plan["servicePlanId"] for plan in found["assignedPlans"] if plan["capabilityStatus"] == "Enabled"}
    names = odata.selected(call.query, LICENSE_DETAILS)
    value = []
    for license in found["assignedLicenses"]:
        name = SKU_NAMES[license["skuId"]]
        plans = [service_plan(plan, "Success" if PLANS[plan][0] in running else "Disabled") for plan in SKUS[name][1]]
        item = {
            "id": f"{found['id']}_{license['skuId']}",
            "skuId": license["skuId"],
            "skuPartNumber": name,
            "servicePlans": plans,
        }
        value.append(odata.shape(item, names, LICENSE_DETAILS))
    return {"@odata.context": context(call, LICENSE_DETAILS), "value": value}


def organization(call: Call) -> Body:
    names = odata.selected(call.query, ORGANIZATION)
    value = [odata.shape(call.tenant.organization, names, ORGANIZATION)]
    return {"@odata.context": context(call, ORGANIZATION), "value": value}


def domain(call: Call, key: str) -> Body:
    objects = call.tenant.domain_objects
    found = objects.by_id.get(key.lower())
    if found is None:
        raise directory_not_found(key)
    return one(call, found, objects.entity)


def tenant_information(call: Call, domain_name: str) -> Body:
    found = call.world.owner(domain_name)
    if found is None:
        raise directory_not_found(domain_name)
    names = odata.selected(call.query, TENANT_INFORMATION)
    about = {"@odata.context": f"{call.base}/$metadata#microsoft.graph.tenantInformation"}
    return about | odata.shape(found, names, TENANT_INFORMATION)


def application(call: Call, app_id: str) -> Body:
    found = call.tenant.with_app_id(call.tenant.applications, app_id)
    if found is None:
        raise directory_not_found(app_id)
    return one(call, found, APPLICATION)


def service_principal_by_app_id(call: Call, app_id: str) -> Body:
    found = call.tenant.with_app_id(call.tenant.service_principals, app_id)
    if found is None:
        raise directory_not_found(app_id)
    return one(call, found, SERVICE_PRINCIPAL)


def _service_principal(call: Call, key: str) -> Entity:
    found = call.tenant.service_principals.by_id.get(key.lower())
    if found is None:
        raise directory_not_found(key)
    return found


def service_principal(call: Call, key: str) -> Body:
    return one(call, _service_principal(call, key), SERVICE_PRINCIPAL)


def app_role_assignments(call: Call, key: str) -> Body:
    return many(call, call.tenant.role_assignments[_service_principal(call, key)["id"]])


def permission_grants(call: Call, key: str) -> Body:
    return many(call, call.tenant.permission_grants[_service_principal(call, key)["id"]])
