"""A finding: what triage says about one failure. Its fields on the wire are in docs/api.md."""

from triage.finding.incident_key import IncidentKey, Scope, scope_of
from triage.finding.make import make_finding
from triage.finding.merge import merge
from triage.finding.model import (
    Finding,
    FindingState,
    HistoryEntry,
    MessageState,
    Resolution,
    TimeInReach,
)
from triage.finding.snapshot import Snapshot
from triage.finding.state import brought_forward, reopened_by_hand, resolved_by_hand

__all__ = [
    "Finding",
    "FindingState",
    "HistoryEntry",
    "IncidentKey",
    "MessageState",
    "Resolution",
    "Scope",
    "Snapshot",
    "TimeInReach",
    "brought_forward",
    "make_finding",
    "merge",
    "reopened_by_hand",
    "resolved_by_hand",
    "scope_of",
]
