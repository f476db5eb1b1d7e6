"""Incidents: what must be fixed or decided, however many failures it caused. No I/O (docs/incidents.md)."""

from triage.incidents.actions import (
    ResolveReason,
    StateError,
    acknowledge,
    fixed,
    not_fixed,
    reopen,
    resolve,
    suppress,
)
from triage.incidents.apply import Applied, apply
from triage.incidents.change import Change, split
from triage.incidents.counts import recounted
from triage.incidents.model import Event, Happening, Incident, IncidentState, LogEntry, Member, Suppression
from triage.incidents.transitions import without_ended_suppression

__all__ = [
    "Applied",
    "Change",
    "Event",
    "Happening",
    "Incident",
    "IncidentState",
    "LogEntry",
    "Member",
    "ResolveReason",
    "StateError",
    "Suppression",
    "acknowledge",
    "apply",
    "fixed",
    "not_fixed",
    "recounted",
    "reopen",
    "resolve",
    "split",
    "suppress",
    "without_ended_suppression",
]
