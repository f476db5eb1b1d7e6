"""Text in a notification. Senders of mail choose addresses, domains and subjects, so an attacker may have written it."""

from __future__ import annotations

import unicodedata

MOST = 240
"""How many characters of an untrusted text are shown."""

# Control, format (direction marks among them), surrogate and private characters; separators of lines and paragraphs.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def plain(text: str, most: int = MOST) -> str:
    """The text on one line, without invisible characters and those that change the direction, cut at a whole character."""
    seen = "".join(" " if unicodedata.category(character) in _UNSEEN else character for character in text[: 4 * most])
    line = " ".join(seen.split())
    if len(line) <= most:
        return line
    end = most - 1
    while end and unicodedata.combining(line[end]):
        end -= 1
    return f"{line[:end].rstrip()}…"


def for_slack(text: str) -> str:
    """Text for Slack's markup, in which these three start links and mentions
    (https://docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
