"""A person, group or contact of the data file as the directory holds it.

A person's licenses become `assignedLicenses`, `assignedPlans`, `provisionedPlans` and `licenseAssignmentStates` as
Entra derives them. A license that could not be assigned gives neither a license nor a plan. A plan that is turned off
in a license is not assigned. A license that was removed leaves its plans, as Deleted. If two licenses have the same plan,
the usable one is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.tenant.world.catalog import PLANS, SKUS
from sandbox.tenant.world.ids import guid
from sandbox.tenant.world.mailboxes import Mailbox
from sandbox.tenant.world.times import timestamp

Spec = Mapping[str, Any]
USABLE = ("Enabled", "Warning")


def id_of(tenant: str, key: str, spec: Spec | None) -> str:
    return (spec or {}).get("id") or guid(tenant, "user", key)


def user(tenant: str, key: str, spec: Spec, domain: str, now: datetime) -> dict[str, Any]:
    """The user's entity. `deletedDateTime` is set for a deleted user."""
    user_id = id_of(tenant, key, spec)
    upn = spec.get("upn") or f"{key}@{domain}"
    mail = spec.get("mail", upn)
    first, _, last = spec.get("name", key.replace(".", " ").title()).partition(" ")
    entity: dict[str, Any] = {
        "id": user_id,
        "userPrincipalName": upn,
        "mail": mail,
        "mailNickname": upn.split("@")[0].replace("#EXT#", ""),
        "displayName": f"{first} {last}".strip(),
        "givenName": first,
        "surname": last or None,
        "accountEnabled": spec.get("signIn", True),
        "userType": spec.get("userType", "Member"),
        "usageLocation": "US",
        "createdDateTime": timestamp(spec.get("created", "-700d"), now),
        "proxyAddresses": proxy_addresses(mail, spec.get("aliases", ())),
        "otherMails": list(spec.get("otherMails", ())),
        "identities": [{"signInType": "userPrincipalName", "issuer": domain, "issuerAssignedId": upn}],
        "onPremisesExtensionAttributes": {f"extensionAttribute{n}": None for n in range(1, 16)},
    }
    entity.update(licenses(spec.get("licenses", ["SPE_E3"]), now))
    if spec.get("guest"):
        entity.update(guest(spec["guest"], upn, domain))
    if "synced" in spec:
        entity.update(synced(spec["synced"], entity, now))
    if spec.get("provisioningErrors"):
        entity["onPremisesProvisioningErrors"] = [
            {"category": error, "occurredDateTime": timestamp("-5d", now), "propertyCausingError": "ProxyAddresses",
             "value": mail}
            for error in spec["provisioningErrors"]
        ]  # fmt: skip
    if spec.get("serviceErrors"):
        entity["serviceProvisioningErrors"] = [
            {
                "@odata.type": "#microsoft.graph.serviceProvisioningXmlError",
                "createdDateTime": timestamp("-5d", now),
                "isResolved": bool(error.get("resolved", False)),
                "serviceInstance": error.get("service", "exchange/namprd04-012-01"),
                "errorDetail": error.get("detail", ""),
            }
            for error in spec["serviceErrors"]
        ]
    if spec.get("deleted"):
        entity["deletedDateTime"] = timestamp(spec["deleted"], now)
        # Entra frees the name for reuse: it puts the object id before the UPN of a deleted user.
        entity["userPrincipalName"] = user_id.replace("-", "") + upn
    return entity


def proxy_addresses(mail: str | None, aliases: Any) -> list[str]:
    """Exchange's form: `SMTP:` for the primary address, `smtp:` for the others."""
    primary = [f"SMTP:{mail}"] if mail else []
    return primary + [f"smtp:{alias}" for alias in aliases]


def guest(home: str, upn: str, domain: str) -> dict[str, Any]:
    """A guest from another organization: external mail, `#EXT#` in the UPN, no mailbox here."""
    name = upn if "#EXT#" in upn else f"{home.replace('@', '_')}#EXT#@{domain}"
    return {
        "userPrincipalName": name,
        "mail": home,
        "userType": "Guest",
        "creationType": "Invitation",
        "externalUserState": "Accepted",
        "proxyAddresses": [f"SMTP:{home}"],
        "otherMails": [home],
    }


def synced(value: bool, entity: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """`true`: synced from an on-premises directory. `false`: synced once, no longer. Never synced is null: not set."""
    found: dict[str, Any] = {"onPremisesSyncEnabled": value}
    if value:
        found |= {
            "onPremisesLastSyncDateTime": timestamp("-1h", now),
            "onPremisesDistinguishedName": f"CN={entity['displayName']},OU=Staff,DC=corp,DC=local",
            "onPremisesDomainName": "corp.local",
            "onPremisesImmutableId": "kXcVQ0hZ7E6vWYn2pXk1bA==",
            "onPremisesUserPrincipalName": entity["userPrincipalName"],
        }
    return found


def sku_names(spec: Spec) -> list[str]:
    """The products that a person has or had licenses of."""
    found = spec.get("licenses", ["SPE_E3"])
    return [each if isinstance(each, str) else each["sku"] for each in found]


def licenses(specs: Any, now: datetime) -> dict[str, Any]:
    assigned: list[Any] = []
    plans: dict[str, dict[str, Any]] = {}
    provisioned: list[Any] = []
    states: list[Any] = []
    for each in specs:
        spec = {"sku": each} if isinstance(each, str) else each
        sku_id, names = SKUS[spec["sku"]]
        off = [PLANS[name][0] for name in spec.get("disabled", ())]
        state = spec.get("state", "Active")
        when = timestamp(spec.get("assigned", "-400d"), now)
        removed = spec.get("removed", False)
        if not removed:
            states.append(
                {
                    "skuId": sku_id,
                    "assignedByGroup": spec.get("group"),
                    "disabledPlans": off,
                    "state": state,
                    "error": spec.get("error", "None"),
                    "lastUpdatedDateTime": when,
                }
            )
        if state == "Error":
            continue
        if not removed:
            assigned.append({"skuId": sku_id, "disabledPlans": off})
        for name in names:
            plan_id, service = PLANS[name]
            status = "Deleted" if removed else spec.get("plans", {}).get(name, spec.get("capability", "Enabled"))
            if plan_id in off:
                status = spec.get("disabledShownAs")
            if status is None or plans.get(plan_id, {}).get("capabilityStatus") in USABLE:
                continue
            plans[plan_id] = {
                "assignedDateTime": when,
                "capabilityStatus": status,
                "service": service,
                "servicePlanId": plan_id,
            }
            outcome = spec.get("provisioning", "Success") if service == "exchange" else "Success"
            provisioned.append(
                {"capabilityStatus": status, "provisioningStatus": outcome, "service": service},
            )
    return {
        "assignedLicenses": assigned,
        "assignedPlans": list(plans.values()),
        "provisionedPlans": provisioned,
        "licenseAssignmentStates": states,
    }


def mailbox(entity: Mapping[str, Any], spec: Spec, now: datetime) -> Mailbox:
    """`mailbox:` in the file is the error code that Exchange answers with. Without it, the mailbox works."""
    return Mailbox(
        user_id=entity["id"],
        address=entity["mail"] or entity["userPrincipalName"],
        error=spec.get("mailbox"),
        blocked=bool(spec.get("blocked")),
        purpose=spec.get("purpose", "user"),
        language=spec.get("language", "en"),
        without=tuple(spec.get("without", ("clutter",))),
        folder_settings=spec.get("folders", {}),
        message_specs=spec.get("messages", []),
        rule_specs=spec.get("rules", []),
        messages_include_hidden=spec.get("messagesIncludeHidden", True),
        now=now,
    )


def traces(entity: Mapping[str, Any], spec: Spec, now: datetime) -> list[dict[str, Any]]:
    """`trace:` in the file: what the message trace says of the person's message, one status for each copy."""
    address = entity["mail"] or entity["userPrincipalName"]
    statuses = spec.get("trace", ())
    return [
        {
            "id": guid(entity["id"], "trace", str(number)),
            "messageId": f"<{address.split('@')[0]}@mail.example>",
            "recipientAddress": address,
            "senderAddress": "billing@sender.example",
            "receivedDateTime": timestamp("-26h", now),
            "subject": "Your invoice is overdue",
            "size": 4096,
            "status": status,
        }
        for number, status in enumerate([statuses] if isinstance(statuses, str) else statuses)
    ]


def group(tenant: str, key: str, spec: Spec, domain: str, now: datetime) -> dict[str, Any]:
    mail = spec.get("mail", f"{key}@{domain}")
    return {
        "id": guid(tenant, "group", key),
        "displayName": spec.get("name", key.title()),
        "mail": mail,
        "mailEnabled": True,
        "mailNickname": key,
        "securityEnabled": spec.get("security", False),
        "groupTypes": ["Unified"] if spec.get("unified") else [],
        "proxyAddresses": proxy_addresses(mail, spec.get("aliases", ())),
        "createdDateTime": timestamp("-900d", now),
    }


def contact(tenant: str, key: str, spec: Spec) -> dict[str, Any]:
    return {
        "id": guid(tenant, "contact", key),
        "displayName": spec.get("name", key.title()),
        "mail": spec["mail"],
        "mailNickname": key,
        "proxyAddresses": proxy_addresses(spec["mail"], spec.get("aliases", ())),
    }
