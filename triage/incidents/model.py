"""What is stored about an incident and each of its findings (docs/incidents.md)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, computed_field
from pydantic.json_schema import SkipJsonSchema

from triage.diagnosis.causes import Cause, Severity
from triage.diagnosis.remedy import Action
from triage.finding import FindingState, Scope, Snapshot
from triage.incidents.mailboxes import Mailboxes, mailbox_hash
from triage.incidents.title import title_of
from triage.settings import NotificationEvent
from triage.wire import Guid, Instant, Wire


class IncidentState(StrEnum):
    """Open, acknowledged and resolved follow each other. Suppressed overrides the first two: nobody is notified."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


class Happening(StrEnum):
    """What happened, in an entry of the log."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    SUPPRESSED = "suppressed"
    SEVERITY_CHANGED = "severity_changed"


class Suppression(Wire):
    """Why nobody is notified of an incident, and until when."""

    reason: str
    """Why."""
    until: Instant
    """When it ends."""
    by: str | None
    """Who suppressed it."""
    at: Instant
    """When."""


class LogEntry(Wire):
    """Something that happened to an incident."""

    at: Instant
    """When it happened."""
    what: Happening
    by: str | None = None
    """Who did it; null: no person."""
    note: str | None = None
    """What they said about it."""


class Event(Wire):
    """A transition of an incident, of which channels may be notified. `<incident>:<number>` identifies it.

    `ended` marks the end of a suppression.
    """

    kind: NotificationEvent
    incident_id: str
    number: int
    at: Instant
    ended: bool = False


class Books(Wire):
    """What is stored with an incident, and is not shown.

    `about` is for the title, and `remedies` has the actions for each cause that was seen. `causes` and `severities` count
    its open findings. `events` is the number of the last event. The next state is compared with `worst` and
    `exposed_before`. `by_person`: a person resolved it. `fixed_at` is when an audit found it fixed; `fixes` counts such
    audits, and `to_look_at` the open findings that have not been looked at since.
    """

    about: str | None = None
    remedies: dict[Cause, list[Action]] = Field(default_factory=dict[Cause, list[Action]])
    causes: dict[Cause, int] = Field(default_factory=dict[Cause, int])
    severities: dict[Severity, int] = Field(default_factory=dict[Severity, int])
    mailboxes: Mailboxes = Mailboxes()
    events: int = 0
    worst: Severity = Severity.INFO
    exposed_before: int = 0
    by_person: bool = False
    fixed_at: Instant | None = None
    fixes: int = 0
    to_look_at: int = 0


class Incident(Wire):
    """What must be fixed or decided, and the findings that show it."""

    id: str
    """The incident's ID: 32 hexadecimal digits."""
    tenant_id: Guid | None
    """The tenant; null: unknown."""
    scope: Scope
    subject: str | None
    """The domain, the mailbox, the message's ID, or what could not be read. Null if it is about the app."""
    cause: Cause
    """The cause of most findings: of the open ones, if there are any."""
    causes: dict[Cause, int] = Field(default_factory=dict[Cause, int])
    """The number of findings by cause."""
    severity: Severity
    """The worst of its open findings, or the last one if none is open."""
    findings: int = 0
    """The number of its findings."""
    open_findings: int = 0
    """Those of them that are open."""
    exposed: int = 0
    """The findings whose message can still be opened."""
    read: int = 0
    """Those of them whose message was read."""
    mailboxes: int = 0
    """The number of mailboxes that its findings are about."""
    mailboxes_estimated: bool = False
    """Whether `mailboxes` is an estimate: it is exact up to 1,000."""
    first_seen: Instant
    """When the first of its failures occurred."""
    last_seen: Instant
    """When the last of its failures occurred."""
    opened_at: Instant | None = None
    """When it was last opened; null: never, because all its findings were resolved immediately."""
    acknowledged_at: Instant | None = None
    """When somebody acknowledged it; null: nobody has."""
    acknowledged_by: str | None = None
    """Who acknowledged it."""
    resolved_at: Instant | None = None
    """When it was resolved; null: it is not."""
    reopened: int = 0
    """How often it was reopened."""
    time_to_resolve: int | None = None
    """Seconds from `openedAt` to `resolvedAt`."""
    suppression: Suppression | None = None
    """Null: it is not suppressed."""
    log: list[LogEntry] = Field(default_factory=list[LogEntry])
    """The newest entries, oldest first."""
    books: SkipJsonSchema[Books] = Books()

    @computed_field
    @property
    def state(self) -> IncidentState:
        """Whether somebody has to act."""
        if self.resolved_at is not None:
            return IncidentState.RESOLVED
        if self.suppression is not None:
            return IncidentState.SUPPRESSED
        return IncidentState.OPEN if self.acknowledged_at is None else IncidentState.ACKNOWLEDGED

    @computed_field
    @property
    def title(self) -> str:
        """The title of its cause, and what it is about. It can contain the subject of a message."""
        return title_of(self.cause, self.books.about)

    @computed_field
    @property
    def actions(self) -> list[Action]:
        """What to do about its cause."""
        return self.books.remedies.get(self.cause, [])

    def wire(self) -> dict[str, Any]:
        """What clients see: without the books."""
        return self.model_dump(mode="json", by_alias=True, exclude={"books"})

    def document(self) -> str:
        """What is stored, as JSON: all of it."""
        return self.model_dump_json(by_alias=True)


class Member(Wire):
    """What an incident has counted of one finding, at its revision.

    `gone`: it has left the incident. The member stays, so that a change that comes late or twice is recognized as old.
    `fix` is the number of the last audit that found the incident fixed before the finding was looked at.
    """

    revision: int
    cause: Cause
    severity: Severity
    mailbox: str
    """Its hash."""
    open: bool
    exposed: bool
    read: bool
    looked_at: Instant | None = None
    fix: int = 0
    gone: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot, fix: int) -> Member:
        """The member for a snapshot of a finding."""
        return cls(
            revision=snapshot.revision,
            cause=snapshot.cause,
            severity=snapshot.severity,
            mailbox=mailbox_hash(snapshot.mailbox),
            open=snapshot.state is FindingState.OPEN,
            exposed=snapshot.exposed is True,
            read=snapshot.exposed is True and snapshot.is_read is True,
            looked_at=snapshot.looked_at,
            fix=fix,
        )

    def left(self, revision: int) -> Member:
        """The member after the finding has left."""
        update = {"revision": revision, "open": False, "exposed": False, "read": False, "gone": True}
        return self.model_copy(update=update)
