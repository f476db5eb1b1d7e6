"""Which channel gets what."""

from __future__ import annotations

from triage.notifications.notice import severity_rank
from triage.settings import Channel, ChannelKind, NotificationEvent

# An end goes to the channels that got the opening, whatever the severity is now (rules.py knows them).
_ENDS = frozenset({NotificationEvent.INCIDENT_RESOLVED, NotificationEvent.INCIDENT_SUPPRESSED})
# Events of alerts. Without the end of an incident, an alert would stay open forever. A digest is not an alert.
_ALERTS = frozenset({
    NotificationEvent.INCIDENT_OPENED, NotificationEvent.INCIDENT_REOPENED, NotificationEvent.INCIDENT_WORSENED,
    NotificationEvent.CREDENTIAL_EXPIRING, NotificationEvent.SERVICE_DEGRADED,
})  # fmt: skip


def subscribed(channel: Channel, event: NotificationEvent) -> bool:
    """Whether a channel wants an event. Without a list it wants all; PagerDuty wants those that somebody must act on."""
    if channel.kind is ChannelKind.PAGERDUTY:
        return event in _ENDS or event in (channel.events or _ALERTS)
    return not channel.events or event in channel.events


def severe_enough(channel: Channel, severity: str | None) -> bool:
    """Whether a severity reaches the channel's `minSeverity`. Events without a severity go to every channel."""
    return severity_rank(severity) >= severity_rank(channel.min_severity)


def wants(channel: Channel, event: NotificationEvent, tenant_id: str | None, severity: str | None) -> bool:
    """Whether a channel may have to be notified of an event. Events about no tenant go to every channel."""
    if channel.tenant_ids and tenant_id is not None and tenant_id not in channel.tenant_ids:
        return False
    return subscribed(channel, event) and (event in _ENDS or severe_enough(channel, severity))
