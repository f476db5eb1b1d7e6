"""A notification that waits for its delivery to one channel, and what was last sent to the channel about its subject."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from triage.notifications.notice import Json, Numbers
from triage.notifications.routing import wants
from triage.settings import Channel, NotificationEvent
from triage.wire import epoch_ns

SECOND = 1_000_000_000
FIRST_WAIT = 60 * SECOND
"""How old an incident must be before a notification: most temporary ones are resolved by then."""

OPENINGS = frozenset({NotificationEvent.INCIDENT_OPENED, NotificationEvent.INCIDENT_REOPENED})


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that happened, of which channels may be notified. `document` is its subject, as in the API.

    `number` counts the events of one subject, so that `<subject>:<number>` identifies this one. `ended` marks the end of a
    suppression.
    """

    event: NotificationEvent
    subject_id: str
    number: int
    at: str
    document: Json
    tenant_id: str | None = None
    severity: str | None = None
    scope: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """An occasion on its way to one channel. Times are nanoseconds since 1970; 0: never."""

    id: str
    channel: str
    event: NotificationEvent
    subject_id: str
    number: int
    at: int
    due: int
    tenant_id: str | None = None
    severity: str | None = None
    scope: str | None = None
    ended: bool = False
    attempts: int = 0
    first_tried: int = 0
    next_try: int = 0
    last_error: str | None = None
    unsure: bool = False
    """It was sent, and the other side may have taken it: there was no answer."""
    document: Json = field(default_factory=dict[str, object], compare=False, repr=False)

    @property
    def of_incident(self) -> bool:
        """Whether it is about an incident, which can have several messages; anything else has one."""
        return self.event.value.startswith("incident.")

    @property
    def opens(self) -> bool:
        """Whether it says that an incident opened or reopened."""
        return self.event in OPENINGS

    @property
    def closes(self) -> bool:
        """Whether it says that nobody has to act: the incident is resolved, or is suppressed from now on."""
        return self.event is NotificationEvent.INCIDENT_RESOLVED or (
            self.event is NotificationEvent.INCIDENT_SUPPRESSED and not self.ended
        )


@dataclass(frozen=True, slots=True)
class LastSent:
    """What was last sent to a channel about an incident. `alert` is the key of the open alert in PagerDuty.

    `numbers` are None after a storm, which has none of its incidents.
    """

    at: int
    open: bool
    numbers: Numbers | None = None
    severity: str | None = None
    alert: str | None = None


def channel_key(name: str) -> str:
    """A channel's name as part of a row key and of an ID, which allow fewer characters."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def incident_occasion(
    event: NotificationEvent, incident: Json, number: int, at: str, *, ended: bool = False
) -> Occasion:
    """The occasion of a transition. `incident` is as in the API."""
    return Occasion(
        event,
        str(incident["id"]),
        number,
        at,
        incident,
        incident.get("tenantId"),
        incident.get("severity"),
        incident.get("scope"),
        ended,
    )


def pending(channels: Iterable[Channel], occasion: Occasion) -> list[Pending]:
    """The occasion for each channel that may have to be notified."""
    at = epoch_ns(occasion.at)
    said = f"{occasion.subject_id.replace('.', '-')}:{occasion.number}"  # a signed ID must not contain a period
    due = at + FIRST_WAIT if occasion.event in OPENINGS else at
    return [
        Pending(
            id=f"{said}:{channel_key(channel.name)}",
            channel=channel.name,
            event=occasion.event,
            subject_id=occasion.subject_id,
            number=occasion.number,
            at=at,
            due=due,
            tenant_id=occasion.tenant_id,
            severity=occasion.severity,
            scope=occasion.scope,
            ended=occasion.ended,
            document=occasion.document,
        )
        for channel in channels
        if wants(channel, occasion.event, occasion.tenant_id, occasion.severity)
    ]
