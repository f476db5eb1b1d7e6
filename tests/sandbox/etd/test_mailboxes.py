"""The simulated tenant holds the truth: mail is there, and is moved if that can work. ETD's answers show the attempt only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sandbox.tenant.serve.server import Served, serve
from sandbox.tenant.world import World
from sandbox.tenant.world.mail import QUARANTINE
from tests.sandbox.etd.client import ONE, TWO, Client, running

DATA: dict[str, Any] = {
    "tenants": {
        "one": {
            "id": ONE,
            "domains": ["one.example"],
            "people": {
                "ines": {"aliases": ["i.nes@one.example"], "messages": ["archive"]},
                "otto": {},
                "uma": {"licenses": [], "mailbox": "MailboxNotEnabledForRESTAPI"},
                "pete": {"etdFails": True},
            },
        },
        "two": {"id": TWO, "domains": ["two.example"], "etd": {"servicePrincipal": "absent"}, "people": {"tim": {}}},
    }
}
ID = "<m1@attacker.example>"
ONE_MAIL = {"internetMessageId": ID, "receivedAt": "-20m", "action": "quarantine"}


@asynccontextmanager
async def both(**switches: Any) -> AsyncIterator[tuple[Client, Served]]:
    async with serve(World(DATA)) as graph, running(graph.url, **switches) as client:
        yield client, graph


def places(graph: Served, key: str, tenant: str = "one") -> list[str]:
    """The folders that hold the message, by their display names."""
    found = graph.world.tenants[tenant]
    mailbox = found.mailboxes[next(user["id"] for user in found.users.items if user["mail"].startswith(key))]
    mailbox.build()
    copies = mailbox.messages.lookup("internetMessageId", ID)
    return [mailbox.folders[copy["parentFolderId"]]["displayName"] for copy in copies]


async def moved(client: Client, tenant: str = ONE) -> list[dict[str, bool]]:
    return [
        action["moved"] for mail in (await client.control("GET", "messages")).body[tenant] for action in mail["actions"]
    ]


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("quarantine", QUARANTINE),
        ("trash", "Deleted Items"),
        ("junkemail", "Junk Email"),
        ("delete", "Deletions"),
        ("inbox", "Inbox"),
    ],
)
async def test_each_action_moves_the_message_to_its_folder(folder: str, place: str) -> None:
    async with both() as (client, graph):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["otto@one.example"], "action": folder}])
        assert places(graph, "otto") == [place]
        assert await moved(client) == [{"otto@one.example": True}]


async def test_the_quarantine_is_hidden() -> None:
    async with both() as (client, graph):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["otto@one.example"]}])
        found = graph.world.tenants["one"]
        mailbox = found.mailboxes[found.users.lookup("mail", "otto@one.example")[0]["id"]]
        mailbox.build()
        assert mailbox.folder(QUARANTINE)["isHidden"] is True


async def test_a_mailbox_that_does_not_answer_keeps_the_message_and_etd_shows_the_attempt_alone() -> None:
    async with both() as (client, graph):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["otto@one.example", "uma@one.example", "no@one.example"]}])
        assert (places(graph, "otto"), places(graph, "uma")) == ([QUARANTINE], ["Inbox"])
        assert await moved(client) == [{"otto@one.example": True, "uma@one.example": False, "no@one.example": False}]
        [row] = (await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z")).messages
        assert row["action"]["folder"] == "quarantine"


async def test_after_the_fix_the_same_action_works() -> None:
    async with both() as (client, graph):
        [mail] = await client.etd.convict([ONE_MAIL | {"mailboxes": ["uma@one.example"]}])
        fix = {"tenants": {"one": {"people": {"uma": {"licenses": ["SPE_E3"], "mailbox": None}}}}}
        await client.send("PUT", f"{graph.url}/_sandbox/state", {}, json=fix)
        assert places(graph, "uma") == ["Inbox"]
        await client.etd.judge(mail.id, {"action": "quarantine", "by": "manual"})
        assert places(graph, "uma") == [QUARANTINE]


async def test_a_release_brings_the_message_back() -> None:
    async with both() as (client, graph):
        [mail] = await client.etd.convict([ONE_MAIL | {"mailboxes": ["otto@one.example"]}])
        await client.etd.judge(mail.id, {"verdict": "neutral", "action": "inbox", "by": "manual"})
        assert places(graph, "otto") == ["Inbox"]
        [row] = (await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z")).messages
        assert row["action"]["folder"] == "inbox"
        assert (row["verdict"]["latestVerdict"], row["verdict"]["category"]) == ("neutral", "")


async def test_an_app_without_access_moves_nothing() -> None:
    async with both() as (client, graph):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["tim@two.example"]}], TWO)
        assert places(graph, "tim", "two") == ["Inbox"]
        assert await moved(client, TWO) == [{"tim@two.example": False}]


@pytest.mark.parametrize(
    ("etd", "works"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"isDisabled": True}, False),
        ({"disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement"}, False),
        ({"disabledByMicrosoftStatus": "NotDisabled"}, True),
        ({"servicePrincipal": "deleted"}, False),
        ({"granted": ["Mail.Read"]}, False),
        ({"granted": [], "delegated": ["Mail.ReadWrite"]}, False),
        ({"granted": [], "grantedOnExchange": ["Mail.ReadWrite"]}, False),
        ({"registration": {"secrets": ["-5d"]}}, False),
        ({"registration": {"secrets": ["-5d", "+5d"]}}, True),
        ({"registration": {"secrets": ["-5d"], "federated": ["release"]}}, True),
        ({"registration": {"secrets": []}}, True),
    ],
)
async def test_when_the_app_can_move_messages(etd: dict[str, Any], works: bool) -> None:
    async with both() as (client, graph):
        graph.world.replace({"tenants": {"two": DATA["tenants"]["two"] | {"etd": etd}}})
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["tim@two.example"]}], TWO)
        assert await moved(client, TWO) == [{"tim@two.example": works}]


async def test_the_message_stays_if_remediation_always_fails_for_a_person() -> None:
    async with both() as (client, graph):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["pete@one.example"]}])
        assert places(graph, "pete") == ["Inbox"]


async def test_mail_for_an_alias_reaches_the_mailbox_and_other_mail_stays() -> None:
    async with both() as (client, graph):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["I.Nes@one.example"]}])
        assert places(graph, "ines") == [QUARANTINE]
        copies = graph.world.tenants["one"].spec["people"]["ines"]["messages"]
        assert {"id": "<ines@mail.example>", "in": "archive"} in copies


async def test_a_message_that_is_no_longer_there_is_not_moved() -> None:
    async with both() as (client, _):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["otto@one.example"], "deliver": False}])
        assert await moved(client) == [{"otto@one.example": False}]


async def test_convicted_without_an_action_stays_where_it_is() -> None:
    async with both() as (client, graph):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["otto@one.example"], "action": None}])
        [row] = (await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z")).messages
        assert row["verdict"]["latestVerdict"] == "phishing"
        assert "action" not in row
        assert places(graph, "otto") == ["Inbox"]


async def test_what_is_to_come_happens_when_the_clock_gets_there() -> None:
    async with both() as (client, graph):
        await client.etd.convict(
            [ONE_MAIL | {"mailboxes": ["otto@one.example"], "verdictAt": "+5m", "actionAt": "+10m"}]
        )
        assert places(graph, "otto") == ["Inbox"]
        await client.etd.advance(minutes=9)
        assert places(graph, "otto") == ["Inbox"]
        await client.etd.advance(minutes=1)
        assert places(graph, "otto") == [QUARANTINE]


async def test_a_clock_that_runs_lets_it_happen_by_itself() -> None:
    async with both(start=None) as (client, graph):
        await client.etd.convict([ONE_MAIL | {"mailboxes": ["otto@one.example"], "actionAt": "+1s"}])
        assert places(graph, "otto") == ["Inbox"]
        async with asyncio.timeout(10):
            while places(graph, "otto") == ["Inbox"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
