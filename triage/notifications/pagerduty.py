"""A notice as an event for PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview).

An alert has the key `<incident>:<times reopened>`: a trigger after a resolve makes a new alert, so a reopened incident
gets a key of its own.
"""

from __future__ import annotations

from triage.notifications.notice import Json, Notice, headline
from triage.notifications.outgoing import Outgoing, json_bytes
from triage.notifications.text import plain
from triage.settings import Channel

_SUMMARY = 1024
_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info", "info": "info"}


def render(notice: Notice, channel: Channel) -> Outgoing:
    """The request that triggers an alert, joins it, or resolves it."""
    event: Json = {"routing_key": channel.key, "dedup_key": notice.alert[:255]}
    event |= {"event_action": "resolve"} if notice.ends else _trigger(notice)
    return Outgoing(channel.address, json_bytes(event), {"Content-Type": "application/json"})


def _trigger(notice: Notice) -> Json:
    details = {fact.label: fact.value for fact in notice.facts}
    details |= {"First": plain(notice.step)} if notice.step else {}
    details |= {"More": "\n".join(plain(line) for line in notice.lines)} if notice.lines else {}
    payload = {
        "summary": plain(headline(notice), _SUMMARY),
        "source": plain(notice.tenant or "etd-remediation-triage"),
        "severity": _SEVERITIES[notice.severity.value if notice.severity else "info"],
        "timestamp": notice.at,
        "component": notice.component,
        "group": notice.tenant_id,
        "class": notice.cause,
        "custom_details": details,
    }
    return {
        "event_action": "trigger",
        "payload": {name: value for name, value in payload.items() if value},
        "client": "ETD remediation triage",
        "client_url": notice.url,
        "links": [
            {"href": notice.url, "text": notice.link},
            *({"href": item.url, "text": plain(item.text)} for item in notice.items),
        ],
    }
