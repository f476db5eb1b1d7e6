"""What a notification says, before it has the form of a channel."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from triage.diagnosis.causes import Severity
from triage.settings import NotificationEvent
from triage.wire import Instant, Wire

Json = dict[str, Any]

SEVERITIES = tuple(reversed([severity.value for severity in Severity]))
"""From the least to the greatest."""


class Numbers(Wire):
    """How many findings, messages and mailboxes an incident is about."""

    findings: int = 0
    open_findings: int = 0
    exposed: int = 0
    read: int = 0
    mailboxes: int = 0


class Fact(NamedTuple):
    """A line of a notification: a number with its change since the last message, or a word of the service's own."""

    label: str
    value: str


class Notice(Wire):
    """One notification. `title`, `tenant` and `lines` may hold foreign text; `facts` hold none."""

    id: str
    """The same at each attempt, so that the other side can tell a repetition."""
    event: NotificationEvent | None
    """None: a test, or the one message of a storm."""
    type: str
    """What a program tells it by: the name of the event, `notification.test` or `notification.storm`."""
    tenant_id: str | None = None
    tenant: str | None = None
    """What people call the tenant."""
    subject_id: str
    """The incident, the audit, the scan, or what else it is about."""
    at: Instant
    """When it happened."""
    severity: Severity | None = None
    reason: str
    """Why it is said, in a word or two."""
    title: str
    facts: list[Fact] = Field(default_factory=list[Fact])
    lines: list[str] = Field(default_factory=list[str])
    """Further sentences."""
    step: str | None = None
    """The title of the first action."""
    url: str
    link: str = "Open the incident"
    alert: str = ""
    """The key of the alert at PagerDuty."""
    ends: bool = False
    """Whether it says that something is over: then the alert is resolved."""
    component: str | None = None
    cause: str | None = None
    data: Json = Field(default_factory=Json)
    """What a program gets: the incident, audit, scan or digest, as the API gives it."""


def severity_rank(severity: str | None) -> int:
    """The place of a severity in SEVERITIES; the last for none, which no filter leaves out."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def headline(notice: Notice) -> str:
    """The one line that says it all: what phones show, and the subject of a mail."""
    severity = f" ({notice.severity.value})" if notice.severity else ""
    tenant = f"{notice.tenant}: " if notice.tenant else ""
    return f"{notice.reason}{severity}: {tenant}{notice.title}"
