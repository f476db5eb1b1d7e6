"""Mail that arrives while the tenant runs, and what ETD's app can do with it: the controls. tests/sandbox/etd has the rest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.tenant.client import Client, running

ID = "<m1@attacker.example>"
DANA = {"tenantId": "contoso", "mailbox": "dana@contoso.com"}


async def inbox(client: Client) -> list[str]:
    found = await client.get("/users/dana@contoso.com/mailFolders/inbox/messages", select="internetMessageId,subject")
    return found.column("internetMessageId")


async def test_a_message_arrives_and_is_moved() -> None:
    async with running() as client:
        assert await inbox(client) == []
        arrived = await client.control("POST", "deliver", DANA | {"message": {"id": ID, "subject": "Hello"}})
        assert arrived.status == 204
        assert await inbox(client) == [ID]
        answer = await client.control("POST", "remediate", DANA | {"internetMessageId": ID, "folder": "Trash"})
        assert answer.body == {"moved": True}
        assert await inbox(client) == []
        deleted = await client.get("/users/dana@contoso.com/mailFolders/deleteditems/messages")
        assert sorted(deleted.column("internetMessageId")) == sorted([ID, "<dana@mail.example>"])


async def test_nobody_has_the_address() -> None:
    async with running() as client:
        nobody = DANA | {"mailbox": "nobody@contoso.com"}
        assert (await client.control("POST", "deliver", nobody | {"message": {}})).status == 404
        answer = await client.control("POST", "remediate", nobody | {"internetMessageId": ID, "folder": "trash"})
        assert answer.body == {"moved": False}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("deliver", DANA),
        ("deliver", DANA | {"tenantId": "none", "message": {}}),
        ("deliver", DANA | {"message": {"in": "inbox", "received": "soon"}}),
        ("remediate", DANA | {"internetMessageId": ID, "folder": "away"}),
        ("remediate", DANA | {"folder": "trash"}),
    ],
)
async def test_an_invalid_delivery_or_remediation_is_refused(name: str, body: dict[str, Any]) -> None:
    async with running() as client:
        assert (await client.control("POST", name, body)).status == 400
        assert await inbox(client) == []
