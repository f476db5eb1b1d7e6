"""A finding of a diagnosis, and one finding of two tries at the same failure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import MAILBOX, TENANT_ID, make_app, make_case, make_failure, message_in
from triage.diagnosis.causes import Cause
from triage.diagnosis.diagnose import diagnose, undetermined
from triage.finding import Finding, make_finding, merge
from triage.graph.evidence import Lack, Reason
from triage.intake.queue_message import QueuedFailure
from triage.intake.scenario import ClassifiedBy, Scenario

RECEIVED = "2026-11-20T10:11:12Z"
CLASSIFIED = (Scenario.RESOURCE_NOT_FOUND, ClassifiedBy.ERROR_TEXT)


def queued(**failure: Any) -> QueuedFailure:
    return QueuedFailure.of(make_failure(**failure), "f-1", received_at=RECEIVED)


def finding(failure: dict[str, Any] | None = None, **evidence: Any) -> Finding:
    case = make_case(Scenario.RESOURCE_NOT_FOUND, failure, **evidence)
    return make_finding(queued(**failure or {}), TENANT_ID, CLASSIFIED, diagnose(case), case)


def test_the_shape_on_the_wire() -> None:
    wire = finding(**message_in("deleteditems")).wire()
    assert set(wire) == {
        *("id", "tenantId", "scenario", "classifiedBy", "cause", "confidence", "severity", "alternatives", "alsoSeen"),
        *("summary", "actions", "message", "exposed", "checks", "reasons", "failure", "occurredAt", "receivedAt"),
        *("triagedAt", "firstSeen", "lastSeen", "deliveries", "looks", "nextLookAt"),
    }
    assert (wire["id"], wire["tenantId"], wire["cause"], wire["exposed"]) == ("f-1", TENANT_ID, "message_deleted", True)
    assert (wire["scenario"], wire["classifiedBy"]) == ("resource_not_found", "error_text")
    assert wire["message"] == {"location": "deleted_items", "folder": "Deleted Items", "isRead": False, "copies": 1}
    assert set(wire["checks"][0]) == {
        *("id", "question", "kind", "outcome", "request", "status", "errorCode", "reason", "permission", "observed"),
    }
    assert set(wire["actions"][0]) == {"title", "detail", "url", "command"}
    assert wire["failure"]["mailbox"] == MAILBOX
    assert Finding.model_validate(wire) == finding(**message_in("deleteditems")).model_copy(
        update={"triaged_at": wire["triagedAt"]}
    )


def test_times_of_a_first_delivery() -> None:
    found = finding()
    assert (found.occurred_at, found.received_at, found.first_seen, found.last_seen) == (RECEIVED,) * 4
    assert found.deliveries == 1
    assert finding({"occurred_at": "2026-11-19T00:00:00Z"}).occurred_at == "2026-11-19T00:00:00Z"


@pytest.mark.parametrize(("reason", "passing"), [
    (Reason.THROTTLED, True), (Reason.UNAVAILABLE, True), (Reason.TIMEOUT, True), (Reason.FORBIDDEN, False),
    (Reason.UNAUTHENTICATED, False), (Reason.NO_AUTH, False), (Reason.TENANT_NOT_CONFIGURED, False), (Reason.POISON, False),
    (Reason.UNSUPPORTED, False), (Reason.TOO_MANY, False),
])  # fmt: skip
def test_reasons_that_pass(reason: Reason, passing: bool) -> None:
    diagnosis = undetermined(
        (
            Lack(check="mailbox", reason=Reason.FORBIDDEN, permission="Mail.ReadBasic.All"),
            Lack(check="user", reason=reason),
        ),
        MAILBOX,
    )
    found = make_finding(queued(), None, CLASSIFIED, diagnosis, None)
    assert found.passing is passing
    assert [one.wire() for one in found.reasons] == [
        {"check": "mailbox", "reason": "forbidden", "permission": "Mail.ReadBasic.All"},
        {"check": "user", "reason": reason.value, "permission": None},
    ]


def test_a_finding_without_evidence() -> None:
    diagnosis = undetermined((Lack(check="tenant", reason=Reason.TENANT_NOT_CONFIGURED),), MAILBOX)
    found = make_finding(queued(), "t", CLASSIFIED, diagnosis, None)
    assert (found.message.location, found.exposed, found.checks) == ("not_checked", None, [])
    assert found.cause is Cause.UNDETERMINED


def test_the_message_is_said_though_the_cause_is_another_or_unknown() -> None:
    broken = finding(app=make_app(permissions=[]))
    assert (broken.cause, broken.message.location, broken.exposed) == ("permission_missing", "inbox", True)
    unknown = finding(app=make_app(permissions=Reason.TIMEOUT))
    assert (unknown.cause, unknown.message.location, unknown.exposed) == ("undetermined", "inbox", True)
    unread = finding(message=Reason.TIMEOUT)
    assert (unread.message.location, unread.exposed) == ("unknown", None)


KNOWN, UNKNOWN = finding(), finding(message=Reason.TIMEOUT)
LATER = "2026-11-21T00:00:00Z"


def at(one: Finding, moment: str) -> Finding:
    return one.model_copy(
        update={"occurred_at": moment, "received_at": moment, "first_seen": moment, "last_seen": moment}
    )


@pytest.mark.parametrize(("old", "new", "final", "kept"), [
    (UNKNOWN, KNOWN, False, KNOWN),
    (KNOWN, UNKNOWN, False, KNOWN),
    (KNOWN, UNKNOWN, True, UNKNOWN),
    (UNKNOWN, UNKNOWN, False, UNKNOWN),
    (KNOWN, finding(**message_in("junkemail")), False, finding(**message_in("junkemail"))),
])  # fmt: skip
def test_which_of_two_tries_is_kept(old: Finding, new: Finding, final: bool, kept: Finding) -> None:
    assert merge(old, new, final=final, delivered=False).cause == kept.cause


def test_deliveries_and_times() -> None:
    merged = merge(KNOWN, at(KNOWN, LATER), final=False, delivered=True)
    assert (merged.deliveries, merged.first_seen, merged.last_seen) == (2, RECEIVED, LATER)
    assert (merged.occurred_at, merged.received_at) == (RECEIVED, RECEIVED)
    again = merge(merged, at(KNOWN, RECEIVED), final=False, delivered=False)
    assert (again.deliveries, again.first_seen, again.last_seen) == (2, RECEIVED, LATER)


def test_a_delivery_counts_though_what_was_known_is_kept() -> None:
    merged = merge(KNOWN, at(UNKNOWN, LATER), final=False, delivered=True)
    assert (merged.cause, merged.deliveries, merged.last_seen) == (KNOWN.cause, 2, LATER)


def test_times_are_compared_as_instants_and_not_as_text() -> None:
    """As text, `12.5Z` comes before `12Z`."""
    merged = merge(at(KNOWN, "2026-11-20T10:11:12Z"), at(KNOWN, "2026-11-20T10:11:12.5Z"), final=False, delivered=True)
    assert (merged.first_seen, merged.last_seen) == ("2026-11-20T10:11:12Z", "2026-11-20T10:11:12.5Z")


@given(st.permutations([(KNOWN, RECEIVED), (UNKNOWN, LATER), (KNOWN, "2026-11-19T00:00:00Z"), (UNKNOWN, RECEIVED)]))
def test_in_any_order_of_deliveries_what_was_determined_stays(tries: list[tuple[Finding, str]]) -> None:
    first, *rest = [at(one, moment) for one, moment in tries]
    merged = first
    for one in rest:
        merged = merge(merged, one, final=False, delivered=True)
    assert (merged.cause, merged.deliveries) == (KNOWN.cause, 4)
    assert (merged.first_seen, merged.last_seen) == ("2026-11-19T00:00:00Z", LATER)
    assert merged.occurred_at == first.occurred_at
