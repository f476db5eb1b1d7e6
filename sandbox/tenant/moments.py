"""Times and ids in the data file: both stay the same for one load, and mean the same in every load."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from datetime import UTC, datetime, timedelta

RELATIVE = re.compile(r"([+-]\d+)([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
NAMESPACE = uuid.UUID("6d1c9a52-6f0c-5b0e-9d5b-7d3f0a1c2e4b")


def moment(value: str | datetime, now: datetime) -> str:
    """``-3h``, ``+10d`` (from now) or an RFC 3339 time, as Graph writes it: ``2026-11-20T10:11:12Z``."""
    if isinstance(value, datetime):  # YAML reads an unquoted time as one
        when = value if value.tzinfo else value.replace(tzinfo=UTC)
    elif match := RELATIVE.fullmatch(value):
        when = now + timedelta(**{UNITS[match[2]]: int(match[1])})
    else:
        when = datetime.fromisoformat(value)
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def guid(*parts: str) -> str:
    """The same id for the same names, so that a test can know it and a reload keeps it."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))


def exchange_id(prefix: str, *parts: str) -> str:
    """An opaque id in the form of Exchange: long, base64url, ends with ``=``, so a client has to encode it."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return prefix + base64.urlsafe_b64encode(digest + digest[:10]).decode() + "AAA="
