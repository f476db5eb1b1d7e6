"""The evidence of one failure: what is unread at the deadline, and whose answers they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.factories import APP_ID, MAILBOX, OTHER_TENANT_ID, TENANT_ID, make_failure, make_tenant, make_user
from triage.graph.batching import Batcher
from triage.graph.collect import collect
from triage.graph.evidence import Evidence, Reason, State
from triage.graph.replies import Reply
from triage.graph.tenants import TenantGraph, Tenants
from triage.intake.scenario import Scenario
from triage.settings import Settings, Storage

Reads = Callable[[str], Reply | None]


def answering(answer: Reads) -> Batcher:
    """A Graph that answers a URL like this; a batch with a read that is not answered takes an hour."""

    async def send(items: list[dict[str, Any]], seconds: float) -> dict[str, Reply]:
        replies = {item["id"]: answer(item["url"]) for item in items}
        if None in replies.values():
            await asyncio.sleep(3600)
        return {name: reply for name, reply in replies.items() if reply is not None}

    return Batcher(send)


async def collected(
    answer: Reads, *, seconds: float = 5.0, scenario: Scenario = Scenario.UNKNOWN_REASON, mailbox: str = MAILBOX
) -> Evidence:
    """The evidence with a Graph that answers a URL like this."""
    settings = Settings(storage=Storage(), tenants=(make_tenant(),), graph_endpoint="http://127.0.0.1:9")
    graph = TenantGraph(settings, settings.tenants[0])
    graph.session.batcher = answering(answer)
    before = asyncio.all_tasks()
    evidence = await collect(graph, make_failure(mailbox=mailbox), scenario, seconds=seconds)
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before, "nothing goes on after the deadline"
    await graph.close()
    return evidence


def organization(tenant_id: str) -> Reads:
    """A Graph with the organization and nothing else."""
    found = {"value": [{"id": tenant_id, "verifiedDomains": [{"name": "contoso.com"}]}]}
    missing = {"error": {"code": "Request_ResourceNotFound"}}
    return lambda url: Reply(200, found) if url.startswith("/organization") else Reply(404, missing)


async def test_what_is_not_answered_by_the_deadline_is_unread() -> None:
    begun = time.monotonic()
    evidence = await collected(lambda _: None, seconds=0.1)
    assert time.monotonic() - begun < 2
    asked = {answer.check: answer for answer in evidence.answers() if answer.state is not State.NOT_ASKED}
    assert set(asked) == {"organization", "user", "mailbox", "message", "recoverable_items", "service_principal"}
    assert {(answer.state, answer.reason) for answer in asked.values()} == {(State.UNREAD, Reason.TIMEOUT)}
    assert all(answer.request for answer in asked.values())


async def test_what_is_answered_before_the_deadline_stays() -> None:
    known = organization(TENANT_ID)
    evidence = await collected(
        lambda url: None if url.startswith("/directory/deletedItems") else known(url), seconds=0.3
    )
    assert (evidence.organization.state, evidence.user.state) == (State.READ, State.ABSENT)
    assert (evidence.deleted_user.state, evidence.deleted_user.reason) == (State.UNREAD, Reason.TIMEOUT)


@pytest.mark.parametrize(("scenario", "looked_for"), [
    (Scenario.UNKNOWN_REASON, State.ABSENT), (Scenario.MAILBOX_UNAVAILABLE, State.NOT_ASKED),
])  # fmt: skip
async def test_a_message_is_not_looked_for_in_a_mailbox_that_is_in_doubt(scenario: Scenario, looked_for: State) -> None:
    evidence = await collected(organization(TENANT_ID), scenario=scenario)
    assert (evidence.mailbox.state, evidence.message.state) == (State.ABSENT, looked_for)


async def test_answers_of_another_tenant_are_no_evidence() -> None:
    evidence = await collected(organization(OTHER_TENANT_ID))
    asked = [answer for answer in evidence.answers() if answer.state is not State.NOT_ASKED]
    assert {answer.check for answer in asked} >= {"organization", "user", "mailbox", "service_principal"}
    assert {(answer.state, answer.reason) for answer in asked} == {(State.UNREAD, Reason.UNAUTHENTICATED)}


async def test_more_hidden_folders_than_are_looked_into_is_a_limit_of_the_service() -> None:
    known = organization(TENANT_ID)

    def answer(url: str) -> Reply:
        if "/mailFolders?" in url:
            rows = [{"id": f"h{number}", "isHidden": True, "totalItemCount": 1} for number in range(21)]
            return Reply(200, {"value": rows})
        if "/messages?" in url:
            return Reply(200, {"value": []})
        return Reply(200, {"id": "i"}) if "/mailFolders/inbox" in url else known(url) or Reply()

    found = (await collected(answer)).hidden_folders
    assert (found.state, found.status, found.reason) == (State.UNREAD, 200, Reason.TOO_MANY)
    assert found.detail == "the service looks into at most 20 hidden folders; the mailbox has 21"


REFUSED = {"error": {"code": "AuthenticationError"}}
USER = {"id": "u", "userPrincipalName": MAILBOX}


@pytest.mark.parametrize(("user", "inbox", "state", "reason"), [
    (Reply(200, USER), Reply(401, REFUSED), State.ABSENT, None),
    (Reply(403, REFUSED), Reply(401, REFUSED), State.UNREAD, Reason.UNAUTHENTICATED),
    (Reply(401, REFUSED), Reply(401, REFUSED), State.UNREAD, Reason.UNAUTHENTICATED),
    (Reply(200, USER), Reply(401, reason=Reason.UNAUTHENTICATED), State.UNREAD, Reason.UNAUTHENTICATED),
    (Reply(200, USER), Reply(403, REFUSED), State.UNREAD, Reason.FORBIDDEN),
])  # fmt: skip
async def test_a_401_for_the_inbox_is_the_mailboxs_own_where_the_directory_accepts_the_token(
    user: Reply, inbox: Reply, state: State, reason: Reason | None
) -> None:
    known = organization(TENANT_ID)

    def answer(url: str) -> Reply | None:
        if "/mailFolders/inbox" in url:
            return inbox
        return user if url.startswith(f"/users/{MAILBOX.replace('@', '%40')}?") else known(url)

    evidence = await collected(answer)
    assert (evidence.mailbox.state, evidence.mailbox.reason) == (state, reason)
    assert evidence.mailbox.status == inbox.status


async def test_an_alias_whose_owner_gets_a_401_is_asked_by_the_owners_id() -> None:
    known = organization(TENANT_ID)
    asked: list[str] = []

    def answer(url: str) -> Reply | None:
        asked.append(url)
        if url.startswith("/users?"):
            return Reply(200, {"value": [{**USER, "userPrincipalName": "a.vance@contoso.com", "mail": MAILBOX}]})
        return Reply(401, REFUSED) if "/mailFolders/inbox" in url else known(url)

    evidence = await collected(answer)
    assert evidence.mailbox.state is State.ABSENT
    assert sum("/mailFolders/inbox" in url for url in asked) == 2


async def test_only_a_user_with_the_address_is_a_hit() -> None:
    """`endsWith` also finds longer addresses, and a deleted user's UPN begins with its object id."""
    object_id = "0123456789abcdef0123456789abcdef"
    known = organization(TENANT_ID)

    def answer(url: str) -> Reply:
        if url.startswith("/directory/deletedItems/graph.user"):
            names = [f"x{MAILBOX}", f"{object_id}{MAILBOX}"]
            return Reply(200, {"value": [{"id": name, "userPrincipalName": name} for name in names]})
        return Reply(200, {"value": []}) if url.startswith("/users?") else known(url) or Reply()

    evidence = await collected(answer)
    assert evidence.deleted_user.value is not None
    assert evidence.deleted_user.value.id == f"{object_id}{MAILBOX}"
    assert evidence.alias.state is State.ABSENT


async def asked_of(mailbox: str, known: dict[str, Any], *, scenario: Scenario = Scenario.INVALID_USER) -> Evidence:
    """The evidence for an address that no user has, with a Graph that has the objects of some collections."""
    known = {"/organization": [{"id": TENANT_ID, "verifiedDomains": [{"name": "contoso.com"}]}]} | known

    def answer(url: str) -> Reply:
        found = next((rows for start, rows in known.items() if url.startswith(start)), None)
        if found is None and "?" in url and url.partition("?")[0] in ("/users", "/groups", "/contacts"):
            found = []
        if found is None and url.startswith("/directory/deletedItems"):
            found = []
        code = "ErrorInvalidUser" if "/mailFolders" in url or "/messages" in url else "Request_ResourceNotFound"
        return Reply(404, {"error": {"code": code}}) if found is None else Reply(200, {"value": found})

    return await collected(answer, scenario=scenario, mailbox=mailbox)


@pytest.mark.parametrize("scenario", list(Scenario))
async def test_a_group_and_a_contact_are_asked_for_though_a_deleted_user_had_the_address(scenario: Scenario) -> None:
    deleted = {"/directory/deletedItems/graph.user": [{"id": "x", "userPrincipalName": MAILBOX, "mail": MAILBOX}]}
    evidence = await asked_of(MAILBOX, deleted, scenario=scenario)
    assert evidence.deleted_user.state is State.READ
    assert (evidence.group.state, evidence.contact.state) == (State.ABSENT, State.ABSENT)


WITHOUT_TAG = "/users?$filter=userPrincipalName%20eq%20%27adele%40contoso.com%27"


@pytest.mark.parametrize(("mailbox", "others", "found"), [
    ("adele+news@contoso.com", {}, True),
    ("adele+a+b@contoso.com", {}, True),
    ("adele+news@contoso.com", {"/groups?": [{"id": "g"}]}, False),
    ("adele@contoso.com", {}, False),
    ("+adele@contoso.com", {}, False),
])  # fmt: skip
async def test_the_address_without_its_tag_is_looked_up(mailbox: str, others: dict[str, Any], found: bool) -> None:
    evidence = await asked_of(mailbox, {WITHOUT_TAG: [{"id": "adele"}], **others})
    assert (evidence.known_person is not None) is found
    assert ((evidence.person() or make_user()).id == "adele") is found
    assert ("/users/adele/" in (evidence.mailbox.request or "")) is found, "the mailbox is asked by the user's id"


OTHER = make_tenant(tenant_id=OTHER_TENANT_ID)
THIRD = make_tenant(tenant_id="44444444-4444-4444-8444-444444444444")
ABSENT_APP = Reply(404, {"error": {"code": "Request_ResourceNotFound"}})


def app_in(tenant_id: str, audience: str | None, app: Reply | None = None) -> Reads:
    """A Graph of a tenant that has the app, for these accounts."""
    found = app or Reply(200, {"id": "sp", "signInAudience": audience, "appId": APP_ID})
    return lambda url: found if url.startswith("/servicePrincipals(appId") else organization(tenant_id)(url)


@pytest.mark.parametrize(("here", "others", "state", "audience"), [
    (ABSENT_APP, [app_in(OTHER.tenant_id, "AzureADMyOrg")], State.READ, "AzureADMyOrg"),
    (ABSENT_APP, [organization(OTHER.tenant_id), app_in(THIRD.tenant_id, "AzureADMultipleOrgs")], State.READ,
     "AzureADMultipleOrgs"),
    (ABSENT_APP, [organization(OTHER.tenant_id), organization(THIRD.tenant_id)], State.ABSENT, None),
    (ABSENT_APP, [app_in(OTHER.tenant_id, None, Reply(403)), organization(THIRD.tenant_id)], State.UNREAD, None),
    (ABSENT_APP, [app_in(OTHER.tenant_id, None, Reply(403)), app_in(THIRD.tenant_id, "AzureADMyOrg")], State.READ,
     "AzureADMyOrg"),
    (ABSENT_APP, [app_in(TENANT_ID, "AzureADMyOrg")], State.UNREAD, None),
    (ABSENT_APP, [app_in(OTHER.tenant_id, None)], State.UNREAD, None),
    (ABSENT_APP, [], State.NOT_ASKED, None),
    (Reply(403), [app_in(OTHER.tenant_id, "AzureADMultipleOrgs")], State.READ, "AzureADMultipleOrgs"),
    (Reply(200, {"id": "sp"}), [app_in(OTHER.tenant_id, "AzureADMyOrg")], State.NOT_ASKED, None),
])  # fmt: skip
async def test_an_app_that_is_not_here_is_looked_for_in_the_other_tenants_that_have_it(
    here: Reply, others: list[Reads], state: State, audience: str | None
) -> None:
    configured = (make_tenant(), OTHER, THIRD)[: len(others) + 1]
    unlike = make_tenant(tenant_id="55555555-5555-4555-8555-555555555555", etd_app_id=OTHER_TENANT_ID)
    settings = Settings(storage=Storage(), tenants=(*configured, unlike), graph_endpoint="http://127.0.0.1:9")
    tenants = Tenants(settings)
    for tenant, answer in zip(configured, (app_in(TENANT_ID, None, here), *others), strict=True):
        tenants.graph(tenant).session.batcher = answering(answer)
    evidence = await collect(tenants.graph(configured[0]), make_failure(), Scenario.UNKNOWN_REASON, seconds=5)
    assert evidence.app is not None
    found = evidence.app.app_elsewhere
    assert (found.state, found.value.sign_in_audience if found.value else None) == (state, audience)
    await tenants.close()


EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"
ENABLED, DELETED = ({"servicePlanId": EXCHANGE, "capabilityStatus": status} for status in ("Enabled", "Deleted"))
ERROR = {"skuId": "s", "state": "Error", "error": "CountViolation"}
SKUS = [{"skuId": "s", "skuPartNumber": "SPE_E3", "servicePlans": [{"servicePlanId": EXCHANGE}]}]


@pytest.mark.parametrize(("asks", "inbox", "user"), [
    (True, 404, {"assignedPlans": [], "licenseAssignmentStates": [ERROR]}),
    (True, 404, {"assignedPlans": [DELETED], "assignedLicenses": [{"skuId": "s"}]}),
    (True, 401, {"assignedPlans": [], "licenseAssignmentStates": [ERROR]}),
    (False, 404, {"assignedPlans": [DELETED], "assignedLicenses": []}),
    (False, 404, {"assignedPlans": [DELETED], "assignedLicenses": [{"skuId": "s", "disabledPlans": [EXCHANGE]}]}),
    (False, 404, {"assignedPlans": [ENABLED], "licenseAssignmentStates": [ERROR]}),
    (False, 404, {"assignedPlans": [], "licenseAssignmentStates": [{**ERROR, "error": "None"}]}),
    (False, 404, {"assignedPlans": None, "licenseAssignmentStates": [ERROR]}),
    (False, 200, {"assignedPlans": [], "licenseAssignmentStates": [ERROR]}),
    (False, 403, {"assignedPlans": [], "licenseAssignmentStates": [ERROR]}),
])  # fmt: skip
async def test_what_a_license_includes_is_asked_only_where_the_cause_depends_on_it(
    asks: bool, inbox: int, user: dict[str, Any]
) -> None:
    known = organization(TENANT_ID)

    def answer(url: str) -> Reply | None:
        if url.startswith("/subscribedSkus"):
            return Reply(200, {"value": SKUS})
        if "/mailFolders/inbox" in url:
            return Reply(inbox, {"id": "i"} if inbox == 200 else {"error": {"code": "MailboxNotEnabledForRESTAPI"}})
        if url.startswith("/users/") and "/mail" not in url:
            return Reply(200, {**USER, "assignedLicenses": [], **user})
        return known(url)

    found = (await collected(answer)).subscribed_skus
    assert (found.state is State.READ) is asks
    assert [sku.sku_part_number for sku in found.value or []] == (["SPE_E3"] if asks else [])
    assert asks or found.state is State.NOT_ASKED
