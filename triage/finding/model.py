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
from triage.wire import Guid, Instant, Wire


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
    """The name of the folder; null if it has none to show."""
    is_read: bool | None = None
    """Whether the person has read it; null: unknown."""
    copies: int = 0
    """How many copies of it the mailbox has."""
    looked_at: Instant | None = None
    """When it was last seen there, or found to be nowhere; null: never."""


class HistoryEntry(Wire):
    """What a finding said from a look on, until the next change."""

    at: Instant
    """When the look was."""
    cause: Cause
    location: Location
    exposed: bool | None
    """Whether the message could be opened; null: unknown."""
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
    """The finding's ID, the same for each delivery of the failure."""
    tenant_id: Guid | None
    """The tenant that the mailbox belongs to; null: unknown."""
    state: FindingState = FindingState.OPEN
    scenario: Scenario
    classified_by: ClassifiedBy
    cause: Cause
    confidence: Confidence
    severity: Severity
    alternatives: list[Cause] = Field(default_factory=list[Cause])
    """Other causes that fit what was read."""
    also_seen: list[Cause] = Field(default_factory=list[Cause])
    """Causes that hold as well, and come after this one."""
    summary: str
    """What is wrong, in a sentence or two."""
    actions: list[Action] = Field(default_factory=list[Action])
    """What to do, in order."""
    message: MessageState = MessageState()
    exposed: bool | None = None
    """Whether the person can still open the message, and the action did not ask for that; null: unknown."""
    checks: list[Check] = Field(default_factory=list[Check])
    """The questions that were asked, and their answers: first those that the cause rests on."""
    reasons: list[Lack] = Field(default_factory=list[Lack])
    """What could not be known, and why."""
    failure: RemediationFailure
    """The failure, as it was reported."""
    resolution: Resolution | None = None
    """Why it is resolved; null: it is not."""
    resolved_at: Instant | None = None
    """When it was resolved; null: it is not."""
    time_in_reach: TimeInReach | None = None
    """Null while the message can be opened, or if that is unknown."""
    in_reach_at: Instant | None = None
    """When a look last saw the message in reach; null: none did."""
    history: list[HistoryEntry] = Field(default_factory=list[HistoryEntry])
    """The newest changes, oldest first."""
    occurred_at: Instant
    """When the remediation failed."""
    received_at: Instant
    """When the service received the failure first."""
    triaged_at: Instant
    """When the service looked at it last."""
    first_seen: Instant
    """When the failure was delivered first."""
    last_seen: Instant
    """When the failure was delivered last."""
    deliveries: int = 1
    """How often the failure was delivered."""
    looks: int = 1
    """The number of the last look at it."""
    next_look_at: Instant | None = None
    """When the service looks at it again by itself; null: it does not."""

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
