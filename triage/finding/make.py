"""The finding of a first look at a failure."""

from __future__ import annotations

from triage.diagnosis.case import Case
from triage.diagnosis.checks import checks, deciding
from triage.diagnosis.diagnose import Diagnosis
from triage.diagnosis.exposure import exposed, severity
from triage.diagnosis.place import Location, Place, place_of
from triage.diagnosis.remedy import actions
from triage.finding.model import Finding, MessageState
from triage.finding.state import with_state
from triage.intake.queue_message import QueuedFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.wire import now


def make_finding(
    queued: QueuedFailure,
    tenant_id: str | None,
    classified: tuple[Scenario, ClassifiedBy],
    diagnosis: Diagnosis,
    case: Case | None,
) -> Finding:
    """The finding of a diagnosis; without a case there was no evidence."""
    place = place_of(case) if case else Place(Location.NOT_CHECKED)
    reach = exposed(case, place) if case else None
    at = now()
    finding = Finding(
        id=queued.finding_id,
        tenant_id=tenant_id,
        scenario=classified[0],
        classified_by=classified[1],
        cause=diagnosis.cause,
        confidence=diagnosis.confidence,
        severity=severity(diagnosis.severity, exposed=reach, is_read=place.is_read),
        alternatives=list(diagnosis.alternatives),
        also_seen=list(diagnosis.also_seen),
        summary=diagnosis.summary,
        actions=actions(diagnosis, case, place, exposed=reach),
        message=MessageState(
            location=place.location,
            folder=place.folder,
            is_read=place.is_read,
            copies=place.copies,
            looked_at=at if place.location.known else None,
        ),
        exposed=reach,
        checks=checks(case, deciding(diagnosis)) if case else [],
        reasons=list(diagnosis.lacks),
        failure=queued.failure,
        occurred_at=queued.failure.occurred_at or queued.received_at,
        received_at=queued.received_at,
        triaged_at=at,
        first_seen=queued.received_at,
        last_seen=queued.received_at,
    )
    return with_state(finding, at)
