"""Findings, looks, removals, audits, people, crashes and repetitions in any order: numbers and states stay right.

Changes are applied as storage does it: a batch for each incident, the incident and its members in one transaction, and
the changes deleted last. A crash leaves them, so they come again; a slow instance applies old ones once more.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.incidents.factories import at, snapshot
from triage.diagnosis.causes import Severity
from triage.finding import FindingState, Resolution, Snapshot
from triage.incidents import (
    Change,
    Event,
    Incident,
    IncidentState,
    Member,
    ResolveReason,
    StateError,
    acknowledge,
    apply,
    fixed,
    not_fixed,
    recounted,
    reopen,
    resolve,
    split,
    suppress,
    without_ended_suppression,
)
from triage.settings import NotificationEvent
from triage.wire import epoch_ns

FINDINGS = {f"f-{number}": f"person{number % 3}@contoso.com" for number in range(5)}
CAUSES = ["message_present", "message_junked", "consent_missing", "user_deleted", "undetermined"]
PLACES = ["in reach", "out of reach", "not known"]
Row = tuple[Snapshot | None, Snapshot | None, str]


class Incidents(RuleBasedStateMachine):
    """Findings as they are stored, the changes that wait, and the incidents that were made of them."""

    def __init__(self) -> None:
        super().__init__()
        self.minute = 0
        self.stored: dict[str, Snapshot] = {}
        self.revisions: Counter[str] = Counter()
        self.waiting: list[Row] = []
        self.past: list[Row] = []
        self.documents: dict[str, str] = {}
        self.members: dict[str, dict[str, str]] = {}
        self.events: dict[str, list[Event]] = {}
        self.by_hand: set[str] = set()

    @property
    def incidents(self) -> dict[str, Incident]:
        return {key: Incident.model_validate_json(document) for key, document in self.documents.items()}

    def tick(self) -> str:
        self.minute += 1
        return at(self.minute)

    # Findings

    @rule(
        finding_id=st.sampled_from(sorted(FINDINGS)),
        cause=st.sampled_from(CAUSES),
        place=st.sampled_from(PLACES),
        severity=st.sampled_from(Severity),
        is_read=st.booleans(),
        age=st.integers(0, 30),
    )
    def look(self, finding_id: str, cause: str, place: str, severity: Severity, is_read: bool, age: int) -> None:
        """A first look at a failure of some minutes ago, or a later one."""
        now, before = self.tick(), self.stored.get(finding_id)
        exposed = {"in reach": True, "out of reach": False, "not known": None}[place]
        after = self.write(
            finding_id,
            cause=cause,
            exposed=exposed,
            open=exposed is not False,
            severity=severity,
            is_read=is_read,
            looked_at=now if exposed is not None else before and before.looked_at,
            occurred_at=before.occurred_at if before else at(max(0, self.minute - age)),
        )
        self.put(before, after)

    @rule(finding_id=st.sampled_from(sorted(FINDINGS)))
    def resolve_finding(self, finding_id: str) -> None:
        """A person resolves a finding: the message stays where it is."""
        before = self.stored.get(finding_id)
        if before is not None and before.state is FindingState.OPEN:
            fields = {"revision": self.next(finding_id), "state": FindingState.RESOLVED, "resolved_at": self.tick()}
            after = before.model_copy(update={**fields, "resolution": Resolution.BY_HAND})
            self.stored[finding_id] = after
            self.put(before, after)

    @rule(finding_id=st.sampled_from(sorted(FINDINGS)))
    def remove(self, finding_id: str) -> None:
        before = self.stored.pop(finding_id, None)
        if before is not None:
            self.next(finding_id)
            self.put(before, None)

    def write(self, finding_id: str, **fields: Any) -> Snapshot:
        after = snapshot(
            finding_id, self.next(finding_id), self.minute, mailbox=FINDINGS[finding_id], message="<m@x>", **fields
        )
        self.stored[finding_id] = after
        return after

    def next(self, finding_id: str) -> int:
        self.revisions[finding_id] += 1
        return self.revisions[finding_id]

    def put(self, before: Snapshot | None, after: Snapshot | None) -> None:
        row = (before, after, at(self.minute))
        self.waiting.append(row)
        self.past.append(row)

    # What storage does

    @precondition(lambda self: self.waiting)
    @rule(count=st.integers(1, 12), crash_after=st.none() | st.integers(0, 3))
    def project(self, count: int, crash_after: int | None) -> None:
        """Applies the oldest changes. After a crash, some incidents have them, and all of them are still there."""
        self.tick()
        by_incident = self.by_incident(self.waiting[:count])
        for number, (key, changes) in enumerate(sorted(by_incident.items())):
            if number == crash_after:
                return
            self.apply(key, changes)
        if crash_after is None:
            del self.waiting[:count]

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def apply_old_ones_again(self, data: st.DataObject) -> None:
        """A slow instance: it has read changes that others have applied, or have not."""
        rows = data.draw(st.lists(st.sampled_from(self.past), max_size=6))
        done = [row for row in rows if not any(row is one for one in self.waiting)]
        for key, changes in self.by_incident(done).items():
            before = self.documents.get(key)
            self.apply(key, changes)
            if before is not None:
                now = Incident.model_validate_json(before)
                assert self.documents[key] == without_ended_suppression(now, at(self.minute))[0].document()

    def by_incident(self, rows: list[Row]) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = {}
        for before, after, when in rows:
            for key, change in split(before, after, removed_at=when).items():
                found.setdefault(key, []).append(change)
        return found

    def apply(self, key: str, changes: list[Change]) -> None:
        incident = Incident.model_validate_json(self.documents[key]) if key in self.documents else None
        known = {name: Member.model_validate_json(text) for name, text in self.members.get(key, {}).items()}
        applied = apply(incident, known, changes, at(self.minute))
        if applied.incident is not None:
            self.documents[key] = applied.incident.document()
        self.members.setdefault(key, {}).update({name: one.model_dump_json() for name, one in applied.members.items()})
        self.events.setdefault(key, []).extend(applied.events)
        if incident is not None and applied.incident is not None and applied.incident.state is IncidentState.SUPPRESSED:
            told = {event.kind for event in applied.events}
            assert told <= {NotificationEvent.INCIDENT_RESOLVED}

    # People and audits

    @precondition(lambda self: self.documents)
    @rule(data=st.data(), action=st.sampled_from([acknowledge, reopen, resolve, suppress]))
    def act(self, data: st.DataObject, action: Any) -> None:
        key, now = data.draw(st.sampled_from(sorted(self.documents))), self.tick()
        given: list[Any] = []
        if action is resolve:
            given = [ResolveReason.ACCEPTED]
        elif action is suppress:
            given = ["known", at(self.minute + data.draw(st.integers(1, 20)))]
        try:
            incident, events = action(self.incidents[key], now, "pat", *given)
        except StateError:
            return
        self.by_hand.add(key)
        self.documents[key] = incident.document()
        self.events[key] += events

    @precondition(lambda self: self.documents)
    @rule(data=st.data(), is_fixed=st.booleans())
    def audit(self, data: st.DataObject, is_fixed: bool) -> None:
        key, now = data.draw(st.sampled_from(sorted(self.documents))), self.tick()
        incident = self.incidents[key]
        incident, events = fixed(incident, now) if is_fixed else (not_fixed(incident), [])
        self.documents[key] = incident.document()
        self.events[key] += events

    # What must hold

    @rule()
    def everything_was_applied(self) -> None:
        """The numbers are those of a count by hand, once no change waits."""
        self.tick()
        for key, changes in self.by_incident(self.waiting).items():
            self.apply(key, changes)
        self.waiting.clear()
        for key, incident in self.incidents.items():
            mine = [one for one in self.stored.values() if one.incident_id == key]
            still_open = [one for one in mine if one.state is FindingState.OPEN]
            in_reach = [one for one in mine if one.exposed]
            assert (incident.findings, incident.open_findings) == (len(mine), len(still_open))
            assert (incident.exposed, incident.read) == (len(in_reach), sum(one.is_read is True for one in in_reach))
            assert incident.mailboxes == len({one.mailbox for one in mine})
            assert incident.causes == Counter(one.cause for one in mine)
            most = Counter(one.cause for one in still_open or mine)
            assert not mine or most[incident.cause] == max(most.values())
            assert not still_open or incident.severity == min(
                (one.severity for one in still_open), key=list(Severity).index
            )
            assert incident.books.to_look_at <= incident.open_findings
            members = [Member.model_validate_json(text) for text in self.members[key].values()]
            assert recounted(incident, members) == incident
            self.check_state(key, incident, still_open)
        assert {one.incident_id for one in self.stored.values()} <= self.documents.keys()

    def check_state(self, key: str, incident: Incident, still_open: list[Snapshot]) -> None:
        if incident.opened_at is None:
            assert (incident.state, still_open) == (IncidentState.RESOLVED, [])
        elif incident.resolved_at is None:
            assert still_open or key in self.by_hand
        elif not incident.books.by_person:
            later = [one for one in still_open if epoch_ns(one.occurred_at) > epoch_ns(incident.resolved_at)]
            assert later == [], "a failure that occurred after the resolution opens it again"

    @invariant()
    def transitions_are_told_in_order(self) -> None:
        for key, events in self.events.items():
            assert [event.number for event in events] == [*range(1, len(events) + 1)]
            if key not in self.by_hand:
                kinds = [event.kind for event in events if event.kind is not NotificationEvent.INCIDENT_WORSENED]
                resolved = NotificationEvent.INCIDENT_RESOLVED
                assert [kind is resolved for kind in kinds] == [number % 2 == 1 for number in range(len(kinds))]
                opened = [kind for kind in kinds if kind is not resolved]
                assert opened[:1] in ([], [NotificationEvent.INCIDENT_OPENED])
                assert set(opened[1:]) <= {NotificationEvent.INCIDENT_REOPENED}
                assert len(opened[1:]) == self.incidents[key].reopened


Incidents.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_any_order = Incidents.TestCase
