"""The simulator's own clock, and times as people and ETD write them."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

_RELATIVE = re.compile(r"([+-]\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FRACTION = timedelta(microseconds=12_346)  # how much earlier an action really was than a whole second


class Clock:
    """With `start`, it stays at that time until it is moved. Otherwise it follows the machine's clock."""

    def __init__(self, start: datetime | None = None):
        self._base = (start or datetime.now(UTC)).astimezone(UTC)
        self._since = None if start else time.monotonic()

    def now(self) -> datetime:
        passed = 0.0 if self._since is None else time.monotonic() - self._since
        return self._base + timedelta(seconds=passed)

    @property
    def running(self) -> bool:
        return self._since is not None

    def move(self, to: datetime) -> None:
        """Moves it forward or back. It runs, or stays, as before."""
        self._base = to.astimezone(UTC)
        self._since = time.monotonic() if self.running else None

    def run(self, running: bool) -> None:
        self._base = self.now()
        self._since = time.monotonic() if running else None


def moment(value: str, now: datetime) -> datetime:
    """From `-3h`, `+10m` (from now) or an RFC 3339 time with a zone; ValueError for anything else."""
    if match := _RELATIVE.fullmatch(value):
        return now + timedelta(**{_UNITS[match[2]]: int(match[1])})
    when = datetime.fromisoformat(value)
    if when.tzinfo is None:
        raise ValueError(f"a time without a zone: {value}")
    return when.astimezone(UTC)


def written(when: datetime, digits: int = 0) -> str:
    """`2026-11-20T10:11:12Z`, with 0, 3, 6 or 9 fractional digits; the rest is cut off."""
    nanoseconds = f"{when.microsecond:06d}" + ("321" if when.microsecond else "000")
    return f"{when:%Y-%m-%dT%H:%M:%S}" + (f".{nanoseconds[:digits]}" if digits else "") + "Z"


def action_time(when: datetime, digits: int, how: str) -> str:
    """The time of an action or verdict as an interface with this number of digits writes it.

    `how`: `equal` (a whole second, so that all interfaces say the same), or the real time, `truncated` or `rounded`.
    """
    if how == "equal":
        return written(when.replace(microsecond=0), digits)
    real = when.replace(microsecond=0) - _FRACTION
    if how == "rounded" and digits < 6:
        unit = 10 ** (6 - digits)
        real += timedelta(microseconds=unit // 2)
    return written(real, digits)
