"""The evidence of one failure: what is unread at the deadline, and whose answers they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.factories import MAILBOX, OTHER_TENANT_ID, TENANT_ID, make_failure, make_tenant
from triage.graph.batching import Batcher
from triage.graph.collect import collect
from triage.graph.evidence import Evidence, Reason, State
from triage.graph.replies import Reply
from triage.graph.tenants import TenantGraph
from triage.intake.scenario import Scenario
from triage.settings import Settings, Storage

Reads = Callable[[str], Reply | None]


async def collected(answer: Reads, *, seconds: float = 5.0, scenario: Scenario = Scenario.UNKNOWN_REASON) -> Evidence:
    """The evidence with a Graph that answers a URL like this; a batch with a read that is not answered takes an hour."""

    async def send(items: list[dict[str, Any]], seconds: float) -> dict[str, Reply]:
        replies = {item["id"]: answer(item["url"]) for item in items}
        if None in replies.values():
            await asyncio.sleep(3600)
        return {name: reply for name, reply in replies.items() if reply is not None}

    settings = Settings(storage=Storage(), tenants=(make_tenant(),), graph_endpoint="http://127.0.0.1:9")
    graph = TenantGraph(settings, settings.tenants[0])
    graph.session.batcher = Batcher(send)
    before = asyncio.all_tasks()
    evidence = await collect(graph, make_failure(), scenario, seconds=seconds)
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
