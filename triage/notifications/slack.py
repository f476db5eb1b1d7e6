"""A notice as blocks for an incoming webhook of Slack (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).

Untrusted text is in `plain_text` or `rich_text`, which Slack doesn't read as markup. If it has to be markup, it is escaped. Limits of
the blocks: https://docs.slack.dev/reference/block-kit/blocks.
"""

from __future__ import annotations

from triage.notifications.notice import Json, Notice, headline
from triage.notifications.outgoing import Outgoing, json_bytes
from triage.notifications.text import for_slack, plain
from triage.settings import Channel

_HEADER = 150
_FIELDS = 10
_SIGNS = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "🔵", "info": "⚪", "good": "🟢"}


def render(notice: Notice, channel: Channel) -> Outgoing:
    """The request to the webhook's address."""
    message = {
        "text": for_slack(plain(headline(notice), 300)),  # what a phone shows
        "mrkdwn": False,  # of `text`
        "blocks": _blocks(notice),
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return Outgoing(channel.address, json_bytes(message), {"Content-Type": "application/json"})


def _blocks(notice: Notice) -> list[Json]:
    facts = notice.facts[:_FIELDS]
    blocks: list[Json] = [
        {"type": "context", "elements": [_text(_over(notice))]},
        {"type": "header", "text": _text(plain(notice.title, _HEADER))},
    ]
    if notice.lines:
        blocks.append({"type": "section", "text": _text("\n".join(plain(line) for line in notice.lines[:10]))})
    if notice.items:
        blocks.append({"type": "rich_text", "elements": [_list(notice)]})
    if facts:
        fields = [{"type": "mrkdwn", "text": f"*{fact.label}*\n{fact.value}"} for fact in facts]
        blocks.append({"type": "section", "fields": fields})
    if notice.step:
        blocks.append({"type": "section", "text": _text(f"First: {plain(notice.step)}")})
    link = {"type": "mrkdwn", "text": f"<{for_slack(notice.url)}|{notice.link}>"}
    return [*blocks, {"type": "context", "elements": [link]}]


def _list(notice: Notice) -> Json:
    """A list of links. The text of a link in a rich_text block is not read as markup."""
    rows = [
        {"type": "rich_text_section", "elements": [{"type": "link", "url": item.url, "text": plain(item.text)}]}
        for item in notice.items
    ]
    return {"type": "rich_text_list", "style": "bullet", "elements": rows}


def _over(notice: Notice) -> str:
    severity = notice.severity.value if notice.severity else None
    return "  ·  ".join(
        part for part in (f"{_SIGNS[notice.look]} {notice.reason}", severity, plain(notice.tenant or "", 60)) if part
    )


def _text(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}
