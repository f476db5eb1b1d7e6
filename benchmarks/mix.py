"""The failures that are measured, and the cause that the finding of each must have.

The same twenty lines are repeated: four for each of the five scenarios. The cause of each failure is known, so a run
that is fast and wrong does not pass for a good one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.tenant.world import World
from sandbox.tenant.world.ids import guid
from sandbox.tenant.world.samples import TEXTS

TENANT = "generated"
DOMAIN = "generated.example"
_NO_MAILBOX = "MailboxNotEnabledForRESTAPI"


@dataclass(frozen=True)
class Line:
    """One twentieth of the failures. `person` is in the tenant's data format; `group`: the address is a group's."""

    scenario: str
    cause: str
    person: dict[str, Any] | None = field(default_factory=dict)
    folder: str | None = None
    alias: bool = False
    group: bool = False


LINES = (
    Line("resource_not_found", "message_deleted", folder="deleteditems"),
    Line("resource_not_found", "message_moved", folder="inbox/Invoices"),
    Line("resource_not_found", "message_recoverable", folder="recoverableitemsdeletions"),
    Line("resource_not_found", "message_gone"),
    Line("unknown_reason", "app_healthy", folder="inbox"),
    Line("unknown_reason", "app_healthy", folder="inbox"),
    Line("unknown_reason", "app_healthy", folder="inbox"),
    Line("unknown_reason", "message_deleted", folder="deleteditems"),
    Line("invalid_user", "user_not_found", None),
    Line("invalid_user", "user_deleted", {"deleted": "-3d", "mailbox": _NO_MAILBOX}),
    Line("invalid_user", "recipient_is_group", None, group=True),
    Line("invalid_user", "address_is_alias", folder="inbox", alias=True),
    Line("mailbox_unavailable", "mailbox_unlicensed", {"licenses": [], "mailbox": _NO_MAILBOX}),
    Line("mailbox_unavailable", "mailbox_on_premises", {"synced": True, "mailbox": _NO_MAILBOX}),
    Line(
        "mailbox_unavailable",
        "license_lapsed",
        {"licenses": [{"sku": "SPE_E3", "capability": "Suspended"}], "mailbox": _NO_MAILBOX},
    ),
    Line("mailbox_unavailable", "message_present", folder="inbox"),
    Line("unclassified", "message_present", folder="inbox"),
    Line("unclassified", "message_junked", folder="junkemail"),
    Line("unclassified", "user_not_found", None),
    Line("unclassified", "mailbox_unlicensed", {"licenses": [], "mailbox": _NO_MAILBOX}),
)


def line_of(number: int) -> Line:
    """The line that a failure is of. A step of 7 keeps the scenarios from coming in blocks."""
    return LINES[number * 7 % len(LINES)]


def _key(number: int) -> str:
    return f"person{number:06d}"


def _message_id(number: int) -> str:
    return f"<{_key(number)}@mail.example>"


def world(count: int, *, consent_withdrawn: bool = False) -> World:
    """A tenant with a person for each failure; its app is in order, or lost all that it was granted."""
    people: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    for number in range(count):
        line, key = line_of(number), _key(number)
        if line.group:
            groups[key] = {"unified": True}
        if line.person is None:
            continue
        person = dict(line.person)
        if line.folder:
            person["messages"] = [{"in": line.folder, "id": _message_id(number)}]
        if line.alias:
            person |= {"upn": f"{key}.main@{DOMAIN}", "mail": f"{key}.main@{DOMAIN}", "aliases": [f"{key}@{DOMAIN}"]}
        people[key] = person
    etd = {"granted": []} if consent_withdrawn else {}
    return World({"tenants": {TENANT: {"domains": [DOMAIN], "people": people, "groups": groups, "etd": etd}}})


def failures(found: World, count: int) -> Iterator[tuple[dict[str, Any], Line]]:
    """One failure for each person, as a body for the intake, and its line."""
    tenant_id = found.tenants[TENANT].id
    occurred = found.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    for number in range(count):
        line = line_of(number)
        yield (
            {
                "id": guid("benchmark", str(number)),
                "tenantId": tenant_id,
                "mailbox": f"{_key(number)}@{DOMAIN}",
                "messageId": guid("benchmark", "message", str(number)),
                "internetMessageId": _message_id(number),
                "error": TEXTS[line.scenario],
                "action": "move",
                "folder": "quarantine",
                "initiator": "automatic",
                "verdict": "phishing",
                "subject": "Your invoice is overdue",
                "occurredAt": occurred,
            },
            line,
        )


def storm(found: World, count: int) -> Iterator[tuple[dict[str, Any], Line]]:
    """The same people after the consent was withdrawn: one text for all, and one cause."""
    lost = Line("unknown_reason", "permission_missing")
    for failure, _ in failures(found, count):
        yield failure | {"error": TEXTS[lost.scenario]}, lost


def settings(found: World, graph: str) -> dict[str, str]:
    """The application settings for a world, without storage."""
    return {
        "GRAPH_ENDPOINT": graph,
        "TRIAGE_TENANTS": json.dumps(found.triage_tenants()),
        "TriageStorage": "UseDevelopmentStorage=true",
    }
