"""Faults of Graph, each with what is to come of it, and a look at their findings while they change.

They take long, and nothing to do but wait: so each has a tenant of its own, all have one host, and other tests run
meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.service_client import Json, OwnTenant, Service

INBOX = r"mailFolders/inbox\?"
BATCH = r"^/\$batch"
TRIES = 5  # with the delays of RETRY_SECONDS here
SECONDS = 180  # until the queue must be empty
# A time of their own, so that one request finds them all.
AT = (datetime.now(UTC) - timedelta(days=300)).strftime("%Y-%m-%dT%H:%M:%SZ")
DELETED, PRESENT = ("message_deleted", ()), ("message_present", ())


@dataclass
class Fault:
    """`states`: the finding's causes with their reasons, in the order in which they were to be read."""

    rules: list[Json]
    states: list[tuple[str, tuple[str, ...]]]
    person: str = "dana"
    failure: Json = field(default_factory=dict)
    hits: int | None = None
    change: Json = field(default_factory=dict)
    permission: str | None = None
    took: float = 0  # seconds, at least
    mend: bool = False  # when the first state was seen


def passing(reason: str, *rules: Json, then: Any = DELETED, **more: Any) -> Fault:
    return Fault(list(rules), [("undetermined", (reason,)), then], **more)


def lasting(reason: str, *rules: Json, **more: Any) -> Fault:
    return Fault(list(rules), [("undetermined", (reason,))], **more)


UNKNOWN_REASON = {"error": "Remediation Failed - Unknown Reason"}
FAULTS = {
    # Throttled: waited for as long as it is short; else the service looks again later.
    "an item is throttled for a second": Fault(
        [{"path": INBOX, "status": 429, "retryAfter": 1, "times": 1}], [DELETED], hits=1, took=1
    ),
    "an item is throttled without Retry-After": Fault(
        [{"path": INBOX, "status": 429, "times": 1}], [DELETED], hits=1, took=1
    ),
    "an item is throttled for longer than is waited": passing(
        "throttled", {"path": INBOX, "status": 429, "retryAfter": 12, "times": 1}, hits=1, took=12
    ),
    "a batch is throttled for a second": Fault(
        [{"path": BATCH, "status": 429, "retryAfter": 1, "times": 1}], [DELETED], hits=1, took=1
    ),
    "a batch is throttled for longer than is waited": passing(
        "throttled", {"path": BATCH, "status": 429, "retryAfter": 12, "times": 1}, hits=1, took=12
    ),
    "throttling does not end": lasting(
        "throttled", {"path": INBOX, "status": 429, "retryAfter": 0}, hits=3 * TRIES
    ),
    # Away
    "an item is not available": passing("unavailable", {"path": INBOX, "status": 503, "retryAfter": 0, "times": 3}),
    "an item stays unavailable": lasting(
        "unavailable", {"path": INBOX, "status": 503, "retryAfter": 0}, hits=3 * TRIES
    ),
    "an item fails": passing("unavailable", {"path": INBOX, "status": 500, "times": 1}),
    "an item has no body": passing("unavailable", {"path": INBOX, "status": 200, "empty": True, "times": 1}),
    "an item is no JSON": passing("unavailable", {"path": INBOX, "malformed": True, "times": 1}),
    "an item is a 404 that is none of Graph's": passing(
        "unavailable", {"path": INBOX, "status": 404, "empty": True, "times": 1}
    ),
    "an item is a 404 whose code says nothing": passing(
        "unavailable", {"path": INBOX, "status": 404, "code": "UnknownError", "times": 1}
    ),
    "the app is a 404 whose code says nothing": passing(
        "unavailable", {"path": "^/servicePrincipals", "status": 404, "code": "UnknownError", "times": 1},
        then=("app_healthy", ()), person="ines", failure=UNKNOWN_REASON,
    ),
    "a batch is not available": passing("unavailable", {"path": BATCH, "status": 503, "retryAfter": 12, "times": 1}),
    # A batch that fails as a whole is asked again in parts, at once.
    "a batch fails": Fault([{"path": BATCH, "status": 500, "times": 1}], [DELETED], hits=1),
    "a batch has no body": Fault([{"path": BATCH, "status": 200, "empty": True, "times": 1}], [DELETED], hits=1),
    "a batch fails without a body": Fault(
        [{"path": BATCH, "status": 502, "empty": True, "times": 1}], [DELETED], hits=1
    ),
    "a batch is no JSON": Fault([{"path": BATCH, "malformed": True, "times": 1}], [DELETED], hits=1),
    "the connection is dropped": Fault([{"path": BATCH, "dropConnection": True, "times": 1}], [DELETED], hits=1),
    "batches go on failing": lasting("unavailable", {"path": BATCH, "status": 500}),
    "a second page of folders fails": passing(
        "unavailable", {"path": r"mailFolders\?.*\$skip=", "status": 500, "times": 1},
        then=("message_gone", ()), person="gona", change={"pageSize": 5},
    ),
    "a third page of grants fails": passing(
        "unavailable", {"path": r"appRoleAssignments.*\$skiptoken", "status": 500, "times": 1},
        then=("app_healthy", ()), person="ines", failure=UNKNOWN_REASON, change={"pageSize": 2},
    ),
    # Late
    "an item is late": passing("timeout", {"path": INBOX, "status": 504, "retryAfter": 0, "times": 3}),
    "an item stays late": lasting("timeout", {"path": INBOX, "status": 504, "retryAfter": 0}, hits=3 * TRIES),
    "an answer takes longer than is waited": Fault(
        [{"path": BATCH, "delaySeconds": 17, "times": 1}], [DELETED], hits=1, took=1
    ),
    "all answers together take longer than is waited": passing(
        "timeout", {"path": BATCH, "delaySeconds": 10}, then=("message_remediated", ()), person="quin",
        took=40, mend=True,
    ),
    # What is not read does not matter, or does.
    "the app cannot be read, and does not matter": Fault(
        [{"path": "^/(servicePrincipals|applications)", "status": 503, "retryAfter": 0}], [DELETED]
    ),
    "the app cannot be read, and matters": passing(
        "unavailable", {"path": "^/servicePrincipals", "status": 500, "times": 2}, then=PRESENT, person="ines"
    ),
    "grants cannot be read": passing(
        "unavailable", {"path": "appRoleAssignments", "status": 500, "times": 1}, then=("app_healthy", ()),
        person="ines", failure=UNKNOWN_REASON,
    ),
    "delegated grants cannot be read, and do not decide": Fault(
        [{"path": "oauth2PermissionGrants", "status": 500}], [("permission_missing", ())],
        person="ines", failure=UNKNOWN_REASON, change={"etd": {"granted": ["Organization.Read.All"]}},
    ),
    "recoverable items cannot be read": passing(
        "unavailable", {"path": "recoverableitemsdeletions", "status": 500, "times": 1},
        then=("message_gone", ()), person="gona",
    ),
    "hidden folders cannot be read": passing(
        "unavailable", {"path": "includeHiddenFolders", "status": 500, "times": 1},
        then=("message_remediated", ()), person="quin",
    ),
    "a folder cannot be read": passing(
        "unavailable", {"path": "mailFolders/deleteditems", "status": 500, "times": 1}, then=DELETED
    ),
    # Forbidden: no later try knows more, so there is none.
    "users are forbidden": lasting(
        "forbidden", {"path": "^/users/[^/]+$|^/users/[^/]+\\?", "status": 403}, hits=1, permission="User.Read.All",
        person="ghost",
    ),
    "the organization is forbidden": lasting(
        "forbidden", {"path": "^/organization", "status": 403}, hits=1, permission="User.Read.All", person="ghost"
    ),
    "deleted users are forbidden": lasting(
        "forbidden", {"path": "deletedItems/.*user", "status": 403}, hits=1, permission="User.Read.All", person="ghost"
    ),
    "groups are forbidden": lasting(
        "forbidden", {"path": "^/groups", "status": 403}, hits=1, permission="GroupMember.Read.All", person="ghost"
    ),
    "contacts are forbidden": lasting(
        "forbidden", {"path": "^/contacts", "status": 403}, hits=1, permission="OrgContact.Read.All", person="ghost"
    ),
    "whose domain it is is forbidden": lasting(
        "forbidden", {"path": "findTenantInformation", "status": 403}, hits=1,
        permission="CrossTenantInformation.ReadBasic.All", failure={"mailbox": "a@elsewhere.example"},
    ),
    "mailboxes are forbidden": lasting(
        "forbidden", {"path": "/mailFolders|/messages", "status": 403, "code": "ErrorAccessDenied",
                      "message": "[RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."},
        permission="Mail.ReadBasic.All",
    ),
    "the app is forbidden": lasting(
        "forbidden", {"path": "^/servicePrincipals", "status": 403}, permission="Application.Read.All",
        person="ines", failure=UNKNOWN_REASON,
    ),
    # Refused as a question: no later try knows more, so there is none.
    "the Inbox is not supported": lasting(
        "unsupported", {"path": INBOX, "status": 400, "code": "BadRequest", "message": "Unsupported Query."}, hits=1
    ),
    # Not signed in
    "a batch is refused": lasting("unauthenticated", {"path": BATCH, "status": 401}),
    "a batch is forbidden": lasting("unauthenticated", {"path": BATCH, "status": 403}),
    # The directory accepts the same token, so this is the mailbox's own answer.
    "a mailbox is refused": Fault([{"path": INBOX, "status": 401}], [("mailbox_disconnected", ())], hits=1),
}  # fmt: skip


@dataclass
class Outcome:
    """A fault's tenant, its finding, and what the finding has said in turn."""

    tenant: OwnTenant
    states: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    finding: Json = field(default_factory=dict)


def send(service: Service, tenants: Mapping[str, OwnTenant]) -> dict[str, str]:
    """Sends a failure for each fault; the faults' names by the ids of their findings."""
    failures: list[Json] = []
    for name, fault in FAULTS.items():
        tenants[name].change(**fault.change)
        tenants[name].break_with(*fault.rules)
        failures.append(tenants[name].failure(fault.person, occurredAt=AT, **fault.failure))
    return dict(zip(service.accepted(failures), FAULTS, strict=True))


def watch(service: Service, tenants: Mapping[str, OwnTenant], names: Mapping[str, str]) -> dict[str, Outcome]:
    """What becomes of the findings until nothing is left on the queue."""
    found = {name: Outcome(tenant) for name, tenant in tenants.items()}
    end = time.monotonic() + SECONDS
    empty = 0
    while empty < 2 and time.monotonic() < end:  # what was written last is read once more
        empty = empty + 1 if service.queue.get_queue_properties().approximate_message_count == 0 else 0
        for finding in service.all("findings", since=AT, until=AT):
            fault, outcome = FAULTS[names[finding["id"]]], found[names[finding["id"]]]
            outcome.finding = finding
            state = finding["cause"], tuple(sorted({reason["reason"] for reason in finding["reasons"]}))
            if outcome.states[-1:] != [state]:
                outcome.states.append(state)
                if fault.mend:
                    outcome.tenant.mend()
        time.sleep(0.25)
    return found
