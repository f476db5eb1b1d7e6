"""A notice as a mail, through the REST API of Azure Communication Services
(https://learn.microsoft.com/rest/api/communication/email/email/send).

The API is one request, and the service waits only for its answer (202). Microsoft's package would add its own retries and
polling, so httpx sends it like every other notification.
"""

from __future__ import annotations

from html import escape
from uuid import NAMESPACE_URL, uuid5

from triage.notifications.notice import Notice, headline
from triage.notifications.outgoing import Outgoing, json_bytes
from triage.notifications.text import plain
from triage.settings import Channel

API_VERSION = "2025-09-01"
SCOPE = "https://communication.azure.com/.default"

_COLORS = {
    "critical": "#b10e1c",
    "high": "#b10e1c",
    "medium": "#8a5a00",
    "low": "#444",
    "info": "#444",
    "good": "#0b6a0b",
}


def render(notice: Notice, channel: Channel) -> Outgoing:
    """The request. Its Operation-Id is the same at each attempt."""
    message = {
        "senderAddress": channel.sender,
        "recipients": {"to": [{"address": address} for address in channel.to]},
        "content": {"subject": plain(headline(notice), 200), "plainText": _plain_text(notice), "html": _html(notice)},
        "userEngagementTrackingDisabled": True,
    }
    return Outgoing(
        f"{channel.address.rstrip('/')}/emails:send?api-version={API_VERSION}",
        json_bytes(message),
        {"Content-Type": "application/json", "Operation-Id": str(uuid5(NAMESPACE_URL, notice.id))},
        needs_token=True,
    )


def _plain_text(notice: Notice) -> str:
    details = [
        *(plain(line) for line in notice.lines),
        *(f"{plain(item.text)}: {item.url}" for item in notice.items),
        *(f"{fact.label}: {fact.value}" for fact in notice.facts),
    ]
    step = f"First: {plain(notice.step)}" if notice.step else ""
    paragraphs = (plain(notice.title), "\n".join(details), step, f"{notice.link}: {notice.url}\n")
    return "\n\n".join(filter(None, paragraphs))


def _html(notice: Notice) -> str:
    color = _COLORS[notice.look]
    over = "  ·  ".join(
        part
        for part in (notice.reason, notice.severity and notice.severity.value, plain(notice.tenant or "", 60))
        if part
    )
    cell = '<td style="padding:2px 16px 2px 0'
    rows = "".join(
        f'<tr>{cell};color:#555">{escape(fact.label)}</td>{cell}">{escape(fact.value)}</td></tr>'
        for fact in notice.facts
    )
    parts = [
        f'<p style="margin:0;color:{color};font-weight:bold">{escape(over)}</p>',
        f'<h1 style="margin:4px 0 12px;font-size:20px">{escape(plain(notice.title))}</h1>',
        *(f'<p style="margin:0 0 8px">{escape(plain(line))}</p>' for line in notice.lines),
        *(
            f'<p style="margin:0 0 8px"><a href="{escape(item.url)}">{escape(plain(item.text))}</a></p>'
            for item in notice.items
        ),
        f'<table style="border-collapse:collapse">{rows}</table>' if rows else "",
        f'<p style="margin:12px 0"><b>First:</b> {escape(plain(notice.step))}</p>' if notice.step else "",
        f'<p style="margin:12px 0"><a href="{escape(notice.url)}">{escape(notice.link)}</a></p>',
    ]
    return f'<div style="font-family:Segoe UI,Arial,sans-serif;font-size:14px;color:#222">{"".join(parts)}</div>'
