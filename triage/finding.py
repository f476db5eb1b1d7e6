"""A finding: what triage says about one failure. Its fields on the wire are in docs/api.md."""

from __future__ import annotations

from itertools import takewhile

from pydantic import Field

from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.checks import Check, checks, deciding
from triage.diagnosis.diagnose import Diagnosis
from triage.diagnosis.exposure import exposed, severity
from triage.diagnosis.person import FIRST_STEPS
from triage.diagnosis.place import Location, Place, place_of
from triage.diagnosis.remedy import Action, actions
from triage.diagnosis.rule import RULES
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
    looked_at: Instant | None = None
    """When it was last seen there, or found to be nowhere; null: never."""


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
        return any(lack.passing for lack in self.reasons)


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


_ABOUT_PERSON = {step.title for steps in FIRST_STEPS.values() for step in steps}


def merge(old: Finding, new: Finding, *, delivered: bool) -> Finding:
    """One finding of two looks at the same failure: a later look that knows less takes nothing away.

    What was determined, and where the message was last seen, are the newest of each that is known. `delivered` says
    that the new finding came with another delivery. `occurredAt` stays, and `firstSeen` is the earlier one.
    """
    kept = old if _knows_less(new, old) else new
    seen = new if new.message.location.known or not old.message.location.known else old
    exposed = new.exposed if new.message.location.known or new.exposed is not None else old.exposed
    message, level = seen.message, kept.severity
    if message.location.known and message.looked_at is None:  # stored before there was this field
        message = message.model_copy(update={"looked_at": seen.triaged_at})
    if kept is not seen or exposed != kept.exposed:
        level = severity(RULES[kept.cause].severity, exposed=exposed, is_read=message.is_read)
    return kept.model_copy(
        update={
            "message": message,
            "exposed": exposed,
            "severity": level,
            "actions": kept.actions if kept is seen else _actions(kept, seen, exposed=exposed),
            "occurred_at": old.occurred_at,
            "received_at": old.received_at,
            "triaged_at": max(old.triaged_at, new.triaged_at, key=epoch_ns),
            "first_seen": min(old.first_seen, new.first_seen, key=epoch_ns),
            "last_seen": max(old.last_seen, new.last_seen, key=epoch_ns),
            "deliveries": old.deliveries + delivered,
            "looks": max(old.looks, new.looks),
            "next_look_at": new.next_look_at,
        }
    )


def _knows_less(new: Finding, old: Finding) -> bool:
    """Whether the old cause still holds, and the new look found none.

    A cause about the place of the message does not hold once the message was seen in another place.
    """
    if new.cause is not Cause.UNDETERMINED or old.cause is Cause.UNDETERMINED:
        return False
    about_place = RULES[old.cause].subject is Subject.MESSAGE and old.message.location.known
    return not (about_place and new.message.location.known and new.message.location is not old.message.location)


def _actions(kept: Finding, seen: Finding, *, exposed: bool | None) -> list[Action]:
    """What to do about the person, as the message was last seen; then the remedy of the cause that is kept."""
    first = [*takewhile(_about_person, seen.actions)] if exposed else []
    return [*first, *(action for action in kept.actions[len([*takewhile(_about_person, kept.actions)]) :])]


def _about_person(action: Action) -> bool:
    return action.title in _ABOUT_PERSON
