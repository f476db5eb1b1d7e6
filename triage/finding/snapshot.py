"""A finding at one revision, as lists, counts, incidents and exposures need it: without evidence and history."""

from __future__ import annotations

from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.place import Location
from triage.diagnosis.remedy import Action
from triage.finding.incident_key import Scope
from triage.finding.model import Finding, FindingState, Resolution, TimeInReach
from triage.finding.person import remedy
from triage.graph.evidence import Lack
from triage.intake.scenario import Scenario
from triage.wire import Instant, Wire


class Snapshot(Wire):
    """What one revision of a finding says.

    `actions` is the remedy without the steps about the person. `first_reason` is the first thing that could not be
    known, without its detail. `incident_subject` is what the incident is about, within its scope (IncidentKey).
    """

    finding_id: str
    revision: int
    tenant_id: str | None
    incident_id: str
    scope: Scope
    incident_subject: str | None
    scenario: Scenario
    cause: Cause
    confidence: Confidence
    severity: Severity
    state: FindingState
    resolution: Resolution | None
    resolved_at: Instant | None
    exposed: bool | None
    is_read: bool | None
    location: Location
    folder: str | None
    looked_at: Instant | None
    time_in_reach: TimeInReach | None
    mailbox: str
    message_id: str | None
    internet_message_id: str | None
    subject: str | None
    summary: str
    actions: list[Action]
    first_reason: Lack | None
    occurred_at: Instant
    triaged_at: Instant
    next_look_at: Instant | None
    looks: int

    @classmethod
    def of(cls, finding: Finding, revision: int) -> Snapshot:
        """What a finding says at this revision."""
        key, failure, message = finding.incident, finding.failure, finding.message
        return cls(
            finding_id=finding.id,
            revision=revision,
            tenant_id=finding.tenant_id,
            incident_id=key.id,
            scope=key.scope,
            incident_subject=key.subject,
            scenario=finding.scenario,
            cause=finding.cause,
            confidence=finding.confidence,
            severity=finding.severity,
            state=finding.state,
            resolution=finding.resolution,
            resolved_at=finding.resolved_at,
            exposed=finding.exposed,
            is_read=message.is_read,
            location=message.location,
            folder=message.folder,
            looked_at=message.looked_at,
            time_in_reach=finding.time_in_reach,
            mailbox=failure.mailbox,
            message_id=failure.message_id,
            internet_message_id=failure.internet_message_id,
            subject=failure.subject,
            summary=finding.summary,
            actions=remedy(finding.actions),
            first_reason=_without_detail(finding.reasons[0]) if finding.reasons else None,
            occurred_at=finding.occurred_at,
            triaged_at=finding.triaged_at,
            next_look_at=finding.next_look_at,
            looks=finding.looks,
        )


def _without_detail(lack: Lack) -> Lack:
    return Lack(check=lack.check, reason=lack.reason, permission=lack.permission)
