"""What ETD answers, as far as every reader of its API agrees on it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from triage.etd.errors import EtdError, EtdReason

Json = dict[str, Any]
_HOUR = re.compile(r"log_date=([0-9]{4}-[0-9]{2}-[0-9]{2})/hour=([0-9]{2})(?:/|$)")


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of Message Search: rows as ETD writes them, and the token of the next page, if there is one."""

    messages: list[Json]
    next_page: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of Log Export. Its path is what it is known by: the rest of the link is a signature for one hour."""

    url: str = field(repr=False)
    path: str
    hour: str | None  # 'YYYY-MM-DDTHH', as the path has it


def unreadable() -> EtdError:
    """The error of an answer in an unknown form. It is not taken for an empty one."""
    return EtdError(EtdReason.UNAVAILABLE, "ETD's answer can't be read")


def access_token(payload: object) -> str:
    """The token. One that can't be sent in a header is unreadable: the HTTP client's own error would quote it."""
    found = cast("Json", payload).get("accessToken") if isinstance(payload, dict) else None
    if not isinstance(found, str) or not re.fullmatch(r"[\x21-\x7e]+", found):
        raise unreadable()
    return found


def search_page(payload: object) -> SearchPage:
    """A page of messages. The last page has rows and no token."""
    whole, data = _data(payload)
    messages = [cast("Json", row) for row in _list(data.get("messages")) if isinstance(row, dict)]
    token, total = whole.get("nextPageToken"), whole.get("totalSize")
    return SearchPage(messages, str(token) if token else None, total if isinstance(total, int) else None)


def log_files(payload: object) -> list[LogFile]:
    """The files of the type `message`. A key that is missing or null means that there are none."""
    _, data = _data(payload)
    return [_log_file(link) for link in _list(data.get("message"))]


def _data(payload: object) -> tuple[Json, Json]:
    whole = cast("Json", payload) if isinstance(payload, dict) else {}
    if not isinstance(whole.get("data", ""), dict | None):
        raise unreadable()
    return whole, whole["data"] or {}


def _list(value: object) -> list[object]:
    if not isinstance(value, list | None):
        raise unreadable()
    return cast("list[object]", value or [])


def _log_file(link: object) -> LogFile:
    try:
        path = unquote(urlsplit(str(link)).path)
    except ValueError:  # brackets around something that isn't an IPv6 address
        raise unreadable() from None
    hour = _HOUR.search(path)
    return LogFile(str(link), path, f"{hour[1]}T{hour[2]}" if hour else None)
