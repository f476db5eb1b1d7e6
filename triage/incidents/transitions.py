"""The transitions between the states of an incident, each with its entry in the log and its event."""

from __future__ import annotations

from typing import Any

from triage.incidents.model import Event, Happening, Incident, IncidentState, LogEntry
from triage.settings import NotificationEvent
from triage.wire import epoch_ns

MOST_LOG_ENTRIES = 100
_SECOND = 1_000_000_000

Step = tuple[Incident, list[Event]]
"""The incident after a transition, and the events for notifications."""


def updated(incident: Incident, *, books: dict[str, Any] | None = None, **fields: Any) -> Incident:
    """The incident with changed fields, and changed fields in its books."""
    if books:
        fields["books"] = incident.books.model_copy(update=books)
    return incident.model_copy(update=fields)


def logged(incident: Incident, at: str, what: Happening, by: str | None = None, note: str | None = None) -> Incident:
    """The incident with one more entry in its log."""
    entry = LogEntry(at=at, what=what, by=by, note=note)
    return updated(incident, log=[*incident.log, entry][-MOST_LOG_ENTRIES:])


def told(incident: Incident, kind: NotificationEvent, at: str, *, ended: bool = False) -> Step:
    """The incident with one more event."""
    number = incident.books.events + 1
    event = Event(kind=kind, incident_id=incident.id, number=number, at=at, ended=ended)
    return updated(incident, books={"events": number}), [event]


def opened(incident: Incident, at: str, by: str | None = None, note: str | None = None) -> Step:
    """Opens an incident for the first time, or again. If it is suppressed, there is no event."""
    again = incident.opened_at is not None
    incident = updated(
        incident,
        opened_at=at,
        reopened=incident.reopened + again,
        resolved_at=None,
        time_to_resolve=None,
        acknowledged_at=None,
        acknowledged_by=None,
        books={"by_person": False, "fixed_at": None, **_compared_with_now(incident)},
    )
    incident = logged(incident, at, Happening.REOPENED if again else Happening.OPENED, by, note)
    if incident.state is IncidentState.SUPPRESSED:
        return incident, []
    kind = NotificationEvent.INCIDENT_REOPENED if again else NotificationEvent.INCIDENT_OPENED
    return told(incident, kind, at)


def resolved(incident: Incident, at: str, by: str | None = None, note: str | None = None) -> Step:
    """Resolves an incident. There is an event even if it is suppressed, for the channels that knew of it."""
    since = incident.opened_at or at
    incident = updated(incident, resolved_at=at, time_to_resolve=max(0, (epoch_ns(at) - epoch_ns(since)) // _SECOND))
    incident = logged(incident, at, Happening.RESOLVED, by, note)
    return told(incident, NotificationEvent.INCIDENT_RESOLVED, at)


def worsened(incident: Incident, at: str) -> Step:
    """Adds the event that an incident is worse than in its last event."""
    return told(updated(incident, books=_compared_with_now(incident)), NotificationEvent.INCIDENT_WORSENED, at)


def unsuppressed(incident: Incident, at: str, by: str | None = None, note: str | None = None) -> Step:
    """Ends the suppression of an incident. If it is resolved, there is no event."""
    incident = updated(incident, suppression=None, books=_compared_with_now(incident))
    incident = logged(incident, at, Happening.SUPPRESSED, by, ": ".join(filter(None, ("ended", note))))
    if incident.state is IncidentState.RESOLVED:
        return incident, []
    return told(incident, NotificationEvent.INCIDENT_SUPPRESSED, at, ended=True)


def without_ended_suppression(incident: Incident, now: str) -> Step:
    """The incident without its suppression, if that has ended by now."""
    suppression = incident.suppression
    if suppression is None or epoch_ns(suppression.until) > epoch_ns(now):
        return incident, []
    return unsuppressed(incident, suppression.until)


def is_later(one: str | None, other: str | None) -> bool:
    """Whether both times are known, and the first is the later one."""
    return one is not None and other is not None and epoch_ns(one) > epoch_ns(other)


def _compared_with_now(incident: Incident) -> dict[str, Any]:
    return {"worst": incident.severity, "exposed_before": incident.exposed}
