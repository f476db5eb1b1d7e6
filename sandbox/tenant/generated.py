"""A tenant with many people, for measurements: who has what trouble follows from the person's number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.tenant.data import World
from sandbox.tenant.moments import guid

DOMAIN = "generated.example"
TENANT = "generated"
# What ten people in a row have, and what a failure of theirs comes to (scenario resource_not_found, aim quarantine).
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
    """The data of one healthy tenant with ``count`` people, in the data file's format."""
    people = {
        _key(number): KINDS[number % len(KINDS)][1]
        for number in range(count)
        if KINDS[number % len(KINDS)][0] != "user_not_found"
    }
    return {"tenants": {TENANT: {"domains": [DOMAIN], "people": people}}}


def world(count: int) -> World:
    return World(spec(count))


def failures(found: World, count: int) -> Iterator[tuple[dict[str, Any], str]]:
    """One failure for each person, with the cause that it comes to."""
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
