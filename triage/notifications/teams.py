"""A notice as an Adaptive Card for a workflow of Microsoft Teams.

The workflow takes `{"type": "message", "attachments": […]}` and posts the card
(https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook). TextBlocks and facts read Markdown, with links;
the TextRuns of a RichTextBlock do not, so all untrusted text is in those
(https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format).
"""

from __future__ import annotations

from typing import Any

from triage.notifications.notice import Item, Json, Notice
from triage.notifications.outgoing import Outgoing, json_bytes
from triage.notifications.text import plain
from triage.settings import Channel

MOST_BYTES = 24_000
"""A card of 28 KB is refused after the workflow has accepted it, without an error. The workflow adds some bytes itself."""

_STYLES = {
    "critical": "attention",
    "high": "attention",
    "medium": "warning",
    "low": "default",
    "info": "default",
    "good": "good",
}


def render(notice: Notice, channel: Channel) -> Outgoing:
    """The request to the workflow's URL, which is used unchanged."""
    return Outgoing(channel.address, _within_limit(notice), {"Content-Type": "application/json"})


def _within_limit(notice: Notice) -> bytes:
    rows = [*(_rich(_run(plain(line))) for line in notice.lines), *map(_linked, notice.items)]
    body = json_bytes(_message(notice, rows))
    while rows and len(body) > MOST_BYTES:
        rows = rows[: len(rows) // 2]
        body = json_bytes(_message(notice, rows))
    return body


def _message(notice: Notice, rows: list[Json]) -> Json:
    card = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": _card(notice, rows),
    }
    return {"type": "message", "attachments": [card]}


def _card(notice: Notice, rows: list[Json]) -> Json:
    facts = [{"title": fact.label, "value": fact.value} for fact in notice.facts]
    body: list[Json] = [
        {"type": "Container", "style": _STYLES[notice.look], "bleed": True, "items": [
            _rich(_run(_over(notice), weight="Bolder")),
            _rich(_run(plain(notice.title), size="Medium", weight="Bolder")),
        ]},
        *rows,
    ]  # fmt: skip
    if facts:
        body.append({"type": "FactSet", "facts": facts})
    if notice.step:
        body.append(_rich(_run("First: ", weight="Bolder"), _run(plain(notice.step))))
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": notice.link, "url": notice.url}],
    }


def _over(notice: Notice) -> str:
    """The line above the title: why it is sent, the severity, and the tenant."""
    severity = notice.severity.value if notice.severity else None
    return "  ·  ".join(part for part in (notice.reason, severity, plain(notice.tenant or "", 60)) if part)


def _run(text: str, **look: Any) -> Json:
    return {"type": "TextRun", "text": text, **look}


def _linked(item: Item) -> Json:
    return _rich(_run(plain(item.text), selectAction={"type": "Action.OpenUrl", "url": item.url}))


def _rich(*runs: Json) -> Json:
    return {"type": "RichTextBlock", "inlines": list(runs)}
