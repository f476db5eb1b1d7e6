"""Applies changes of findings to their incident: counts them, and updates its state (docs/incidents.md).

All changes of a batch are counted before the state is decided, so a finding that closes and opens within a batch changes no
state. A change that comes twice, or after a newer one of its finding, is ignored, because the member has its revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from triage.diagnosis.causes import Severity
from triage.finding import Snapshot
from triage.incidents.actions import FIXED, not_fixed
from triage.incidents.change import Change
from triage.incidents.counts import counted
from triage.incidents.model import Event, Happening, Incident, IncidentState, Member
from triage.incidents.transitions import (
    Step,
    is_later,
    logged,
    opened,
    resolved,
    updated,
    without_ended_suppression,
    worsened,
)
from triage.wire import epoch_ns

_WORST_FIRST = list(Severity)
_GROWN = 10


@dataclass(frozen=True, slots=True)
class Applied:
    """The incident after a batch, the members that changed, and the events for notifications.

    There is no incident if all that is known of it is that findings left it.
    """

    incident: Incident | None
    members: dict[str, Member]
    events: list[Event]


def apply(incident: Incident | None, members: Mapping[str, Member], changes: Iterable[Change], now: str) -> Applied:
    """An incident with changes of its findings. `members` has what is known of these findings.

    None: there is no incident yet. `now` decides whether a suppression has ended.
    """
    batch = _Batch(incident, members)
    for change in sorted(changes, key=lambda change: change.revision):
        batch.take(change)
    if incident is None and not batch.seen:
        return Applied(None, batch.members_after, [])
    incident, events = without_ended_suppression(incident or _new(batch.seen[0]), now)
    if not batch.members_after:
        return Applied(incident, {}, events)
    pairs = [(members.get(finding_id), member) for finding_id, member in batch.members_after.items()]
    incident, more = _moved(counted(incident, pairs, batch.seen), batch, incident.severity)
    return Applied(incident, batch.members_after, events + more)


def _new(first: Snapshot) -> Incident:
    """An incident that has counted nothing yet."""
    return Incident(
        id=first.incident_id,
        tenant_id=first.tenant_id,
        scope=first.scope,
        subject=first.incident_subject,
        cause=first.cause,
        severity=first.severity,
        first_seen=first.occurred_at,
        last_seen=first.occurred_at,
    )


@dataclass(slots=True)
class _Batch:
    """The changes of a batch that are new to an incident.

    `seen` has the current snapshots, `opens` the findings that may open the incident, `closes` the times at which others
    closed, `at` the time of the last change. `broken`: a failure occurred after an audit had found it fixed.
    """

    incident: Incident | None
    members: Mapping[str, Member]
    members_after: dict[str, Member] = field(default_factory=dict[str, Member])
    seen: list[Snapshot] = field(default_factory=list[Snapshot])
    opens: dict[str, str] = field(default_factory=dict[str, str])
    closes: list[str] = field(default_factory=list[str])
    broken: bool = False
    at: str = ""

    def take(self, change: Change) -> None:
        """Adds a change, unless it is old."""
        known = self.members_after.get(change.finding_id) or self.members.get(change.finding_id)
        if known is not None and known.revision >= change.revision:
            return
        was_open = known is not None and known.open
        member = self._member(change, known)
        self.members_after[change.finding_id] = member
        self.at = max(self.at or change.at, change.at, key=epoch_ns)
        if not member.open:
            self.opens.pop(change.finding_id, None)
            self.closes += [change.at] if was_open else []
            return
        if self.incident is None or _opens(self.incident, change, known):
            self.opens[change.finding_id] = change.at
        if self.incident is not None and not was_open:
            self.broken |= is_later(change.snapshot.occurred_at, self.incident.books.fixed_at)

    def _member(self, change: Change, known: Member | None) -> Member:
        fix = known.fix if known else 0
        if change.left:
            return (known or Member.of(change.snapshot, fix)).left(change.revision)
        self.seen.append(change.snapshot)
        if self.incident is not None and is_later(change.snapshot.triaged_at, self.incident.books.fixed_at):
            fix = self.incident.books.fixes
        return Member.of(change.snapshot, fix)


def _opens(incident: Incident, change: Change, known: Member | None) -> bool:
    """Whether an open finding opens an incident that is resolved, or never was open.

    It does if the failure occurred after the resolution, or if a later look finds the message in reach. A failure that
    occurred before and arrives late does not. If a person resolved the incident, what was seen before that does not.
    """
    if incident.opened_at is None:
        return True
    was_open = known if known is not None and known.open else None
    if not was_open and is_later(change.snapshot.occurred_at, incident.resolved_at):
        return True
    looked_at = change.snapshot.looked_at
    if change.first or not change.snapshot.exposed or (was_open and was_open.looked_at == looked_at):
        return False
    return not incident.books.by_person or is_later(was_open.looked_at if was_open else looked_at, incident.resolved_at)


def _moved(incident: Incident, batch: _Batch, severity: Severity) -> Step:
    """The incident in its state after the batch. `severity` is that before the batch."""
    if incident.opened_at is None or incident.state is IncidentState.RESOLVED:
        if batch.opens:
            return opened(incident, min(batch.opens.values(), key=epoch_ns))
        return _never_opened(incident, batch) if incident.resolved_at is None else incident, []
    if batch.broken:
        incident = not_fixed(incident)
    if batch.closes and not incident.open_findings:
        return resolved(incident, max(batch.closes, key=epoch_ns))
    if incident.books.fixed_at is not None and not incident.books.to_look_at:
        at = max((incident.books.fixed_at, *(one.triaged_at for one in batch.seen)), key=epoch_ns)
        return resolved(incident, at, note=FIXED)
    if incident.severity is not severity:
        note = f"{severity.value} to {incident.severity.value}"
        incident = logged(incident, batch.at, Happening.SEVERITY_CHANGED, note=note)
    if incident.state is not IncidentState.SUPPRESSED and _is_worse(incident):
        return worsened(incident, batch.at)
    return incident, []


def _is_worse(incident: Incident) -> bool:
    """Whether the severity is the worst since the incident opened, or ten times as many messages are exposed."""
    books = incident.books
    more_severe = _WORST_FIRST.index(incident.severity) < _WORST_FIRST.index(books.worst)
    return more_severe or incident.exposed >= _GROWN * max(1, books.exposed_before)


def _never_opened(incident: Incident, batch: _Batch) -> Incident:
    """An incident whose findings were all resolved immediately: nobody has to act, and nobody is notified."""
    at = batch.seen[0].triaged_at
    return logged(updated(incident, resolved_at=at), at, Happening.RESOLVED, note="nothing was left to do")
