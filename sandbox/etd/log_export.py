"""`POST /v1/logs/downloadLinks`: links to the files of some hours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.etd import store
from sandbox.etd.business import Business
from sandbox.etd.ledger import HOUR, LABEL
from sandbox.etd.refused import bad_body, bad_range
from sandbox.etd.switches import Switches

Json = dict[str, Any]
KINDS = ("message", "audit", "connection")
MOST_LINKS = 200  # of a type in an answer; the rest is left out without a word
LONGEST = 3  # hours
OLDEST = timedelta(days=30)


def download_links(business: Business, body: Mapping[str, Any], root: str, switches: Switches, now: datetime) -> Json:
    """`root`: the address of the store."""
    kinds = body.get("logTypes")
    if not isinstance(kinds, list) or not kinds or not set(map(str, kinds)) <= set(KINDS):
        raise bad_body()
    first, last = _hours(body, switches, now)
    data: Json = {}
    for kind in kinds:
        files = sorted(business.ledger.there(kind, first, last, now), key=lambda file: file.path)
        links = [store.link(root, file, now) for file in files[:MOST_LINKS]] if switches.log_export else []
        if links or switches.empty_links != "missing":
            data[kind] = links or (None if switches.empty_links == "null" else [])
    return {"data": data}


def _hours(body: Mapping[str, Any], switches: Switches, now: datetime) -> tuple[datetime, datetime]:
    """The first and the last hour, both included. The current hour may be the end of the range, and has no files yet."""
    try:
        start, end = map(_hour, body["timeRange"])
    except (KeyError, TypeError, ValueError):
        raise bad_body() from None
    running = now.replace(minute=0, second=0, microsecond=0)
    last = end if switches.end_hour_included else end - HOUR
    if end < start or start >= running or end > running or start < now - OLDEST or last - start >= LONGEST * HOUR:
        raise bad_range()
    return start, min(last, running - HOUR)


def _hour(text: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d", text):
        raise ValueError(text)
    return datetime.strptime(text, LABEL).replace(tzinfo=UTC)
