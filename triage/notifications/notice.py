"""What a notification says, before it is rendered for a channel."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from triage.diagnosis.causes import Severity
from triage.settings import NotificationEvent
from triage.wire import Instant, Wire

Json = dict[str, Any]

SEVERITIES = tuple(reversed([severity.value for severity in Severity]))
"""From the lowest to the highest."""


class Numbers(Wire):
    """How many findings, messages and mailboxes an incident is about."""

    findings: int = 0
    open_findings: int = 0
    exposed: int = 0
    read: int = 0
    mailboxes: int = 0


class Fact(NamedTuple):
    """A line of a notification: a number with its change since the last message, or a word of the service."""

    label: str
    value: str


class Item(NamedTuple):
    """One of the subjects of a storm, with its place in the dashboard."""

    text: str
    url: str


class Notice(Wire):
    """One notification. `title`, `tenant`, `lines` and `items` can contain untrusted text; `facts` can't."""

    id: str
    """The same at each attempt, so that the receiver can recognize a repetition."""
    event: NotificationEvent | None
    """None: a test, or the message of a storm."""
    type: str
    """The type for programs: the name of the event, `notification.test` or `notification.storm`."""
    tenant_id: str | None = None
    tenant: str | None = None
    """The name of the tenant."""
    subject_id: str
    """The ID of the incident, the audit, the scan, or whatever it is about."""
    at: Instant
    """When it happened."""
    severity: Severity | None = None
    reason: str
    """Why it is sent, in a word or two."""
    title: str
    facts: list[Fact] = Field(default_factory=list[Fact])
    lines: list[str] = Field(default_factory=list[str])
    """Further sentences."""
    items: list[Item] = Field(default_factory=list[Item])
    """Some of the subjects of a storm, the worst first."""
    step: str | None = None
    """The title of the first action."""
    url: str
    link: str = "Open the incident"
    alert: str = ""
    """The key of the alert in PagerDuty."""
    ends: bool = False
    """Whether it says that something is over. The alert is then resolved."""
    component: str | None = None
    cause: str | None = None
    data: Json = Field(default_factory=Json)
    """The data for programs: the incident, audit, scan or digest, as in the API."""

    @property
    def look(self) -> str:
        """What colors it: its severity, or `good` if something is over. What is suppressed is not over."""
        if self.ends:
            return "info" if self.event is NotificationEvent.INCIDENT_SUPPRESSED else "good"
        return self.severity.value if self.severity else "info"


def severity_rank(severity: str | None) -> int:
    """The position of a severity in SEVERITIES; the last for none, which no filter excludes."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def headline(notice: Notice) -> str:
    """One line that summarizes it: what phones show, and the subject of a mail."""
    severity = f" ({notice.severity.value})" if notice.severity else ""
    tenant = f"{notice.tenant}: " if notice.tenant else ""
    return f"{notice.reason}{severity}: {tenant}{notice.title}"
