"""The sample failures against the tenant: every cause has one, and the tenant holds the evidence for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.tenant.world import World, generated, samples
from sandbox.tenant.world.samples import Sample
from tests.sandbox.tenant.client import Client, running, shipped
from triage.diagnosis.causes import Cause, Confidence
from triage.diagnosis.place import Location
from triage.diagnosis.precedence import RULES

WELL_KNOWN = {
    "inbox": "inbox",
    "archive": "archive_folder",
    "junkemail": "junk",
    "sentitems": "sent_items",
    "deleteditems": "deleted_items",
    "recoverableitemsdeletions": "recoverable_items",
    "scheduled": "other_folder",
    "syncissues": "other_folder",
}
WORLD = World(shipped())
SAMPLES = samples.load(WORLD)
LINES = list({(each.failure["mailbox"], each.failure["messageId"]): each for each in SAMPLES}.values())


def test_every_cause_and_place_has_a_sample() -> None:
    assert {each.expect["cause"] for each in SAMPLES} == set(Cause)
    assert {each.expect["location"] for each in SAMPLES if "location" in each.expect} == {*Location} - {
        Location.UNKNOWN
    }
    assert len({each.failure["id"] for each in SAMPLES}) == len(SAMPLES)


@pytest.mark.parametrize("scenario", samples.TEXTS)
def test_every_scenario_ends_in_many_causes(scenario: str) -> None:
    causes = {each.expect["cause"] for each in SAMPLES if each.scenario == scenario}
    assert len(causes) > 25


def test_each_sample_expects_values_that_a_finding_can_have() -> None:
    for each in SAMPLES:
        expect = each.expect
        allowed = {"cause", "confidence", "severity", "location", "locations", "exposed", "folder", "isRead", "copies"}
        assert set(expect) <= allowed | {"alternatives", "reasons"}, each.name
        rule = RULES[expect["cause"]]
        if rule.confidence in (Confidence.CONFIRMED, Confidence.UNDETERMINED) and not rule.could_also_be:
            assert expect["confidence"] == rule.confidence, each.name
        assert ("reasons" in expect) == (expect["cause"] == "undetermined"), each.name
        assert reach_fits(each), each.name
        if each.scenario in ("resource_not_found", "invalid_user", "mailbox_unavailable"):
            assert expect["cause"] != "app_healthy", each.name


def reach_fits(sample: samples.Sample) -> bool:
    """Whether `exposed` fits the cause and the place, as docs/api.md says it."""
    expect = sample.expect
    if expect["cause"] in ("message_remediated", "message_quarantined", "message_not_delivered", "user_deleted"):
        return expect["exposed"] is False
    place = expect.get("location")
    if place in ("recoverable_items", "quarantine"):
        return expect["exposed"] is False
    return expect["exposed"] is (None if place in (None, "not_found", "not_checked") else True)


def address(failure: Mapping[str, Any]) -> str:
    local, _, domain = parseaddr(failure["mailbox"])[1].rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}".lower()


async def user_of(client: Client, mail: str) -> dict[str, Any] | None:
    fields = (
        "id,userPrincipalName,userType,onPremisesSyncEnabled,assignedPlans,licenseAssignmentStates,assignedLicenses,"
        "provisionedPlans,serviceProvisioningErrors"
    )
    answer = await client.get(f"/users/{quote(mail, safe='')}", select=fields)
    if answer.status == 200:
        return answer.body
    text = mail.replace("'", "''")
    found = await client.get(
        "/users", filter=f"mail eq '{text}' or proxyAddresses/any(p:p eq 'smtp:{text}')", select=fields
    )
    return found.body["value"][0] if found.body["value"] else None


async def owner_of(client: Client, mail: str) -> dict[str, Any] | None:
    """The user whom mail to this address reaches: one with the address, or with the address without its tag."""
    local, _, domain = mail.partition("@")
    return await user_of(client, mail) or await user_of(client, f"{local.partition('+')[0]}@{domain}")


async def locate(client: Client, user_id: str, message_id: str) -> list[str]:
    """Every place of a message, found the slow way: folder by folder."""
    found = []
    names = {}
    for name, place in WELL_KNOWN.items():
        answer = await client.get(f"/users/{user_id}/mailFolders/{name}")
        names[answer.body["id"]] = place
    wanted = [*names]
    pending = [f"/users/{user_id}/mailFolders?includeHiddenFolders=true"]
    hidden = set()
    while pending:
        answer = await client.get(pending.pop())
        for folder in answer.body["value"]:
            wanted += [] if folder["id"] in names else [folder["id"]]
            hidden |= {folder["id"]} if folder["isHidden"] else set()
            pending.append(f"/users/{user_id}/mailFolders/{folder['id']}/childFolders?includeHiddenFolders=true")
        if link := answer.body.get("@odata.nextLink"):
            pending.append(link.removeprefix(f"{client.served.url}/v1.0"))
    for folder_id in wanted:
        text = message_id.replace("'", "''")
        answer = await client.get(
            f"/users/{user_id}/mailFolders/{folder_id}/messages", filter=f"internetMessageId eq '{text}'", top="100"
        )
        place = names.get(folder_id, "quarantine" if folder_id in hidden else "other_folder")
        found += [place] * len(answer.body["value"])
    return found


def best_of(places: list[str]) -> str:
    """The place where the person can open the message most easily."""
    return min(places, key=[*Location].index, default="not_found")


PLACED = [each for each in LINES if each.expect.get("location", "not_checked") != "not_checked" and each.open is None]


async def test_the_message_is_where_the_sample_says() -> None:
    async for sample, client in each_of(PLACED):
        found = await owner_of(client, address(sample.failure))
        assert found is not None, sample.name
        places = await locate(client, found["id"], sample.failure["internetMessageId"])
        assert best_of(places) == sample.expect["location"], sample.name
        assert len(places) == sample.expect.get("copies", len(places)), sample.name


async def each_of(chosen: list[Sample]) -> AsyncIterator[tuple[Sample, Client]]:
    """Samples, each with a client of its tenant."""
    assert len(chosen) > 20
    async with running() as client:
        for sample in chosen:
            client.tenant = tenant_of(client, sample)
            yield sample, client


def tenant_of(client: Client, sample: Sample) -> str:
    if "tenantId" in sample.failure:
        return client.world.by_id[sample.failure["tenantId"]].key
    domain = address(sample.failure).split("@")[1]
    (key,) = [tenant.key for tenant in client.world.tenants.values() if domain in tenant.domains]
    return key


# The causes that a reading of the directory is compared with, here and below. A newer one has the tests of the service.
MAILBOX = {
    *("license_assignment_failed", "exchange_plan_disabled", "license_lapsed", "provisioning_error"),
    *("mailbox_provisioning", "mailbox_on_premises", "mailbox_unlicensed", "mailbox_disconnected"),
}
MAILBOX_PLANS = {
    "efb87545-963c-4e0d-99df-69c6916d9eb0",
    "9aaf7827-d63c-4b61-89c3-182f06f82e5c",
    "4a82b400-a79f-41a4-b4e2-e94f5787b113",
}


async def plan_evidence(client: Client, user: dict[str, Any]) -> tuple[str, str]:
    """What the directory alone shows: the cause that fits a user who is not synced, and how sure it is."""
    listed = await client.get("/subscribedSkus", select="skuId,servicePlans")
    skus = {
        sku["skuId"]: {plan["servicePlanId"] for plan in sku["servicePlans"]} for sku in listed.body.get("value", [])
    }
    licenses = user["assignedLicenses"]
    plans = [plan for plan in user["assignedPlans"] if plan["servicePlanId"] in MAILBOX_PLANS]
    failed = [state["skuId"] for state in user["licenseAssignmentStates"] if state["error"] not in (None, "None")]
    working = [plan for plan in plans if plan["capabilityStatus"] in ("Enabled", "Warning")]
    if not working and any(skus.get(sku, MAILBOX_PLANS) & MAILBOX_PLANS for sku in failed):
        return "license_assignment_failed", "confirmed" if any(sku in skus for sku in failed) else "possible"
    if not working and any(MAILBOX_PLANS & set(license["disabledPlans"]) for license in licenses):
        return "exchange_plan_disabled", "confirmed"
    status = {plan["capabilityStatus"] for plan in plans}
    if not working and status & {"Suspended", "LockedOut"}:
        return "license_lapsed", "confirmed"
    if not working and status and any(skus.get(each["skuId"], MAILBOX_PLANS) & MAILBOX_PLANS for each in licenses):
        return "license_lapsed", "confirmed" if listed.status == 200 else "possible"
    errors = [error["serviceInstance"] for error in user["serviceProvisioningErrors"] or [] if not error["isResolved"]]
    if any(instance.startswith("exchange/") for instance in errors):
        return "provisioning_error", "probable"
    if not working:
        unknown = [
            plan for plan in user["assignedPlans"] if plan["servicePlanId"] == "e0c4a17e-0000-4000-8000-000000000001"
        ]
        return "mailbox_unlicensed", "possible" if unknown else ("confirmed" if status else "probable")
    pending = any(plan["provisioningStatus"].startswith("Pending") for plan in user["provisionedPlans"])
    age = client.world.now - datetime.fromisoformat(working[0]["assignedDateTime"])
    if age.total_seconds() < (48 if pending else 24) * 3600:
        return "mailbox_provisioning", "probable"
    return "mailbox_disconnected", "possible"


async def test_the_directory_explains_a_mailbox_that_does_not_work() -> None:
    async for sample, client in each_of([each for each in LINES if each.expect["cause"] in MAILBOX]):
        user = await owner_of(client, address(sample.failure))
        assert user is not None, sample.name
        assert (await client.get(f"/users/{user['id']}/mailFolders/inbox")).status in (401, 404), sample.name
        cause, confidence = await plan_evidence(client, user)
        if user["onPremisesSyncEnabled"] and cause != "mailbox_provisioning":
            works = cause in ("mailbox_disconnected", "provisioning_error") and user["assignedLicenses"]
            assert sample.expect["alternatives"] == ["mailbox_disconnected" if works else cause], sample.name
            cause, confidence = "mailbox_on_premises", "probable" if works else "possible"
        assert (cause, confidence) == (sample.expect["cause"], sample.expect["confidence"]), sample.name


NOT_A_USER = {
    *("user_deleted", "recipient_is_group", "recipient_is_contact", "user_not_found"),
    *("app_single_tenant", "domain_in_other_tenant", "domain_unknown"),
}


async def test_an_address_that_is_not_a_user_is_what_the_sample_says() -> None:
    async for sample, client in each_of([each for each in LINES if each.expect["cause"] in NOT_A_USER]):
        mail = address(sample.failure)
        tenant = client.world.tenants[client.tenant]
        if tenant.key == "southridgewest":
            assert await app_evidence(client) == "app_not_found"
            assert [audience async for audience in audiences_elsewhere(client)] == ["AzureADMyOrg"]
            continue
        assert await user_of(client, mail) is None, sample.name
        by_address = f"mail eq '{mail}' or proxyAddresses/any(p:p eq 'smtp:{mail}')"
        deleted = await client.get(
            "/directory/deletedItems/graph.user",
            {"ConsistencyLevel": "eventual"},
            filter=f"mail eq '{mail}' or endsWith(userPrincipalName,'{mail}')",
            count="true",
        )
        hits = {
            "user_deleted": bool(deleted.body["value"]),
            "recipient_is_group": bool((await client.get("/groups", filter=by_address)).body.get("value")),
            "recipient_is_contact": bool((await client.get("/contacts", filter=by_address)).body.get("value")),
        }
        cause = sample.expect["cause"]
        if cause in hits:
            assert hits[cause], sample.name
            continue
        assert not any(hits.values()), sample.name
        domain = mail.split("@")[1]
        assert (domain in tenant.domains) == (cause == "user_not_found"), sample.name
        assert (client.world.owner(domain) is None) == (cause == "domain_unknown"), sample.name


# The causes that the app's own objects show.
APP = {
    *("app_not_found", "app_deleted", "app_disabled", "consent_missing", "permission_delegated_only"),
    *("permission_missing", "app_read_mode", "credential_expired", "app_healthy"),
}
# Mail.ReadWrite, Organization.Read.All: (application role, delegated scope)
REQUIRED = {
    "e2a3a72e-5f79-4c64-b1b1-878b674786c9": ("024d486e-b451-40bb-833d-3e66d98c5c73", "Mail.ReadWrite"),
    "498476ce-e0fe-48b0-b801-37ba7e2685c6": ("4908d5b9-3fb2-4b1e-9336-1888b7937185", "Organization.Read.All"),
}
MAIL_READ = "810c84a8-4a9e-49e6-bf7d-12d183f40d01"
# Directory.Read.All includes Organization.Read.All.
INCLUDED = {"498476ce-e0fe-48b0-b801-37ba7e2685c6": "7ab1d382-f21e-4acd-a863-ba3e13f7da61"}


async def audiences_elsewhere(client: Client) -> AsyncIterator[str]:
    """Whose accounts the tenant's app can access, as the other tenants with this app say."""
    home, app_id = client.tenant, client.world.tenants[client.tenant].etd_app_id
    for other in client.world.tenants.values():
        if other.key != home and other.etd_app_id == app_id:
            client.tenant = other.key
            found = await client.get(f"/servicePrincipals(appId='{app_id}')")
            if found.status == 200:
                yield found.body["signInAudience"]
    client.tenant = home


async def app_evidence(client: Client) -> str:
    """The cause that the app's own objects show, read one after another."""
    tenant = client.world.tenants[client.tenant]
    app_id = tenant.etd_app_id
    answer = await client.get(f"/servicePrincipals(appId='{app_id}')")
    if answer.status == 404:
        gone = await client.get("/directory/deletedItems/graph.servicePrincipal", filter=f"appId eq '{app_id}'")
        return "app_deleted" if gone.body["value"] else "app_not_found"
    app = answer.body
    if not app["accountEnabled"] or app["isDisabled"] or app["disabledByMicrosoftStatus"] not in (None, "NotDisabled"):
        return "app_disabled"
    graph = await client.get("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')", select="id")
    path = f"/servicePrincipals/{app['id']}"
    rows = await client.get(f"{path}/appRoleAssignments", filter=f"resourceId eq {graph.body['id']}", top="999")
    granted = set(rows.column("appRoleId"))
    while link := rows.body.get("@odata.nextLink"):
        rows = await client.follow(link)
        granted |= set(rows.column("appRoleId"))
    registration = await client.get(f"/applications(appId='{app_id}')")
    own = registration.body if registration.status == 200 else None
    declared = {each["id"] for each in own["requiredResourceAccess"][0]["resourceAccess"]} if own else set()
    grants = await client.get(f"{path}/oauth2PermissionGrants")
    delegated = " ".join(grants.column("scope")).split() if grants.status == 200 else []
    missing = [role for role in REQUIRED if role not in granted and INCLUDED.get(role) not in granted]
    if missing and tenant.spec.get("mode") == "read" and MAIL_READ in granted:
        return "app_read_mode"
    for role in missing:
        scope, name = REQUIRED[role]
        if role in declared:
            return "consent_missing"
        return "permission_delegated_only" if scope in declared or name in delegated else "permission_missing"
    ends = [each["endDateTime"] for each in own["passwordCredentials"] + own["keyCredentials"]] if own else []
    if own and ends and all(datetime.fromisoformat(end) < client.world.now for end in ends):
        federated = await client.get(f"/applications/{own['id']}/federatedIdentityCredentials")
        return "app_healthy" if federated.body["value"] else "credential_expired"
    return "app_healthy"


async def test_the_app_is_in_the_state_that_the_sample_says() -> None:
    async for sample, client in each_of([each for each in LINES if each.expect["cause"] in APP]):
        assert await app_evidence(client) == sample.expect["cause"], sample.name


async def test_the_app_is_healthy_where_it_is_not_the_cause() -> None:
    broken = {"adatum", "fourthcoffee", "humongous", "signedout", "noapplications", "cpandl", "southridgewest"}
    async with running() as client:
        for sample in LINES:
            client.tenant = tenant_of(client, sample)
            if sample.expect["cause"] not in APP and client.tenant not in broken:
                assert await app_evidence(client) == "app_healthy", sample.name


GENERATED_PLACES = {
    "message_deleted": ["deleted_items"],
    "message_moved": ["junk", "other_folder"],
    "message_present": ["inbox"],
    "message_recoverable": ["recoverable_items"],
    "message_gone": ["not_found"],
}


async def test_the_generated_people_have_the_cause_that_their_failure_names() -> None:
    world = generated.world(40)
    causes = [cause for _, cause in generated.failures(world, 40)]
    assert len(set(causes)) == 8
    async with running(generated.spec(40), tenant=generated.TENANT) as client:
        for failure, cause in generated.failures(client.world, 40):
            user = await user_of(client, failure["mailbox"])
            assert (user is None) == (cause == "user_not_found")
            if user is None:
                continue
            inbox = await client.get(f"/users/{user['id']}/mailFolders/inbox")
            assert (inbox.status == 404) == (cause in MAILBOX)
            if inbox.status == 200:
                places = await locate(client, user["id"], failure["internetMessageId"])
                assert best_of(places) in GENERATED_PLACES[cause]
