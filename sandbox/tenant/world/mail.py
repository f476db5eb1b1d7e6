"""Mail that arrives while the tenant runs, and what Email Threat Defense's app can do with it. The truth is here.

Both change the person's `messages` in the world's lines, so the mailbox is built again with the message in its new place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.tenant.world.catalog import GRAPH_APP_ID, app_role_id
from sandbox.tenant.world.ids import guid
from sandbox.tenant.world.mailboxes import default_message_id
from sandbox.tenant.world.people import id_of
from sandbox.tenant.world.tenant import Tenant
from sandbox.tenant.world.times import timestamp
from sandbox.tenant.world.world import World

QUARANTINE = "Quarantine-ETD"  # the hidden folder of the app's own
# ETD's words for folders, and where the message is then.
AIMS = {
    "inbox": "inbox",
    "junk": "junkemail",
    "junkemail": "junkemail",
    "trash": "deleteditems",
    "quarantine": QUARANTINE,
    "delete": "recoverableitemsdeletions",
}


def deliver(world: World, tenant: Tenant, address: str, message: Mapping[str, Any]) -> bool:
    """Put a message, as a line of `messages`, into the mailbox of an address. False: nobody here has the address."""
    line = dict(message)
    if "received" in line:
        line["received"] = timestamp(line["received"], world.now)  # ValueError now, not when the mailbox is built
    key = person(tenant, address)
    if key is None:
        return False
    copies = _copies(tenant, key)
    _write(world, tenant, key, [*copies, {"in": "inbox"} | line])
    return True


def remediate(world: World, tenant: Tenant, address: str, message_id: str, folder: str) -> bool:
    """Whether the app could move the message to the folder that ETD calls so; if it could, every copy is there now.

    It could not: the app has no access, nobody has the address, the mailbox does not answer, the message is not in it,
    or the person's line says `etdFails`. KeyError for an unknown folder.
    """
    aim = AIMS[folder.lower()]
    key = person(tenant, address)
    if key is None or not app_can_write(tenant):
        return False
    spec = tenant.spec["people"][key] or {}
    copies = _copies(tenant, key)
    if spec.get("mailbox") or spec.get("etdFails") or not any(copy["id"] == message_id for copy in copies):
        return False
    moved = [copy | {"in": aim} if copy["id"] == message_id else copy for copy in copies]
    _write(world, tenant, key, moved, {QUARANTINE: {"hidden": True}} if aim == QUARANTINE else {})
    return True


def person(tenant: Tenant, address: str) -> str | None:
    """The key of the person who has this address, of any kind but that at home."""
    users = tenant.users
    for found in (
        users.lookup("proxyAddresses", f"smtp:{address}"),
        users.lookup("userPrincipalName", address),
        users.lookup("mail", address),
    ):
        if found:
            return next(
                key for key, spec in tenant.spec["people"].items() if id_of(tenant.key, key, spec) == found[0]["id"]
            )
    return None


def app_can_write(tenant: Tenant) -> bool:
    """Whether ETD's app has Mail.ReadWrite here, of type Application, is switched on, and can sign in."""
    found = tenant.service_principals.lookup("appId", tenant.etd_app_id)
    if not found:
        return False
    [principal] = found
    off = principal.get("disabledByMicrosoftStatus") not in (None, "NotDisabled")
    if not principal["accountEnabled"] or principal.get("isDisabled") or off:
        return False
    graph = guid(tenant.key, "servicePrincipal", GRAPH_APP_ID)
    role = app_role_id("Mail.ReadWrite")
    grants = tenant.role_assignments[principal["id"]].items
    if not any(grant["appRoleId"] == role and grant["resourceId"] == graph for grant in grants):
        return False
    return all(_can_sign_in(tenant, app) for app in tenant.applications.lookup("appId", tenant.etd_app_id))


def _can_sign_in(tenant: Tenant, application: Mapping[str, Any]) -> bool:
    """With the registration elsewhere, nobody here knows; without any credential in it, likewise."""
    ends = [one["endDateTime"] for one in (*application["passwordCredentials"], *application["keyCredentials"])]
    now = datetime.now(UTC)
    expired = bool(ends) and all(datetime.fromisoformat(end) <= now for end in ends)
    return not expired or bool(tenant.federated_credentials[application["id"]].items)


def _copies(tenant: Tenant, key: str) -> list[dict[str, Any]]:
    """The person's messages, each as a mapping with its id."""
    spec = tenant.spec["people"][key] or {}
    mailbox = tenant.mailboxes[id_of(tenant.key, key, spec)]
    lines = [dict(line) if isinstance(line, Mapping) else {"in": line} for line in spec.get("messages", ())]
    return [{"id": default_message_id(mailbox.address)} | line for line in lines]


def _write(
    world: World, tenant: Tenant, key: str, messages: list[Any], folders: Mapping[str, Any] | None = None
) -> None:
    change = {"messages": messages} | ({"folders": folders} if folders else {})
    world.merge({"tenants": {tenant.key: {"people": {key: change}}}})
