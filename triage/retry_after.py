"""Reads the header `Retry-After` of an answer that says when to ask again (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import math
import time
from email.utils import parsedate_to_datetime


def seconds_to_wait(header: str | None) -> float | None:
    """The seconds to wait, from a header in seconds or as a date; None without one that can be read."""
    if header is None:
        return None
    try:
        seconds = float(header)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
