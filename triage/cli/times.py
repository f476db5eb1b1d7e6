"""Times as people write them on a command line, and as a table shows them."""

from __future__ import annotations

import re
import time

from triage.wire import as_datetime, epoch_ns, from_epoch_ns

_AGO = re.compile(r"([0-9]{1,5})\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def instant(text: str, *, end: bool = False) -> str:
    """An RFC 3339 time in UTC, from a time, a day in UTC (`2026-11-20`), or how long ago (`90m`, `24h`, `7d`).

    A day is its first instant, or its last with `end`. ValueError if the text is none of these.
    """
    text = text.strip()
    if match := _AGO.fullmatch(text.lower()):
        nanoseconds = time.time_ns() - _nanoseconds(match)
        return from_epoch_ns(max(nanoseconds, 0) // 1_000_000 * 1_000_000)
    if _DAY.fullmatch(text):
        return from_epoch_ns(epoch_ns(f"{text}T23:59:59.999999999Z" if end else f"{text}T00:00:00Z"))
    try:
        return from_epoch_ns(epoch_ns(text))
    except ValueError as error:
        raise ValueError(f"{error}, a day such as 2026-11-20, or how long ago, such as 90m, 24h or 7d") from None


def ahead(text: str) -> str:
    """A time from now on: a time, a day in UTC (its end), or how far away (`24h`, `7d`).

    ValueError if it is none of these, past, or more than a year away.
    """
    text = text.strip()
    now = time.time_ns() // 1_000_000_000 * 1_000_000_000
    try:
        match = _AGO.fullmatch(text.lower())
        wanted = from_epoch_ns(now + _nanoseconds(match)) if match else instant(text, end=True)
    except ValueError:
        raise ValueError(
            "must be an RFC 3339 time, a day such as 2026-11-20, or how far away, such as 24h or 7d"
        ) from None
    if epoch_ns(wanted) <= time.time_ns():
        raise ValueError("must be in the future")
    if epoch_ns(wanted) > now + 366 * _SECONDS["d"] * 1_000_000_000:
        raise ValueError("must be at most a year away")
    return wanted


def _nanoseconds(match: re.Match[str]) -> int:
    return int(match[1]) * _SECONDS[match[2]] * 1_000_000_000


def short(text: str | None) -> str:
    """A time from the API as `2026-11-20 10:11` in UTC; an empty text for None."""
    return f"{as_datetime(text):%Y-%m-%d %H:%M}" if text else ""
