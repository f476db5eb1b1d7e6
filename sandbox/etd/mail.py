"""What ETD knows of a message: its verdicts and what was done with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.etd.clock import moment

VERDICTS = ("spam", "malicious", "phishing", "graymail", "neutral", "bec", "scam", "noVerdict")
DIRECTIONS = ("incoming", "outgoing", "internal", "mixed")
INITIATORS = ("automatic", "manual", "api")
FOLDERS = ("inbox", "junkemail", "trash", "quarantine", "delete")
ANALYST = "5f0d6a2e-6a0c-4c7e-9b1f-1d0c3a5b7e91"  # who acts in ETD by hand
CLIENT = "0c9a7c64-2a51-4f1e-8c6d-3b2f5e7a9d10"  # the API client that reclassifies and moves
AT_ONCE = timedelta(minutes=1)  # what is decided so soon is in the `create` row already
_FIELDS = {
    *("id", "internetMessageId", "mailboxes", "subject", "from", "direction", "deliver", "fails"),
    *("receivedAt", "verdict", "verdictAt", "action", "actionAt", "by"),
}


@dataclass(frozen=True)
class Verdict:
    word: str
    at: datetime
    by: str


@dataclass(frozen=True)
class Action:
    """`moved`: the result in each mailbox. Only the controls show it, never the API."""

    folder: str
    at: datetime
    by: str
    moved: Mapping[str, bool]

    @property
    def failed_everywhere(self) -> bool:
        return not any(self.moved.values())


@dataclass
class Mail:
    id: str
    message_id: str
    mailboxes: tuple[str, ...]
    received: datetime
    subject: str
    sender: str
    direction: str
    fails: tuple[str, ...] = ()  # without a tenant: where an action does not work
    verdicts: list[Verdict] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    def at_once(self, when: datetime) -> bool:
        return when <= self.received + AT_ONCE


@dataclass(frozen=True)
class Plan:
    """A message that arrives, what ETD should do with it, and when."""

    mail: Mail
    deliver: bool
    verdict: tuple[str, datetime] | None
    action: tuple[str, datetime] | None
    by: str


def plan(spec: Mapping[str, Any], now: datetime) -> Plan:
    """From the JSON of a test. ValueError or KeyError if it is invalid."""
    if unknown := set(spec) - _FIELDS:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    mailboxes = tuple(spec["mailboxes"])
    if not mailboxes:
        raise ValueError("mailboxes: at least one")
    etd_id = spec.get("id") or str(uuid.uuid4())
    received = moment(spec["receivedAt"], now) if "receivedAt" in spec else now
    verdict = spec.get("verdict", "phishing")
    decided = moment(spec["verdictAt"], now) if "verdictAt" in spec else received
    folder = spec.get("action")
    acted = moment(spec["actionAt"], now) if "actionAt" in spec else decided
    mail = Mail(
        id=str(uuid.UUID(etd_id)),
        message_id=spec.get("internetMessageId") or f"<{etd_id}@attacker.example>",
        mailboxes=mailboxes,
        received=received,
        subject=spec.get("subject", "Your invoice is overdue"),
        sender=spec.get("from", "billing@attacker.example"),
        direction=one_of(DIRECTIONS, spec.get("direction", "incoming")),
        fails=tuple(spec.get("fails", ())),
    )
    return Plan(
        mail,
        spec.get("deliver", True),
        verdict=(one_of(VERDICTS, verdict), decided) if verdict else None,
        action=(one_of(FOLDERS, folder), acted) if folder else None,
        by=one_of(INITIATORS, spec.get("by", "automatic")),
    )


def one_of(words: tuple[str, ...], word: Any) -> str:
    if word not in words:
        raise ValueError(f"{word!r} is none of {', '.join(words)}")
    return word
