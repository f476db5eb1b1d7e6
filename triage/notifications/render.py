"""Renders a notice for its channel."""

from __future__ import annotations

from triage.notifications import email, pagerduty, slack, teams, webhook
from triage.notifications.notice import Notice
from triage.notifications.outgoing import Outgoing
from triage.settings import Channel, ChannelKind


def render(notice: Notice, channel: Channel, source: str) -> Outgoing:
    """The request that sends a notice to a channel. `source` is the URL of this service."""
    match channel.kind:
        case ChannelKind.TEAMS:
            return teams.render(notice, channel)
        case ChannelKind.SLACK:
            return slack.render(notice, channel)
        case ChannelKind.PAGERDUTY:
            return pagerduty.render(notice, channel)
        case ChannelKind.WEBHOOK:
            return webhook.render(notice, channel, source)
        case ChannelKind.EMAIL:
            return email.render(notice, channel)
