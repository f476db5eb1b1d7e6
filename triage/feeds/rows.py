"""Reads rows of Message Search and lines of Log Export, which have different names for the same things.

A time has 0 to 9 digits of a second, and may have a blank instead of `T`, or no zone, which means UTC. A field with the
wrong type counts as missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from triage.addresses import mailbox_address
from triage.feeds.actions import FOLDERS, Sighting
from triage.feeds.lanes import Lane
from triage.intake.message_id import MAX_MESSAGE_ID_CHARACTERS
from triage.wire import epoch_ns

Json = dict[str, Any]

_MOST_CHARACTERS = 1000
_MOST_WORDS = 4000
"""How much of ETD's own words about action and verdict is kept: the techniques can be long."""


def time_of(text: object) -> int | None:
    """A time of ETD in nanoseconds since 1970; None if it is not a time."""
    if not isinstance(text, str):
        return None
    for form in (text.strip(), f"{text.strip()}Z"):
        try:
            return epoch_ns(form)
        except ValueError:
            continue
    return None


def read_search_row(row: Json, lane: Lane) -> Sighting | None:
    """The sighting in a row of Message Search; None if the row names no message."""
    row = _storable(row)
    action, verdict = _object(row, "action"), _object(row, "verdict")
    initiator = None
    if action:
        by_hand = "api" if _text(action, "publicApiClientId") else "manual"
        initiator = "automatic" if action.get("isAutoRemediated") is True else by_hand
    return _sighting(
        row, lane, action, verdict,
        kind=_text(action, "type"),
        initiator=initiator,
        verdict_word=_text(verdict, "latestVerdict") or _text(verdict, "category") or _text(verdict, "originalVerdict"),
    )  # fmt: skip


def read_log_line(line: bytes) -> Sighting | None:
    """The sighting in a line of Log Export; None if it has no action. ValueError if it is not JSON.

    Each mail has a line. Only one with an action is parsed.
    """
    if b'"action"' not in line:
        if line.strip() and not line.rstrip().endswith(b"}"):
            raise ValueError("the line is cut")
        return None
    event: object = json.loads(line)
    if not isinstance(event, dict):
        raise ValueError("the line is no object")
    message = _storable(_object(cast("Json", event), "message"))
    action, verdict = _object(message, "action"), _object(message, "verdict")
    found = _sighting(
        message, Lane.LEDGER, action, verdict,
        kind=_text(action, "action"),
        initiator=(_text(action, "remediatedBy") or "").lower() or None,
        verdict_word=_text(verdict, "verdict") or _text(verdict, "category"),
    )  # fmt: skip
    return found if found is not None and found.folder is not None else None


def _sighting(  # noqa: PLR0913 - what the two kinds of rows name in their own ways
    row: Json, lane: Lane, action: Json, verdict: Json, *, kind: str | None, initiator: str | None,
    verdict_word: str | None,
) -> Sighting | None:  # fmt: skip
    etd_id = _text(row, "id")
    if etd_id is None:
        return None
    folder = _text(action, "folder")
    if folder is None and (kind or "").lower() in FOLDERS:  # a deletion has no folder
        folder = kind
    message_id = row.get("internetMessageId")
    at, message_at = time_of(action.get("timestamp")), time_of(row.get("timestamp"))
    if at is None and message_at is None:  # a verdict comes after the message and before the action
        message_at = time_of(verdict.get("timestamp"))
    return Sighting(
        etd_id=etd_id,
        lane=lane,
        mailboxes=tuple(_mailboxes(row.get("mailboxes"))),
        internet_message_id=message_id if _fits(message_id, MAX_MESSAGE_ID_CHARACTERS) else None,
        kind=kind,
        folder=folder,
        at=at,
        message_at=message_at,
        initiator=initiator,
        verdict=verdict_word,
        subject=_text(row, "subject"),
        direction=_text(row, "direction"),
        words=_words(action=action, verdict=verdict),
    )


def _mailboxes(value: object) -> Iterable[str]:
    """The addresses of a list, normalized and without duplicates. Other texts are left out."""
    found: dict[str, None] = {}
    for one in cast("list[object]", value) if isinstance(value, list) else []:
        try:
            found[mailbox_address(one if isinstance(one, str) else "")] = None
        except ValueError:
            continue
    return found


def _words(**parts: Json) -> Json:
    """ETD's own words. If a part is too long, only its short fields."""
    words: Json = {}
    for name, part in parts.items():
        long = len(json.dumps(part)) > _MOST_WORDS
        if kept := {key: value for key, value in part.items() if not long or _is_short(value)}:
            words[name] = kept
    return words


def _is_short(value: object) -> bool:
    return isinstance(value, str | bool) and len(str(value)) <= _MOST_WORDS // 40


def _storable(row: Json) -> Json:
    """The row with a question mark for each half of a character (an unpaired surrogate).

    JSON can have them, for example in a subject that a sender wrote so, but no encoder takes them.
    """
    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return cast("Json", json.loads(text.encode(errors="replace")))
    return row


def _object(row: Json, name: str) -> Json:
    value: object = row.get(name)
    return cast("Json", value) if isinstance(value, dict) else {}


def _text(row: Json, name: str) -> str | None:
    value: object = row.get(name)
    return (value.strip()[:_MOST_CHARACTERS] or None) if isinstance(value, str) else None


def _fits(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most
