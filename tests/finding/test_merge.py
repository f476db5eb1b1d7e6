"""A finding of a diagnosis, and one finding of two tries at the same failure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import (
    MAILBOX,
    NO_MAILBOX,
    NOBODY,
    TENANT_ID,
    copy_in,
    folder,
    make_app,
    make_case,
    make_failure,
    message_in,
    well_known,
)
from triage.diagnosis.causes import Cause
from triage.diagnosis.diagnose import diagnose, undetermined
from triage.finding import Finding, make_finding, merge
from triage.graph.evidence import Lack, Reason
from triage.graph.models.directory import User
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
    found = finding(**message_in("deleteditems"))
    wire = found.wire()
    assert set(wire) == {
        *("id", "tenantId", "scenario", "classifiedBy", "cause", "confidence", "severity", "alternatives", "alsoSeen"),
        *("summary", "actions", "message", "exposed", "checks", "reasons", "failure", "occurredAt", "receivedAt"),
        *(
            "triagedAt",
            "firstSeen",
            "lastSeen",
            "deliveries",
            "looks",
            "nextLookAt",
            "incidentId",
            "state",
            "resolution",
        ),
        *("resolvedAt", "timeInReach", "inReachAt", "history"),
    }
    assert (wire["id"], wire["tenantId"], wire["cause"], wire["exposed"]) == ("f-1", TENANT_ID, "message_deleted", True)
    assert (wire["scenario"], wire["classifiedBy"]) == ("resource_not_found", "error_text")
    assert wire["message"] == {
        "location": "deleted_items",
        "folder": "Deleted Items",
        "isRead": False,
        "copies": 1,
        "lookedAt": wire["triagedAt"],
    }
    assert set(wire["checks"][0]) == {
        *("id", "question", "kind", "outcome", "request", "status", "errorCode", "reason", "permission", "observed"),
    }
    assert set(wire["actions"][0]) == {"title", "detail", "url", "command"}
    assert wire["failure"]["mailbox"] == MAILBOX
    assert Finding.model_validate(wire) == found


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


def test_the_message_is_named_although_the_cause_is_another_or_unknown() -> None:
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


@pytest.mark.parametrize(("old", "new", "kept"), [
    (UNKNOWN, KNOWN, KNOWN),
    (KNOWN, UNKNOWN, KNOWN),
    (UNKNOWN, UNKNOWN, UNKNOWN),
    (KNOWN, finding(**message_in("junkemail")), finding(**message_in("junkemail"))),
])  # fmt: skip
def test_which_of_two_tries_is_kept(old: Finding, new: Finding, kept: Finding) -> None:
    assert merge(old, new, delivered=False).cause == kept.cause


FORBIDDEN_APP = make_app(permissions=Reason.FORBIDDEN)
BROKEN_APP = make_app(permissions=[])


def test_a_newer_place_is_kept_though_the_cause_could_not_be_read() -> None:
    """A message that was where the action aimed, and is in the Inbox again."""
    old = finding({"folder": "trash"}, **message_in("deleteditems"))
    new = finding({"folder": "trash"}, app=FORBIDDEN_APP)
    merged = merge(old, new, delivered=True)
    assert (old.cause, old.exposed, new.cause) == ("message_remediated", False, "undetermined")
    assert (merged.cause, merged.exposed, merged.message) == ("undetermined", True, new.message)
    assert "nothing left" not in merged.summary


def test_the_place_that_was_seen_last_is_kept_though_nothing_could_be_read_later() -> None:
    seen = finding(app=FORBIDDEN_APP)
    later = finding(app=FORBIDDEN_APP, message=Reason.TIMEOUT)
    merged = merge(seen, later, delivered=True)
    assert (merged.cause, merged.exposed, merged.message) == ("undetermined", True, seen.message)
    assert merged.reasons == later.reasons


def test_a_cause_that_is_not_about_the_place_stays_when_the_message_was_moved() -> None:
    old = finding(app=BROKEN_APP)
    new = finding(app=FORBIDDEN_APP, message=[copy_in("junkemail", is_read=True)], well_known=well_known())
    new_cause = merge(old, new.model_copy(update={"cause": Cause.UNDETERMINED}), delivered=True)
    assert (new_cause.cause, new_cause.summary) == ("permission_missing", old.summary)
    assert (new_cause.message.location, new_cause.exposed, new_cause.severity) == ("junk", True, "critical")
    assert new_cause.actions[0].title.startswith("Ask the person"), "it was read in the meantime"
    assert [action.title for action in new_cause.actions if action in old.actions]


def test_nobody_is_warned_once_the_message_is_out_of_reach() -> None:
    old = finding(app=BROKEN_APP)
    hidden = message_in("Q", also=[folder("Q", hidden=True)])
    new = finding(app=FORBIDDEN_APP, **hidden).model_copy(update={"cause": Cause.UNDETERMINED})
    merged = merge(old, new, delivered=True)
    assert (merged.cause, merged.exposed) == ("permission_missing", False)
    assert old.actions[0].title == "Warn the person"
    assert [action.title for action in merged.actions] == [action.title for action in old.actions[1:]]


def test_a_search_that_finds_nothing_is_a_newer_reading() -> None:
    merged = merge(finding(), finding(message=[]), delivered=False)
    assert (merged.cause, merged.message.location, merged.exposed) == ("message_gone", "not_found", None)


def test_the_account_of_a_message_that_was_seen_was_deleted() -> None:
    deleted = finding(**{**NOBODY, "deleted_user": User(id="u")})
    merged = merge(finding(), deleted, delivered=False)
    assert (merged.cause, merged.exposed, merged.message.location) == ("user_deleted", False, "inbox")
    assert not any(action.title == "Warn the person" for action in merged.actions)
    unread = finding(user=Reason.TIMEOUT, mailbox=Reason.TIMEOUT, message=Reason.TIMEOUT)
    assert (merge(deleted, unread, delivered=False).cause, merge(deleted, unread, delivered=False).exposed) == (
        "user_deleted", False,
    )  # fmt: skip


def test_when_the_message_was_last_seen() -> None:
    assert KNOWN.message.looked_at == KNOWN.triaged_at
    assert (UNKNOWN.message.looked_at, finding(message=[]).message.looked_at is None) == (None, False)
    older = KNOWN.model_copy(update={"message": KNOWN.message.model_copy(update={"looked_at": None})})
    assert merge(older, UNKNOWN, delivered=False).message.looked_at == older.triaged_at
    assert merge(KNOWN, UNKNOWN, delivered=False).triaged_at == UNKNOWN.triaged_at


LOOKS = st.sampled_from([
    finding(), UNKNOWN, finding(message=[]), finding(**message_in("deleteditems")), finding(app=FORBIDDEN_APP),
    finding(app=FORBIDDEN_APP, message=Reason.TIMEOUT), finding(app=BROKEN_APP, **NO_MAILBOX),
])  # fmt: skip


@given(st.lists(LOOKS, min_size=1, max_size=6))
def test_the_last_place_that_was_read_is_never_lost(looks: list[Finding]) -> None:
    merged = looks[0]
    for look in looks[1:]:
        merged = merge(merged, look, delivered=False)
    known = [look for look in looks if look.message.location.known]
    assert merged.message == (known[-1] if known else looks[-1]).message
    assert not known or merged.exposed == known[-1].exposed


def test_deliveries_and_times() -> None:
    merged = merge(KNOWN, at(KNOWN, LATER), delivered=True)
    assert (merged.deliveries, merged.first_seen, merged.last_seen) == (2, RECEIVED, LATER)
    assert (merged.occurred_at, merged.received_at) == (RECEIVED, RECEIVED)
    again = merge(merged, at(KNOWN, RECEIVED), delivered=False)
    assert (again.deliveries, again.first_seen, again.last_seen) == (2, RECEIVED, LATER)


def test_a_delivery_counts_though_what_was_known_is_kept() -> None:
    merged = merge(KNOWN, at(UNKNOWN, LATER), delivered=True)
    assert (merged.cause, merged.deliveries, merged.last_seen) == (KNOWN.cause, 2, LATER)


def test_times_are_compared_as_instants_and_not_as_text() -> None:
    """As text, `12.5Z` comes before `12Z`."""
    merged = merge(at(KNOWN, "2026-11-20T10:11:12Z"), at(KNOWN, "2026-11-20T10:11:12.5Z"), delivered=True)
    assert (merged.first_seen, merged.last_seen) == ("2026-11-20T10:11:12Z", "2026-11-20T10:11:12.5Z")


@given(st.permutations([(KNOWN, RECEIVED), (UNKNOWN, LATER), (KNOWN, "2026-11-19T00:00:00Z"), (UNKNOWN, RECEIVED)]))
def test_in_any_order_of_deliveries_what_was_determined_stays(tries: list[tuple[Finding, str]]) -> None:
    first, *rest = [at(one, moment) for one, moment in tries]
    merged = first
    for one in rest:
        merged = merge(merged, one, delivered=True)
    assert (merged.cause, merged.deliveries) == (KNOWN.cause, 4)
    assert (merged.first_seen, merged.last_seen) == ("2026-11-19T00:00:00Z", LATER)
    assert merged.occurred_at == first.occurred_at
