"""What lists, counts and incidents need of a finding."""

from __future__ import annotations

from tests.factories import make_app
from tests.finding.test_merge import finding
from triage.finding import Finding, Scope, Snapshot
from triage.graph.evidence import Lack, Reason

# What a snapshot calls otherwise than the finding, and where the finding has it.
ELSEWHERE = {
    "findingId": "id", "isRead": "message.isRead", "location": "message.location", "folder": "message.folder",
    "lookedAt": "message.lookedAt", "mailbox": "failure.mailbox", "messageId": "failure.messageId",
    "internetMessageId": "failure.internetMessageId", "subject": "failure.subject",
}  # fmt: skip
ITS_OWN = {"revision", "scope", "incidentSubject", "actions", "firstReason"}


def test_a_snapshot_says_what_the_finding_says() -> None:
    found = finding({"subject": "Invoice"})
    snapshot = Snapshot.of(found, 7).wire()
    for name in snapshot.keys() - ITS_OWN:
        value = found.wire()
        for step in ELSEWHERE.get(name, name).split("."):
            value = value[step]
        assert snapshot[name] == value, name
    assert (snapshot["revision"], snapshot["scope"]) == (7, "message")
    assert Snapshot.model_validate(snapshot).wire() == snapshot


def test_it_has_the_remedy_without_the_steps_about_the_person() -> None:
    found = finding(app=make_app(permissions=[]))
    assert found.actions[0].title == "Warn the person"
    assert Snapshot.of(found, 1).actions == found.actions[1:]
    unread = Finding.model_validate({**found.wire(), "actions": []})
    assert Snapshot.of(unread, 1).actions == []


def test_it_has_the_first_reason_without_its_detail() -> None:
    found = finding(app=make_app(permissions=Reason.FORBIDDEN))
    assert Snapshot.of(finding(), 1).first_reason is None
    detailed = found.model_copy(update={"reasons": [one.model_copy(update={"detail": "x"}) for one in found.reasons]})
    snapshot = Snapshot.of(detailed, 1)
    first = found.reasons[0]
    assert snapshot.first_reason == Lack(check=first.check, reason=first.reason, permission=first.permission)
    assert (snapshot.scope, snapshot.incident_subject) == (Scope.EVIDENCE, f"forbidden {first.permission}")
