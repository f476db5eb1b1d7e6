"""Makes the notice of a row: its subject in its current state, with the changes since the channel's last message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from triage.diagnosis.causes import Severity
from triage.notifications.notice import Fact, Json, Notice, Numbers
from triage.notifications.pending import LastSent, Pending
from triage.notifications.rules import Message
from triage.notifications.subjects import without_subjects
from triage.settings import Channel, ChannelKind, NotificationEvent, Settings
from triage.wire import as_datetime, from_epoch_ns

REASONS = {
    NotificationEvent.INCIDENT_OPENED: "New incident",
    NotificationEvent.INCIDENT_REOPENED: "Reopened",
    NotificationEvent.INCIDENT_WORSENED: "Got worse",
    NotificationEvent.INCIDENT_RESOLVED: "Resolved",
    NotificationEvent.INCIDENT_SUPPRESSED: "Suppressed",
    NotificationEvent.AUDIT_CHANGED: "App changed",
    NotificationEvent.CREDENTIAL_EXPIRING: "Credential expires",
    NotificationEvent.COVERAGE_CHANGED: "Coverage changed",
    NotificationEvent.SERVICE_DEGRADED: "Triage degraded",
    NotificationEvent.DIGEST_DAILY: "Daily digest",
}
_LABELS = {
    "open_findings": "Open findings",
    "exposed": "Messages that can still be opened",
    "read": "Marked as read",
    "mailboxes": "Mailboxes",
}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the notices of one channel. `names` has the names of tenants, by ID."""

    settings: Settings
    channel: Channel
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    def notice(self, row: Pending, document: Json, last_sent: LastSent | None, now: int) -> Notice:
        """The notice of a row. `document` is the current incident, or the document of the row."""
        if row.of_incident:
            return self._incident(row, document, last_sent, now)
        return self._other(row, document)

    def test(self, unique: str, now: int) -> Notice:
        """A test message."""
        at = from_epoch_ns(now)
        return Notice(
            id=f"test:{unique}",
            event=None,
            type="notification.test",
            subject_id="test",
            at=at,
            severity=Severity.INFO,
            reason="Test",
            title=f"This is a test of the channel {self.channel.name}. Nothing happened.",
            url=f"{self.settings.service_url}/api/dashboard",
            link="Open the dashboard",
            alert=f"test:{unique}",
            data={"channel": self.channel.name, "sentAt": at},
        )

    def shown(self, row: Pending, document: Json) -> Json:
        """What a row is about, without what the channel doesn't get."""
        return without_subjects(document) if row.of_incident and not self.channel.subjects else document

    def url(self, row: Pending, document: Json) -> str:
        """The place in the dashboard of what a row is about."""
        view = f"?incident={quote(row.subject_id)}" if row.of_incident else document.get("view", "")
        return f"{self.settings.service_url}/api/dashboard{view}"

    def _incident(self, row: Pending, incident: Json, last_sent: LastSent | None, now: int) -> Notice:
        incident = self.shown(row, incident)
        numbers = numbers_of(incident)
        severity = str(incident.get("severity") or row.severity or "") or None
        reason = REASONS[row.event]
        if row.event is NotificationEvent.INCIDENT_SUPPRESSED and row.ended:
            reason = "No longer suppressed"
        url = self.url(row, incident)
        actions: list[Json] = incident.get("actions") or [{}]
        alert = (last_sent.alert if last_sent else None) or f"{row.subject_id}:{incident.get('reopened') or 0}"
        return Notice(
            **self._about(row),
            severity=Severity(severity) if severity else None,
            reason=reason,
            title=title_of(incident) or str(incident.get("cause") or "Incident"),
            facts=[
                *(() if row.closes else _severity_change(severity, last_sent)),
                *_facts(numbers, last_sent.numbers if last_sent else None),
                *_time_open(incident),
                Fact("As of", _minute(from_epoch_ns(now))),
            ],
            lines=_suppression(incident)
            if row.event is NotificationEvent.INCIDENT_SUPPRESSED and not row.ended
            else [],
            step=None if row.closes else actions[0].get("title"),
            url=url,
            alert=alert,
            ends=row.closes,
            component=row.scope,
            cause=incident.get("cause"),
            data={**incident, "url": url},
        )

    def _other(self, row: Pending, document: Json) -> Notice:
        """An audit, a credential, a scan or the service itself. Its document has `title` and `lines`, `view` (the query
        of the dashboard), `step`, `reason` if it is not that of the event, `alert` if its end is also sent, and `data`
        for programs."""
        data: Json = document.get("data") or {}
        return Notice(
            **self._about(row),
            severity=Severity(row.severity) if row.severity else None,
            reason=str(document.get("reason") or REASONS[row.event]),
            title=title_of(document) or row.event.value,
            lines=[str(line) for line in document.get("lines", [])],
            step=document.get("step"),
            url=self.url(row, document),
            link="Open the dashboard",
            alert=str(document.get("alert") or row.id),
            ends=row.ended,
            component=row.event.value.partition(".")[0],
            data=data,
        )

    def _about(self, row: Pending) -> dict[str, Any]:
        """What the notice of any row has."""
        return {
            "id": row.id,
            "event": row.event,
            "type": row.event.value,
            "tenant_id": row.tenant_id,
            "tenant": self.tenant(row.tenant_id),
            "subject_id": row.subject_id,
            "at": from_epoch_ns(row.at),
        }

    def tenant(self, tenant_id: str | None) -> str | None:
        """The name of a tenant, or its ID."""
        return self.names.get(tenant_id, tenant_id) if tenant_id else None


def title_of(document: Json) -> str:
    """The title of what a row is about; empty if it has none."""
    return str(document.get("title") or "")


def numbers_of(incident: Json) -> Numbers:
    """The numbers of an incident. Missing ones are 0."""
    return Numbers.model_validate({
        name: incident.get(name) or 0 for name in ("findings", "openFindings", "exposed", "read", "mailboxes")
    })  # fmt: skip


def last_sent_after(message: Message, notice: Notice | None, incident: Json, channel: Channel, now: int) -> LastSent:
    """What the channel knows after this message. Without a notice it was part of a storm, which opens no alert."""
    alert = message.last_sent.alert if message.last_sent else None
    if channel.kind is ChannelKind.PAGERDUTY and notice is not None:
        alert = None if notice.ends else notice.alert
    is_open = message.lead.event is not NotificationEvent.INCIDENT_RESOLVED
    return LastSent(
        now,
        is_open,
        numbers_of(incident) if incident else None,
        incident.get("severity") or message.lead.severity,
        alert,
    )


def _facts(numbers: Numbers, before: Numbers | None) -> list[Fact]:
    """The numbers worth showing, each with its change."""
    found: list[Fact] = []
    for name, label in _LABELS.items():
        value = getattr(numbers, name)
        change = value - getattr(before, name) if before else 0
        if value or change:
            found.append(Fact(label, f"{value:,} ({change:+,})" if change else f"{value:,}"))
    return found


def _severity_change(severity: str | None, last_sent: LastSent | None) -> list[Fact]:
    if last_sent is None or last_sent.severity in (None, severity) or severity is None:
        return []
    return [Fact("Severity", f"{severity} (was {last_sent.severity})")]


def _time_open(incident: Json) -> list[Fact]:
    since = incident.get("openedAt") or incident.get("firstSeen")
    return [Fact("Open since", _minute(str(since)))] if since and incident.get("state") != "resolved" else []


def _suppression(incident: Json) -> list[str]:
    """Who suppressed it, until when and why, in the words of people with access to the service."""
    found: Json = incident.get("suppression") or {}
    until, by = found.get("until"), found.get("by")
    if not until:
        return []
    reason = found.get("reason")
    said = f"Until {_minute(str(until))}{f', by {by}' if by else ''}. You get no messages about it until then."
    return [said, *([f"Reason: {reason}"] if reason else [])]


def _minute(instant: str) -> str:
    """A time for people, to the minute."""
    return f"{as_datetime(instant):%Y-%m-%d %H:%M} UTC"
