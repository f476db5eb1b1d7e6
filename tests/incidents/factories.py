"""Snapshots of findings from literals, and an incident that they are applied to one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.factories import MAILBOX, MESSAGE_ID, TENANT_ID, make_failure
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.place import Location
from triage.diagnosis.remedy import Action
from triage.finding import FindingState, IncidentKey, Resolution, Snapshot
from triage.graph.evidence import Lack
from triage.incidents import Event, Incident, Member, apply, split
from triage.intake.scenario import Scenario
from triage.wire import from_epoch_ns

START = int(datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp())


def at(minute: float) -> str:
    """So many minutes after the start."""
    return from_epoch_ns(int((START + minute * 60) * 1_000_000_000))


def snapshot(
    finding_id: str = "f-1",
    revision: int = 1,
    minute: float = 10,
    *,
    cause: str = "message_present",
    mailbox: str = MAILBOX,
    message: str | None = MESSAGE_ID,
    tenant_id: str | None = TENANT_ID,
    reason: Lack | None = None,
    **changes: Any,
) -> Snapshot:
    """A message in the Inbox, seen in this minute. `open=False`: it is in quarantine."""
    known = Cause(cause)
    failure = make_failure(mailbox=mailbox, internet_message_id=message)
    key = IncidentKey.of(tenant_id, known, failure, [reason] if reason else [])
    is_open = changes.pop("open", True)
    fields: dict[str, Any] = {
        "finding_id": finding_id,
        "revision": revision,
        "tenant_id": tenant_id,
        "incident_id": key.id,
        "scope": key.scope,
        "incident_subject": key.subject,
        "scenario": Scenario.UNCLASSIFIED,
        "cause": known,
        "confidence": Confidence.CONFIRMED,
        "severity": Severity.HIGH,
        "state": FindingState.OPEN if is_open else FindingState.RESOLVED,
        "resolution": None if is_open else Resolution.REMEDIATED,
        "resolved_at": None if is_open else at(minute),
        "exposed": is_open,
        "is_read": False,
        "location": Location.INBOX if is_open else Location.QUARANTINE,
        "folder": None,
        "looked_at": at(minute),
        "time_in_reach": None,
        "mailbox": mailbox,
        "message_id": failure.message_id,
        "internet_message_id": message,
        "subject": None,
        "summary": "",
        "actions": [Action(title=f"Fix {cause}", detail="")],
        "first_reason": reason,
        "occurred_at": at(0),
        "triaged_at": at(minute),
        "next_look_at": None,
        "looks": revision,
    }
    return Snapshot(**{**fields, **changes})


@dataclass
class One:
    """One incident, and the findings that it sees, as storage would keep them."""

    incident: Incident | None = None
    members: dict[str, Member] = field(default_factory=dict)
    said: dict[str, Snapshot] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def look(self, *snapshots: Snapshot, now: float | None = None) -> list[str]:
        """Applies these looks as one batch, and returns what may be told."""
        changes = []
        for one in snapshots:
            incident_id = self.incident.id if self.incident else snapshots[0].incident_id
            found = split(self.said.get(one.finding_id), one)
            self.said[one.finding_id] = one
            changes += [change for key, change in found.items() if key == incident_id]
        return self.apply(changes, now=snapshots[-1].triaged_at if now is None else at(now))

    def remove(self, finding_id: str, minute: float) -> list[str]:
        """A finding is removed in this minute."""
        return self.apply([*split(self.said.pop(finding_id), None, removed_at=at(minute)).values()], now=at(minute))

    def apply(self, changes: list[Any], now: str) -> list[str]:
        """Applies changes, and returns what may be told."""
        applied = apply(self.incident, self.members, changes, now)
        self.incident = applied.incident
        self.members |= applied.members
        self.events += applied.events
        return [event.kind.value.removeprefix("incident.") for event in applied.events]

    def do(self, action: Any, minute: float, *rest: Any, **given: Any) -> list[str]:
        """A person does something in this minute."""
        self.incident, events = action(self.it, at(minute), "pat@contoso.com", *rest, **given)
        self.events += events
        return [event.kind.value.removeprefix("incident.") + (" ended" if event.ended else "") for event in events]

    @property
    def it(self) -> Incident:
        assert self.incident is not None
        return self.incident

    @property
    def log(self) -> list[str]:
        return [entry.what.value for entry in self.it.log]
