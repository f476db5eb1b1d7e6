"""A tenant with many people, for measurements. A person's number decides what is wrong with the mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.tenant.world import World
from sandbox.tenant.world.ids import guid

DOMAIN = "generated.example"
TENANT = "generated"
# Ten people in a row, and the cause of a failure of each (scenario resource_not_found, to be moved to quarantine).
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("message_deleted", {"messages": ["deleteditems"]}),
    ("message_moved", {"messages": ["inbox/Invoices"]}),
    ("message_present", {"messages": ["inbox"]}),
    ("message_moved", {"messages": ["junkemail"]}),
    ("message_recoverable", {"messages": ["recoverableitemsdeletions"]}),
    ("message_gone", {}),
    ("message_deleted", {"messages": ["deleteditems", "recoverableitemsdeletions"]}),
    ("mailbox_unlicensed", {"licenses": [], "mailbox": "MailboxNotEnabledForRESTAPI"}),
    ("mailbox_on_premises", {"synced": True, "mailbox": "MailboxNotEnabledForRESTAPI"}),
    ("user_not_found", {}),
)


def _key(number: int) -> str:
    return f"person{number:06d}"


def spec(count: int) -> dict[str, Any]:
    """The data of one healthy tenant with `count` people, in the data file's format."""
    people = {
        _key(number): KINDS[number % len(KINDS)][1]
        for number in range(count)
        if KINDS[number % len(KINDS)][0] != "user_not_found"
    }
    return {"tenants": {TENANT: {"domains": [DOMAIN], "people": people}}}


def world(count: int) -> World:
    return World(spec(count))


def failures(found: World, count: int) -> Iterator[tuple[dict[str, Any], str]]:
    """One failure for each person, with its cause."""
    tenant_id = found.tenants[TENANT].id
    occurred = found.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    for number in range(count):
        key = _key(number)
        failure = {
            "id": guid("generated", str(number)),
            "tenantId": tenant_id,
            "mailbox": f"{key}@{DOMAIN}",
            "messageId": guid("generated", "message", str(number)),
            "internetMessageId": f"<{key}@mail.example>",
            "error": "Resource is Not Found",
            "action": "move",
            "folder": "quarantine",
            "occurredAt": occurred,
        }
        yield failure, KINDS[number % len(KINDS)][0]
