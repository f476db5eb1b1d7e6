"""Repairs an internetMessageId that was changed on its way: through HTML, a URL, a mail program, or a spreadsheet.

Graph compares the whole id, brackets included, so a search for a changed one finds nothing. Form: RFC 5322, 3.6.4.
"""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

_FOLD = re.compile(r"\r?\n[ \t]+|[\r\n\t]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|commat|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_PREFIX = re.compile(r"(?:message-id:|mailto:)\s*", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb"}
MAX_MESSAGE_ID_CHARACTERS = 2048
_ID = re.compile(r"<[^<>@]+@[^<>]*[^<>@]>")
_TIMES = 3
"""How often encodings are undone: each may have been applied more than once."""


def is_message_id(text: str) -> bool:
    """Whether it has an `@` between its only pair of angle brackets: a search for it that finds nothing says something."""
    return bool(_ID.fullmatch(text))


def repaired(text: str) -> str:
    """The id as Graph has it, if that is clear; otherwise the text as it is."""
    found = text
    for _ in range(_TIMES + 1):
        bare = _in_brackets(_bare(found))
        if is_message_id(bare) and not _ENTITY.search(bare) and not _is_percent_encoded(bare):
            return bare
        decoded = _decoded(found)
        if decoded == found:
            break
        found = decoded
    bare = _in_brackets(_bare(text))
    return bare if is_message_id(bare) else text.strip()


def _decoded(text: str) -> str:
    """The text with one layer of HTML entities, or of percent-encoding, undone."""
    if _ENTITY.search(text):
        return _ENTITY.sub(lambda entity: unescape(entity[0]), text)
    return unquote(text) if _is_percent_encoded(text) else text


def _is_percent_encoded(text: str) -> bool:
    """Whether the id as a whole is: an encoded bracket, or an encoded `@` and no other. `%2F` alone may be part of an id."""
    upper = text.upper()
    return "%3C" in upper or "%253C" in upper or ("@" not in text and ("%40" in upper or "%2540" in upper))


def _bare(text: str) -> str:
    """The text without what stands around an id."""
    text = _INVISIBLE.sub("", _FOLD.sub("", text)).strip()
    while True:
        before = text
        text = _PREFIX.sub("", text, count=1).strip() if _PREFIX.match(text) else text
        text = text.rstrip(",;").strip()
        if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
            text = text[1:-1].strip()
        if text == before:
            return text


def _in_brackets(text: str) -> str:
    """The id in its one pair of brackets. What stands outside of them goes; a missing one is added."""
    start, end = text.rfind("<") + 1, text.find(">")
    if end < start:
        end = len(text)
    return f"<{text[start:end].strip()}>"
