"""Rows of Log Export. A `create` row for every message; an `update` row with only what changed.

The names are those of Log Export: `action.action`, `fromAddresses`, `verdict.verdict`, where Search and Status have others.
There is no status, error or reason in any row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.etd.clock import action_time, written
from sandbox.etd.mail import ANALYST, CLIENT, Action, Mail, Verdict
from sandbox.etd.switches import Switches

Json = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A row about a message. Without a verdict and an action it is the `create` row."""

    mail: Mail
    verdict: Verdict | None = None
    action: Action | None = None


def message_rows(row: Row, switches: Switches) -> Iterator[Json]:
    """The action in a row; none if the action is not shown."""
    if row.action and not shows(row.action, switches):
        return
    message = _update(row, switches) if row.verdict or row.action else _create(row.mail, switches)
    when = row.verdict.at if row.verdict else row.action.at if row.action else row.mail.received
    yield {"logType": "message", **_dated(when), "message": message}


def audit_row(mail: Mail, change: Verdict | Action) -> Json:
    """A row of the audit log: who asked for what, without the result."""
    what = {"verdict": change.word} if isinstance(change, Verdict) else {"action": change.folder}
    audit = {
        "category": "email",
        "timestamp": f"{change.at:%Y-%m-%d %H:%M:%S}",
        "action": "reclassify" if isinstance(change, Verdict) else "move",
        "status": "success",
        "comments": "",
        "user": {"ip": "192.0.2.10", "userAgent": "Mozilla/5.0", "id": ANALYST},
        "metadata": {"emailId": mail.id, **what, "description": ""},
    }
    return {"logType": "audit", **_dated(change.at), "audit": audit}


def shows(action: Action, switches: Switches) -> bool:
    return switches.failed_shows_action or not action.failed_everywhere


def _create(mail: Mail, switches: Switches) -> Json:
    found: Json = {
        "eventType": "create",
        "id": mail.id,
        "internetMessageId": mail.message_id,
        "timestamp": written(mail.received, 3),
        "fromAddresses": mail.sender,
        "returnPath": mail.sender,
        "replyTo": "",
        "envelopeFrom": mail.sender,
        "toAddresses": list(mail.mailboxes),
        "envelopeTo": list(mail.mailboxes),
        "mailboxes": [] if mail.direction == "outgoing" else list(mail.mailboxes),
        "subject": mail.subject,
        "direction": mail.direction,
        "urls": [],
    }
    if verdict := next((one for one in mail.verdicts if mail.at_once(one.at)), None):
        found["verdict"] = {"verdict": verdict.word, "category": verdict.word}
    if action := next((one for one in mail.actions if mail.at_once(one.at) and shows(one, switches)), None):
        found["action"] = _action(action, switches, timed=switches.create_has_action_time)
    return found


def _update(row: Row, switches: Switches) -> Json:
    found: Json = {"eventType": "update", "id": row.mail.id, "internetMessageId": row.mail.message_id}
    if switches.update_has_mailboxes:
        found["mailboxes"] = list(row.mail.mailboxes)
    if row.verdict:
        found["verdict"] = _verdict(row.verdict, switches)
    if row.action:
        found["action"] = _action(row.action, switches, timed=True)
    return found


def _verdict(verdict: Verdict, switches: Switches) -> Json:
    when = action_time(verdict.at, 3, switches.action_times)
    found: Json = {"verdict": verdict.word, "category": verdict.word, "timestamp": when}
    if verdict.by == "manual":
        return found | {"reclassifiedBy": "user", "user": ANALYST}
    if verdict.by == "api":
        return found | {"reclassifiedBy": "api", "publicApiClientId": CLIENT}
    return found


def _action(action: Action, switches: Switches, *, timed: bool) -> Json:
    found: Json = {"action": "move", "remediatedBy": action.by, "folder": action.folder}
    if timed:
        found["timestamp"] = action_time(action.at, 3, switches.action_times)
    if action.by == "manual":
        found["user"] = ANALYST
    elif action.by == "api":
        found["publicApiClientId"] = CLIENT
    return found


def _dated(when: datetime) -> Json:
    return {"logDate": f"{when:%Y-%m-%d}", "logHour": f"{when:%H}"}
