"""What is stored about one failure. docs/api.md describes the fields."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, computed_field

from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.checks import Check
from triage.diagnosis.place import Location
from triage.diagnosis.remedy import Action
from triage.finding.incident_key import IncidentKey
from triage.graph.evidence import Lack
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.wire import Instant, Wire


class FindingState(StrEnum):
    """Whether somebody may have to act. `suppressed`: its incident is. That is not stored with the finding."""

    OPEN = "open"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


class Resolution(StrEnum):
    """Why a finding is resolved.

    remediated: the message is where the action aimed, or in quarantine. out_of_reach: nobody can open it.
    nothing_to_do: there is no mailbox to remediate. by_hand: a person said so.
    """

    REMEDIATED = "remediated"
    OUT_OF_REACH = "out_of_reach"
    NOTHING_TO_DO = "nothing_to_do"
    BY_HAND = "by_hand"


class MessageState(Wire):
    """Where the message is: its most reachable copy, and how many copies there are."""

    location: Location = Location.NOT_CHECKED
    folder: str | None = None
    is_read: bool | None = None
    copies: int = 0
    looked_at: Instant | None = None
    """When it was last seen there, or found to be nowhere; null: never."""


class HistoryEntry(Wire):
    """What a finding said from a look on, until the next change."""

    at: Instant
    cause: Cause
    location: Location
    exposed: bool | None
    state: FindingState


class TimeInReach(Wire):
    """For how long the message could be opened, in seconds since the remediation failed."""

    at_least: int
    """Until the last look that saw it in reach; 0: none did."""
    at_most: int
    """Until the first look that saw it out of reach."""


class Finding(Wire):
    """One failure in one mailbox: why it failed, whether the message can still be opened, and what to do."""

    id: str
    tenant_id: str | None
    state: FindingState = FindingState.OPEN
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
    resolution: Resolution | None = None
    resolved_at: Instant | None = None
    time_in_reach: TimeInReach | None = None
    in_reach_at: Instant | None = None
    """When a look last saw the message in reach; null: none did."""
    history: list[HistoryEntry] = Field(default_factory=list[HistoryEntry])
    """The newest changes, oldest first."""
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

    @property
    def incident(self) -> IncidentKey:
        """The incident that it belongs to, by its present cause."""
        return IncidentKey.of(self.tenant_id, self.cause, self.failure, self.reasons)

    @computed_field
    @property
    def incident_id(self) -> str:
        """The ID of the incident that it belongs to."""
        return self.incident.id
