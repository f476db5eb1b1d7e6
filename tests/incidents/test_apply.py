"""What findings do to their incident: it opens, worsens, resolves and opens again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.incidents.factories import One, at, snapshot
from triage.diagnosis.causes import Severity
from triage.graph.evidence import Lack, Reason
from triage.incidents import Incident, ResolveReason, fixed, not_fixed, reopen, resolve, split, suppress


def numbers(incident: Incident) -> tuple[int, int, int, int, int]:
    return incident.findings, incident.open_findings, incident.exposed, incident.read, incident.mailboxes


def test_the_first_open_finding_opens_it() -> None:
    one = One()
    assert one.look(snapshot(is_read=True, severity=Severity.CRITICAL)) == ["opened"]
    it = one.it
    assert numbers(it) == (1, 1, 1, 1, 1)
    assert (it.state, it.severity, it.cause, it.causes) == (
        "open",
        "critical",
        "message_present",
        {"message_present": 1},
    )
    assert (it.opened_at, it.first_seen, it.last_seen) == (at(10), at(0), at(0))
    assert (it.reopened, it.resolved_at, it.time_to_resolve) == (0, None, None)
    assert one.log == ["opened"]
    assert (one.events[0].number, one.events[0].at, one.events[0].incident_id) == (1, at(10), it.id)


def test_what_was_resolved_at_once_opens_nothing() -> None:
    one = One()
    assert one.look(snapshot(open=False)) == []
    assert (one.it.state, one.it.opened_at, one.it.resolved_at, one.it.time_to_resolve) == (
        "resolved", None, at(10), None,
    )  # fmt: skip
    assert one.look(snapshot("f-2", minute=9, mailbox="bob@contoso.com")) == ["opened"], "though it is older"
    assert (one.it.state, one.it.reopened) == ("open", 0)
    assert numbers(one.it) == (2, 1, 1, 0, 2)


def test_it_resolves_itself_with_its_last_finding() -> None:
    one = One()
    one.look(snapshot(), snapshot("f-2", mailbox="bob@contoso.com"))
    assert one.look(snapshot(revision=2, minute=25, open=False)) == []
    assert one.look(snapshot("f-2", 2, 40.5, open=False, mailbox="bob@contoso.com")) == ["resolved"]
    assert (one.it.state, one.it.resolved_at, one.it.time_to_resolve) == ("resolved", at(40.5), 30 * 60 + 30)
    assert numbers(one.it) == (2, 0, 0, 0, 2)
    assert one.look(snapshot(revision=3, minute=60, open=False)) == [], "a look that finds nothing new"


@pytest.mark.parametrize(("later", "again"), [
    (snapshot("f-2", minute=40, occurred_at=at(35)), True),  # it happened after the resolution
    (snapshot("f-2", minute=40, occurred_at=at(29)), False),  # it only arrived after it
    (snapshot("f-2", minute=40, occurred_at=at(35), open=False), False),
    (snapshot(revision=3, minute=40), True),  # in reach again
    (snapshot(revision=3, minute=40, exposed=None, state="open"), False),
])  # fmt: skip
def test_what_opens_it_again(later: Any, again: bool) -> None:
    one = One()
    one.look(snapshot())
    assert one.look(snapshot(revision=2, minute=30, open=False)) == ["resolved"]
    assert one.look(later) == (["reopened"] if again else [])
    assert (one.it.state, one.it.reopened) == (("open", 1) if again else ("resolved", 0))
    assert (one.it.opened_at, one.it.resolved_at) == ((at(40), None) if again else (at(10), at(30)))


def test_an_older_failure_that_arrives_late_opens_it_again_once_a_later_look_finds_it_in_reach() -> None:
    one = One()
    one.look(snapshot())
    one.look(snapshot(revision=2, minute=30, open=False))
    assert one.look(snapshot("f-2", minute=40)) == []
    assert (one.it.state, one.it.open_findings) == ("resolved", 1)
    assert one.look(snapshot("f-2", 2, 55, looked_at=at(40))) == [], "this look could not read the place"
    assert one.look(snapshot("f-2", 3, 70)) == ["reopened"]


def test_a_finding_that_comes_from_another_incident_in_reach_opens_it_again() -> None:
    one = One()
    one.look(snapshot())
    one.look(snapshot(revision=2, minute=30, open=False))
    one.said["f-2"] = snapshot("f-2", 1, 20, cause="undetermined")
    assert one.look(snapshot("f-2", 2, 40)) == ["reopened"]


def test_a_finding_whose_cause_changes_leaves() -> None:
    one, other = One(), One()
    one.look(snapshot(cause="undetermined"), snapshot("f-2", cause="undetermined", mailbox="bob@contoso.com"))
    before, after = snapshot(cause="undetermined"), snapshot(revision=2, minute=20)
    changes = split(before, after)
    assert set(changes) == {before.incident_id, after.incident_id}
    assert one.apply([changes[before.incident_id]], at(21)) == []
    assert other.apply([changes[after.incident_id]], at(21)) == ["opened"]
    assert (numbers(one.it), numbers(other.it)) == ((1, 1, 1, 0, 1), (1, 1, 1, 0, 1))
    last = snapshot("f-2", 2, 30, mailbox="bob@contoso.com")
    assert one.look(last) == ["resolved"]
    assert (numbers(one.it), one.it.causes, one.it.resolved_at) == ((0, 0, 0, 0, 0), {}, at(30))


def test_removed_findings_are_not_counted() -> None:
    one = One()
    one.look(snapshot(), snapshot("f-2"))
    assert one.remove("f-1", 100) == []
    assert numbers(one.it) == (1, 1, 1, 0, 1)
    assert one.remove("f-2", 110) == ["resolved"]
    assert (numbers(one.it), one.it.resolved_at) == ((0, 0, 0, 0, 0), at(110))
    assert one.look(snapshot("f-2", 9, 120)) == [], "the same failure came again, and it is an old one"
    assert numbers(one.it) == (1, 1, 1, 0, 1)


def test_nothing_is_known_of_an_incident_that_was_only_left() -> None:
    one = One()
    before = snapshot(cause="undetermined")
    left = split(before, snapshot(revision=2))[before.incident_id]
    assert one.apply([left], at(20)) == []
    assert (one.incident, one.members["f-1"].gone) == (None, True)
    assert one.apply([split(None, before)[before.incident_id]], at(30)) == [], "what comes late is old"
    assert one.incident is None


@pytest.mark.parametrize(("grown", "told"), [(9, False), (10, True), (11, True)])
def test_it_is_worse_once_ten_times_as_many_are_exposed(grown: int, told: bool) -> None:
    one = One()
    one.look(snapshot())
    more = [snapshot(f"more-{number}", mailbox=f"m{number}@contoso.com") for number in range(grown - 1)]
    assert one.look(*more) == (["worsened"] if told else [])
    assert one.look(*(snapshot(f"x-{number}") for number in range(80))) == ([] if told else ["worsened"])


def test_it_is_worse_once_it_is_more_severe_than_ever_since_it_opened() -> None:
    one = One()
    one.look(snapshot())
    assert one.look(snapshot(revision=2, minute=20, severity=Severity.CRITICAL, is_read=True)) == ["worsened"]
    assert one.look(snapshot(revision=3, minute=30, severity=Severity.MEDIUM)) == []
    assert one.look(snapshot(revision=4, minute=40, severity=Severity.CRITICAL)) == []
    assert one.log == ["opened", "severity_changed", "severity_changed", "severity_changed"]
    assert [entry.note for entry in one.it.log[1:]] == ["high to critical", "critical to medium", "medium to critical"]
    assert one.it.severity == "critical"


def test_the_severity_is_the_worst_of_what_is_open() -> None:
    one = One()
    one.look(snapshot(severity=Severity.CRITICAL), snapshot("f-2", severity=Severity.LOW))
    one.look(snapshot(revision=2, minute=20, open=False, severity=Severity.INFO))
    assert one.it.severity == "low"
    one.look(snapshot("f-2", 2, 30, open=False, severity=Severity.INFO))
    assert (one.it.state, one.it.severity) == ("resolved", "low")


def test_cause_title_and_actions_are_those_of_most_open_findings() -> None:
    one = One()
    one.look(snapshot(subject="  Invoice\n 4711 "))
    assert one.it.title == "The message is still in the Inbox: Invoice 4711"
    assert [action.title for action in one.it.actions] == ["Fix message_present"]
    one.look(*(snapshot(f"j-{number}", cause="message_junked") for number in range(2)))
    assert (one.it.cause, one.it.causes) == ("message_junked", {"message_present": 1, "message_junked": 2})
    assert one.it.title == "The message is in Junk Email: Invoice 4711"
    assert [action.title for action in one.it.actions] == ["Fix message_junked"]
    one.look(*(snapshot(f"j-{number}", 2, 20, cause="message_remediated", open=False) for number in range(2)))
    assert (one.it.cause, one.it.title) == ("message_present", "The message is still in the Inbox: Invoice 4711")


@pytest.mark.parametrize(("found", "title"), [
    (snapshot(cause="consent_missing"), "No administrator consented to a permission that the app requests"),
    (snapshot(cause="domain_unknown"), "The domain is in no tenant that Graph shows: contoso.com"),
    (snapshot(cause="user_deleted"), "The user was deleted: adele@contoso.com"),
    (snapshot(subject="x" * 200), f"The message is still in the Inbox: {'x' * 119}…"),
    (snapshot(cause="undetermined"), "The cause could not be determined"),
    (snapshot(cause="undetermined", reason=Lack(check="user", reason=Reason.FORBIDDEN, permission="User.Read.All")),
     "The cause could not be determined: the triage identity does not have User.Read.All"),
])  # fmt: skip
def test_titles(found: Any, title: str) -> None:
    one = One()
    one.look(found)
    assert one.it.title == title


def test_first_and_last_seen_are_when_failures_occurred() -> None:
    one = One()
    one.look(snapshot(occurred_at=at(5)))
    one.look(snapshot("f-2", occurred_at=at(-30)), snapshot("f-3", occurred_at=at(7.5)))
    assert (one.it.first_seen, one.it.last_seen) == (at(-30), at(7.5))


def test_a_change_that_comes_twice_or_late_changes_nothing() -> None:
    one = One()
    first, second = snapshot(), snapshot(revision=2, minute=20, open=False)
    changes = [split(None, first)[first.incident_id], split(first, second)[first.incident_id]]
    one.apply(changes[1:], at(20))
    settled = one.it
    for again in (changes, changes[:1], changes[1:], []):
        assert one.apply(again, at(30)) == []
        assert one.it == settled


def test_an_app_that_an_audit_found_fixed_resolves_once_its_findings_were_looked_at() -> None:
    one = One()
    one.look(*(snapshot(f"f-{number}", cause="consent_missing", exposed=None) for number in (1, 2)))
    one.incident, _ = fixed(one.it, at(30))
    assert fixed(one.it, at(31)) == (one.it, [])
    assert one.look(snapshot("f-1", 2, 29, cause="consent_missing", exposed=None)) == [], "a look before the audit"
    assert one.look(snapshot("f-1", 3, 40, cause="consent_missing", exposed=None)) == []
    assert one.look(snapshot("f-1", 4, 41, cause="consent_missing", exposed=None)) == [], "it counts once"
    assert one.look(snapshot("f-2", 2, 50, cause="consent_missing", exposed=None)) == ["resolved"]
    assert (one.it.state, one.it.resolved_at, one.it.open_findings) == ("resolved", at(50), 2)
    assert one.it.log[-1].note == "an audit found it fixed, and its findings were looked at again"
    assert one.look(snapshot("f-3", 1, 70, cause="consent_missing", occurred_at=at(60))) == ["reopened"]


def test_an_app_without_open_findings_is_resolved_by_the_audit() -> None:
    """A person opened it again after its findings were resolved."""
    one = One()
    one.look(snapshot(cause="consent_missing"))
    one.look(snapshot(revision=2, minute=20, cause="consent_missing", open=False))
    one.do(reopen, 30)
    one.incident, events = fixed(one.it, at(40))
    assert ([event.kind for event in events], one.it.resolved_at) == (["incident.resolved"], at(40))


def test_an_app_that_fails_again_is_not_fixed() -> None:
    for broken in (lambda one: one.look(snapshot("f-2", 1, 40, cause="consent_missing", occurred_at=at(35))),
                   lambda one: setattr(one, "incident", not_fixed(one.it))):  # fmt: skip
        one = One()
        one.look(snapshot(cause="consent_missing"))
        one.incident, _ = fixed(one.it, at(30))
        broken(one)
        assert one.look(snapshot("f-1", 2, 50, cause="consent_missing")) == []
        assert one.it.state == "open"
        one.incident, _ = fixed(one.it, at(60))
        assert one.look(*(snapshot(f"f-{number}", 3, 70, cause="consent_missing") for number in (1, 2))) == ["resolved"]


@pytest.mark.parametrize("cause", ["access_policy_blocked", "app_healthy", "user_deleted", "message_present"])
def test_an_audit_says_nothing_about_the_rest(cause: str) -> None:
    one = One()
    one.look(snapshot(cause=cause))
    assert fixed(one.it, at(30)) == (one.it, [])


def test_a_person_resolved_what_is_still_in_reach() -> None:
    """The findings of then are resolved by hand soon after. What a look sees later opens it again."""
    one = One()
    one.look(snapshot(), snapshot("f-2"))
    one.do(resolve, 20, ResolveReason.FIXED)
    assert one.look(snapshot("f-1", 2, 19)) == []
    assert one.look(snapshot("f-1", 3, 25)) == [], "it was open at the time, and is not yet resolved by hand"
    assert one.look(snapshot("f-1", 4, 25, open=False, exposed=True, looked_at=at(25), resolved_at=at(20))) == []
    assert one.look(snapshot("f-2", 2, 15, open=False, exposed=True, resolved_at=at(20))) == []
    assert (one.it.state, one.it.exposed, one.it.open_findings) == ("resolved", 2, 0)
    assert one.look(snapshot("f-3", 1, 30)) == []
    assert one.look(snapshot("f-2", 3, 40)) == ["reopened"]


def test_a_suppressed_one_counts_and_notifies_nobody_until_its_end() -> None:
    one = One()
    one.look(snapshot())
    one.do(suppress, 20, "known", at(100))
    assert one.look(*(snapshot(f"m-{number}", minute=30, severity=Severity.CRITICAL) for number in range(20))) == []
    assert (one.it.state, one.it.findings, one.it.severity) == ("suppressed", 21, "critical")
    rest = [snapshot(f"m-{number}", 2, 40, open=False) for number in range(20)]
    assert one.look(snapshot(revision=2, minute=40, open=False), *rest) == ["resolved"], "for whoever was told before"
    assert one.look(snapshot(revision=3, minute=50)) == []
    assert (one.it.state, one.it.reopened) == ("suppressed", 1)
    assert one.look(snapshot(revision=4, minute=101)) == ["suppressed"]
    assert (one.events[-1].ended, one.events[-1].at, one.it.state, one.it.suppression) == (True, at(100), "open", None)
    assert one.look(snapshot(revision=5, minute=110, severity=Severity.CRITICAL)) == ["worsened"]


def test_a_change_needs_a_snapshot() -> None:
    with pytest.raises(ValueError, match="needs a snapshot"):
        split(None, None)
    with pytest.raises(ValueError, match="its time"):
        split(snapshot(), None)


def test_what_clients_see_and_what_is_stored() -> None:
    one = One()
    one.look(snapshot(subject="Invoice"))
    wire = one.it.wire()
    assert set(wire) == {
        *("id", "tenantId", "scope", "subject", "cause", "causes", "severity", "title", "state", "findings"),
        *("openFindings", "exposed", "read", "mailboxes", "mailboxesEstimated", "firstSeen", "lastSeen", "openedAt"),
        *("acknowledgedAt", "acknowledgedBy", "resolvedAt", "reopened", "timeToResolve", "suppression", "actions", "log"),
    }  # fmt: skip
    assert wire["log"] == [{"at": at(10), "what": "opened", "by": None, "note": None}]
    assert Incident.model_validate_json(one.it.document()) == one.it
    assert "books" not in Incident.model_json_schema(mode="serialization")["properties"]
