"""What people do with an incident, and what an audit of the app says about it.

StateError if the state does not allow an action, InputError if its input is wrong.

| | open | acknowledged | suppressed | resolved |
|---|---|---|---|---|
| acknowledge | acknowledged | - | - | - |
| suppress | suppressed | suppressed | suppressed, with the new end | - |
| resolve | resolved | resolved | resolved | - |
| reopen | - | open | open | open, and counted |
"""

from __future__ import annotations

from enum import StrEnum

from triage.diagnosis.causes import Cause
from triage.finding import Scope
from triage.incidents.model import Happening, Incident, IncidentState, Suppression
from triage.incidents.transitions import (
    Step,
    logged,
    opened,
    resolved,
    told,
    unsuppressed,
    updated,
    without_ended_suppression,
)
from triage.problems import InputError, Problem, TriageError
from triage.settings import NotificationEvent
from triage.wire import epoch_ns

MOST_CHARACTERS = 1000
FIXED = "an audit found it fixed, and its findings were looked at again"
_YEAR = 366 * 24 * 3600 * 1_000_000_000
# An audit can't find these fixed: Graph doesn't show policies of Exchange, and a healthy app has nothing to fix.
_NOT_AUDITED = {Cause.ACCESS_POLICY_BLOCKED, Cause.APP_HEALTHY}


class StateError(TriageError):
    """The state of an incident does not allow an action."""


class ResolveReason(StrEnum):
    """Why a person resolves an incident."""

    FIXED = "fixed"
    ACCEPTED = "accepted"
    FALSE_POSITIVE = "false_positive"
    NOT_NEEDED = "not_needed"


def acknowledge(incident: Incident, now: str, by: str, note: str | None = None) -> Step:
    """Somebody is working on it."""
    incident, events = without_ended_suppression(incident, now)
    match incident.state:
        case IncidentState.RESOLVED:
            raise StateError("The incident is resolved. Reopen it first.")
        case IncidentState.ACKNOWLEDGED:
            raise StateError(f"{incident.acknowledged_by} has already acknowledged the incident.")
        case IncidentState.SUPPRESSED:
            raise StateError("The incident is suppressed. Reopen it first.")
        case IncidentState.OPEN:
            incident = updated(incident, acknowledged_at=now, acknowledged_by=by)
            return logged(incident, now, Happening.ACKNOWLEDGED, by, _text("note", note)), events


def reopen(incident: Incident, now: str, by: str, note: str | None = None) -> Step:
    """It has to be worked on again: its resolution, acknowledgment or suppression ends."""
    incident, events = without_ended_suppression(incident, now)
    note = _text("note", note)
    match incident.state:
        case IncidentState.OPEN:
            raise StateError("The incident is already open.")
        case IncidentState.ACKNOWLEDGED:
            incident = updated(incident, acknowledged_at=None, acknowledged_by=None)
            return logged(incident, now, Happening.REOPENED, by, note), events
        case IncidentState.SUPPRESSED:
            incident = updated(incident, acknowledged_at=None, acknowledged_by=None)
            return unsuppressed(incident, now, by, note)
        case IncidentState.RESOLVED:
            incident, reopened = opened(updated(incident, suppression=None), now, by, note)
            return incident, events + reopened


def resolve(incident: Incident, now: str, by: str, reason: ResolveReason, note: str | None = None) -> Step:
    """A person says that nothing is left to do, whatever its findings say. This ends a suppression."""
    incident, events = without_ended_suppression(incident, now)
    if incident.state is IncidentState.RESOLVED:
        raise StateError(f"The incident is already resolved, since {incident.resolved_at}.")
    incident = updated(incident, suppression=None, books={"by_person": True})
    incident, more = resolved(incident, now, by, ": ".join(filter(None, (reason.value, _text("note", note)))))
    return incident, events + more


def suppress(incident: Incident, now: str, by: str, reason: str, until: str) -> Step:
    """Nobody is notified of it until then. It continues to count."""
    incident, events = without_ended_suppression(incident, now)
    if incident.state is IncidentState.RESOLVED:
        raise StateError("The incident is resolved: there is nothing to suppress. Reopen it first.")
    ahead = epoch_ns(until) - epoch_ns(now)
    if not 0 < ahead <= _YEAR:
        raise _wrong("until", "must be in the future, and at most a year away")
    given = _text("reason", reason)
    if given is None:
        raise _wrong("reason", "is missing")
    suppression = Suppression(reason=given, until=until, by=by, at=now)
    incident = logged(updated(incident, suppression=suppression), now, Happening.SUPPRESSED, by, given)
    incident, more = told(incident, NotificationEvent.INCIDENT_SUPPRESSED, now)
    return incident, events + more


def fixed(incident: Incident, now: str) -> Step:
    """An audit found that what an incident is about is fixed.

    It is resolved when each of its open findings has been looked at again. What an audit can't check stays as it is.
    """
    audited = incident.scope is Scope.APP and incident.cause not in _NOT_AUDITED
    if not audited or incident.resolved_at is not None or incident.books.fixed_at is not None:
        return incident, []
    books = {"fixed_at": now, "fixes": incident.books.fixes + 1, "to_look_at": incident.open_findings}
    incident = updated(incident, books=books)
    return (incident, []) if incident.open_findings else resolved(incident, now, note=FIXED)


def not_fixed(incident: Incident) -> Incident:
    """An audit found that it is not fixed, or no longer fixed."""
    return updated(incident, books={"fixed_at": None}) if incident.books.fixed_at else incident


def _text(name: str, text: str | None) -> str | None:
    text = (text or "").strip()
    if len(text) > MOST_CHARACTERS:
        raise _wrong(name, f"is longer than {MOST_CHARACTERS:,} characters")
    return text or None


def _wrong(name: str, detail: str) -> InputError:
    return InputError(f"{name} {detail}", [Problem(f"/{name}", detail)])
