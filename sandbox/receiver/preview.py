"""How a message would look to its reader, as HTML. Markdown and Slack's markup are read where they would be."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

Json = dict[str, Any]
_COLORS = {"attention": "#fde7e9", "warning": "#fff4ce", "good": "#dff6dd", "default": "#f3f2f1", "accent": "#e5f1fb"}


def preview(kind: str, body: bytes) -> str:
    try:
        return _PREVIEWS[kind](json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"<pre>{escape(body[:2000].decode(errors='replace'))}</pre>"


def teams(value: Json) -> str:
    card = value["attachments"][0]["content"]
    buttons = "".join(
        f'<a class="button" href="{escape(action["url"])}">{escape(action["title"])}</a>'
        for action in card.get("actions", [])
    )
    return f'<div class="card">{"".join(map(_element, card["body"]))}<div>{buttons}</div></div>'


def _element(element: Json) -> str:
    match element["type"]:
        case "Container":
            color = _COLORS[element.get("style", "default")]
            return f'<div style="background:{color};padding:8px 12px;margin:-12px -12px 8px">{"".join(map(_element, element["items"]))}</div>'
        case "TextBlock":
            return f"<p>{_markdown(element['text'])}</p>"
        case "RichTextBlock":
            return f"<p>{''.join(map(_run, element['inlines']))}</p>"
        case "FactSet":
            rows = "".join(
                f"<tr><th>{_markdown(fact['title'])}</th><td>{_markdown(fact['value'])}</td></tr>"
                for fact in element["facts"]
            )
            return f"<table>{rows}</table>"
        case other:
            return f"<p>(no preview of {escape(other)})</p>"


def _run(run: Json) -> str:
    size = {"Medium": "17px", "Large": "20px"}.get(run.get("size", ""), "14px")
    weight = "600" if run.get("weight") == "Bolder" else "400"
    text = f'<span style="font-size:{size};font-weight:{weight}">{escape(run["text"])}</span>'
    link = run.get("selectAction")
    return f'<a href="{escape(link["url"])}">{text}</a>' if link else text


def _markdown(text: str) -> str:
    html = escape(text)
    html = re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", r'<a href="\2">\1</a>', html)
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html)


def slack(value: Json) -> str:
    return f'<div class="slack">{"".join(map(_block, value["blocks"]))}</div><p class="phone">Phone: {_mrkdwn(value["text"], bold=value.get("mrkdwn", True))}</p>'


def _block(block: Json) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{_slack_text(block['text'])}</h3>"
        case "section":
            fields = "".join(f"<div>{_slack_text(field)}</div>" for field in block.get("fields", []))
            text = f"<p>{_slack_text(block['text'])}</p>" if "text" in block else ""
            return f'{text}<div class="fields">{fields}</div>'
        case "rich_text":
            return f"<ul>{''.join(map(_list_item, block['elements'][0]['elements']))}</ul>"
        case "context":
            return f'<p class="context">{" ".join(map(_slack_text, block["elements"]))}</p>'
        case other:
            return f"<p>(no preview of {escape(other)})</p>"


def _list_item(section: Json) -> str:
    links = (f'<a href="{escape(one["url"])}">{escape(one["text"])}</a>' for one in section["elements"])
    return f"<li>{''.join(links)}</li>"


def _slack_text(text: Json) -> str:
    return _mrkdwn(text["text"]) if text["type"] == "mrkdwn" else escape(text["text"]).replace("\n", "<br>")


def _mrkdwn(text: str, *, bold: bool = True) -> str:
    """Slack reads `<url|words>`, `<!channel>` and `*bold*`; `&`, `<` and `>` in text are escaped by the sender."""
    html = re.sub(r"<!(\w+)>", r"<mark>@\1</mark>", text)
    html = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r'<a href="\1">\2</a>', html)
    html = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", html) if bold else html
    return html.replace("\n", "<br>")


def pagerduty(value: Json) -> str:
    payload = value.get("payload", {})
    details = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(text))}</td></tr>"
        for name, text in payload.get("custom_details", {}).items()
    )
    head = f"{value['event_action']} <code>{escape(value['dedup_key'])}</code> {escape(payload.get('severity', ''))}"
    links = " · ".join(
        f'<a href="{escape(link["href"])}">{escape(link["text"])}</a>' for link in value.get("links", [])
    )
    return f"<p>{head}</p><h3>{escape(payload.get('summary', ''))}</h3><table>{details}</table><p>{links}</p>"


def webhook(value: Json) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False)[:4000])}</pre>"


def email(value: Json) -> str:
    content = value["content"]
    to = ", ".join(one["address"] for one in value["recipients"]["to"])
    frame = f'<iframe sandbox srcdoc="{escape(content["html"])}"></iframe>'
    return (
        f"<p>To {escape(to)}</p><h3>{escape(content['subject'])}</h3>{frame}<pre>{escape(content['plainText'])}</pre>"
    )


_PREVIEWS = {"teams": teams, "slack": slack, "pagerduty": pagerduty, "webhook": webhook, "email": email}
