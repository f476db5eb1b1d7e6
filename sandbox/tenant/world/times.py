"""Times in the data file."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

RELATIVE = re.compile(r"([+-]\d+)([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def timestamp(value: str | datetime, now: datetime) -> str:
    """A time as Graph writes it, `2026-11-20T10:11:12Z`, from `-3h`, `+10d` (from now) or an RFC 3339 time."""
    if isinstance(value, datetime):  # YAML reads an unquoted time as one
        when = value if value.tzinfo else value.replace(tzinfo=UTC)
    elif match := RELATIVE.fullmatch(value):
        when = now + timedelta(**{UNITS[match[2]]: int(match[1])})
    else:
        when = datetime.fromisoformat(value)
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
