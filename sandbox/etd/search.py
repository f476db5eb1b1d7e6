"""`POST /v1/messages/search`: the messages that were received in a time, with their last verdict and action.

A search goes by the message's own time, not by that of its verdict or action. The names are those of Search:
`action.type`, `verdict.latestVerdict`, `fromAddress`. There is no status, error or Microsoft id.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.etd.business import Business
from sandbox.etd.clock import action_time, written
from sandbox.etd.mail import ANALYST, CLIENT, DIRECTIONS, VERDICTS, Mail
from sandbox.etd.refused import bad_body, bad_range
from sandbox.etd.rows import shows
from sandbox.etd.switches import Switches

Json = dict[str, Any]
WIDEST = timedelta(days=32)
OLDEST = timedelta(days=90)
LARGEST_PAGE = 100


def search(business: Business, body: Mapping[str, Any], token: str, switches: Switches, now: datetime) -> Json:
    """A page of the messages of a time, both ends included. The last page has rows and no token."""
    start, end = _range(body, switches, now)
    verdicts = _words(body, "verdicts", VERDICTS)
    directions = _words(body, "directions", DIRECTIONS)
    size = body.get("pageSize", LARGEST_PAGE)
    if type(size) is not int or not 1 <= size <= LARGEST_PAGE:
        raise bad_body()
    found = [
        mail
        for mail in business.mail.values()
        if start <= mail.received <= end
        and _latest(mail) in verdicts
        and mail.direction in directions
        and body.get("subject", "").lower() in mail.subject.lower()
    ]
    found.sort(key=lambda mail: (mail.received, mail.id), reverse=switches.search_order == "newest")
    question = _question(body, token, switches)
    begin = _after(found, body["pageToken"], question, switches) if body.get("pageToken") else 0
    page = found[begin : begin + size]
    answer: Json = {"totalSize": len(found)}
    if begin + size < len(found):
        answer["nextPageToken"] = _page_token(page[-1], question)
    return answer | {"data": {"messages": [_row(mail, switches) for mail in page]}}


def _range(body: Mapping[str, Any], switches: Switches, now: datetime) -> tuple[datetime, datetime]:
    try:
        start, end = map(_time, body["timestamp"])
    except (KeyError, TypeError, ValueError):
        raise bad_body() from None
    newest = now - timedelta(minutes=switches.search_end_minutes)
    if start >= end or end - start > WIDEST or start < now - OLDEST or end > newest:
        raise bad_range()
    return start, end


def _time(text: str) -> datetime:
    """ISO 8601 in UTC, with 0, 3 or 6 fractional digits."""
    if not text.endswith("Z") or "T" not in text:
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _words(body: Mapping[str, Any], name: str, known: tuple[str, ...]) -> set[str]:
    asked = body.get(name) or known
    if not isinstance(asked, list | tuple) or not set(map(str, asked)) <= set(known):
        raise bad_body()
    return set(asked)


def _latest(mail: Mail) -> str:
    return mail.verdicts[-1].word if mail.verdicts else "neutral"


def _question(body: Mapping[str, Any], token: str, switches: Switches) -> str:
    """What a page token belongs to: the rest of the body, and perhaps the access token."""
    rest = {name: value for name, value in body.items() if name != "pageToken"}
    text = json.dumps(rest, sort_keys=True) + ("" if switches.page_token_survives else token)
    return hashlib.sha256(text.encode()).hexdigest()


def _page_token(last: Mail, question: str) -> str:
    text = json.dumps([last.received.isoformat(), last.id, question])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _after(found: list[Mail], page_token: str, question: str, switches: Switches) -> int:
    """Where the page begins: after the last message of the previous one, even if that message is no longer found."""
    try:
        received, etd_id, asked = json.loads(base64.urlsafe_b64decode(page_token))
        last = (datetime.fromisoformat(received), etd_id)
    except (TypeError, ValueError):
        raise bad_body() from None
    if asked != question:
        raise bad_body()
    keys = [(mail.received, mail.id) for mail in found]
    newest = switches.search_order == "newest"
    return sum(key >= last if newest else key <= last for key in keys)


def _row(mail: Mail, switches: Switches) -> Json:
    domain = mail.mailboxes[0].rpartition("@")[2]
    found: Json = {
        "id": mail.id,
        "internetMessageId": mail.message_id,
        "timestamp": written(mail.received),
        "subject": mail.subject,
        "direction": mail.direction,
        "domain": domain,
        "fromAddress": mail.sender,
        "senderName": "Billing",
        "returnPath": mail.sender,
        "toAddresses": list(mail.mailboxes),
        "ccAddresses": [],
        "envelopeTo": list(mail.mailboxes),
        "deliveredTo": list(mail.mailboxes),
        "mailboxes": [mail.sender] if mail.direction == "outgoing" else list(mail.mailboxes),
        "clientIP": "192.0.2.25",
        "serverIP": "::1",
        "urlMetadata": [],
        "attachments": [],
        "verdict": _verdict(mail, switches),
        "secureEmailGateway": {},
    }
    if action := next((one for one in reversed(mail.actions) if shows(one, switches)), None):
        found["action"] = {
            "type": "move",
            "folder": action.folder,
            "timestamp": action_time(action.at, 0, switches.action_times),
            "isAutoRemediated": action.by == "automatic",
            "publicApiClientId": CLIENT if action.by == "api" else "",
        }
    return found


def _verdict(mail: Mail, switches: Switches) -> Json:
    if not mail.verdicts:
        return {"originalVerdict": "neutral", "latestVerdict": "neutral", "category": ""}
    first, last = mail.verdicts[0], mail.verdicts[-1]
    return {
        "originalVerdict": first.word if mail.at_once(first.at) else "neutral",
        "latestVerdict": last.word,
        "category": "" if last.word == "neutral" else last.word,
        "isRetroVerdict": not mail.at_once(last.at) and last.by == "automatic",
        "isManualVerdict": last.by == "manual",
        "userId": ANALYST if last.by == "manual" else "",
        "timestamp": action_time(last.at, 0, switches.action_times),
        "businessRisk": "",
        "publicApiClientId": CLIENT if last.by == "api" else "",
        "techniques": [
            {"type": "Suspicious link", "severity": "high", "description": "The link leads to a sign-in page."}
        ],
    }
