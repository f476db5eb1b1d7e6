"""A finding: what triage says about one failure. Its fields on the wire are in docs/api.md."""

from __future__ import annotations

from pydantic import Field

from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.checks import Check, checks
from triage.diagnosis.diagnose import Diagnosis
from triage.diagnosis.exposure import exposed, severity
from triage.diagnosis.place import Location, Place, place_of
from triage.diagnosis.remedy import Action, actions
from triage.graph.evidence import Lack
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import QueuedFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.wire import Instant, Wire, epoch_ns, now


class MessageState(Wire):
    """Where the message is: its most reachable copy, and how many copies there are."""

    location: Location = Location.NOT_CHECKED
    folder: str | None = None
    is_read: bool | None = None
    copies: int = 0


class Finding(Wire):
    """One failure in one mailbox: why it failed, whether the message can still be opened, and what to do."""

    id: str
    tenant_id: str | None
    scenario: Scenario
    classified_by: ClassifiedBy
    cause: Cause
    confidence: Confidence
    severity: Severity
    alternatives: list[Cause] = Field(default_factory=list[Cause])
    also_seen: list[Cause] = Field(default_factory=list[Cause])
    summary: str
    actions: list[Action] = Field(default_factory=list[Action])
    message: MessageState = MessageState()
    exposed: bool | None = None
    checks: list[Check] = Field(default_factory=list[Check])
    reasons: list[Lack] = Field(default_factory=list[Lack])
    failure: RemediationFailure
    occurred_at: Instant
    received_at: Instant
    triaged_at: Instant
    first_seen: Instant
    last_seen: Instant
    deliveries: int = 1
    looks: int = 1
    next_look_at: Instant | None = None

    @property
    def passing(self) -> bool:
        """Whether a later try may find out more."""
        return any(lack.reason.passing for lack in self.reasons)


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
    return Finding(
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
        message=MessageState(location=place.location, folder=place.folder, is_read=place.is_read, copies=place.copies),
        exposed=reach,
        checks=checks(case) if case else [],
        reasons=list(diagnosis.lacks),
        failure=queued.failure,
        occurred_at=queued.failure.occurred_at or queued.received_at,
        received_at=queued.received_at,
        triaged_at=now(),
        first_seen=queued.received_at,
        last_seen=queued.received_at,
    )


def merge(old: Finding, new: Finding, *, final: bool, delivered: bool) -> Finding:
    """One finding of two tries at the same failure.

    A try that found out less does not replace what was determined, unless it is the last try of a retriage (`final`).
    `delivered` says that the new finding came with another delivery. `occurredAt` stays, and `firstSeen` is the earlier one.
    """
    knows_less = new.cause is Cause.UNDETERMINED and old.cause is not Cause.UNDETERMINED
    kept = old if knows_less and not final else new
    return kept.model_copy(
        update={
            "occurred_at": old.occurred_at,
            "received_at": old.received_at,
            "first_seen": min(old.first_seen, new.first_seen, key=epoch_ns),
            "last_seen": max(old.last_seen, new.last_seen, key=epoch_ns),
            "deliveries": old.deliveries + delivered,
            "looks": max(old.looks, new.looks),
            "next_look_at": new.next_look_at,
        }
    )
