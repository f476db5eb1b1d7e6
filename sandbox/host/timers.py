"""Timer triggers: NCRONTAB expressions and time spans, in UTC.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
"""

from __future__ import annotations

import asyncio
import calendar
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from croniter import croniter

from sandbox.host.config import time_span
from sandbox.host.driver import Datum

# croniter accepts more than NCRONTAB (L, #, @daily, years). That must fail here as it does in Azure.
_ITEM = r"(?:\*|[0-9A-Za-z]+(?:-[0-9A-Za-z]+)?)(?:/\d+)?"
_FIELD = re.compile(f"{_ITEM}(?:,{_ITEM})*")

_NAMES = {name.casefold() for name in (*calendar.month_abbr, *calendar.day_abbr)}

Schedule = Callable[[datetime], datetime]


def parse(text: str) -> Schedule:
    """A schedule from six fields (second to weekday), five (no second), or hh:mm:ss; otherwise ValueError."""
    if ":" in text:
        seconds = time_span(text)
        if seconds <= 0:
            raise ValueError("must be longer than 0")
        return lambda after: after + timedelta(seconds=seconds)
    fields = text.split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6 or not all(_FIELD.fullmatch(field) for field in fields):
        raise ValueError("neither an NCRONTAB expression of six fields nor a time span")
    expression = " ".join(fields)
    names = re.findall("[a-z]+", " ".join(fields).casefold())
    if re.search(r"(?<!/)\b7\b", fields[5]) or not _NAMES.issuperset(names):
        raise ValueError("weekdays go from 0 (Sunday) to 6, names from jan to dec and from sun to sat")
    if not croniter.is_valid(expression, second_at_beginning=True):
        raise ValueError("not a valid NCRONTAB expression")

    def following(after: datetime) -> datetime:
        # With both a day of the month and a weekday, NCRONTAB needs both to fit; cron needs only one.
        return croniter(expression, after, second_at_beginning=True, day_or=False).get_next(datetime)

    return following


async def run(schedule: Schedule, run_on_startup: bool, invoke: Callable[[Datum], Awaitable[object]]) -> None:
    last: datetime | None = None
    if run_on_startup:
        last = datetime.now(UTC)
        await invoke(request(last, schedule(last)))
    while True:
        due = schedule(datetime.now(UTC))
        # In short steps: a laptop that was asleep must notice that the time has come.
        while (left := (due - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, 30.0))
        await invoke(request(last, schedule(due)))
        last = due


def request(last: datetime | None, following: datetime) -> Datum:
    """The value that a timer function receives."""
    none = "0001-01-01T00:00:00+00:00"
    status = {"Last": last.isoformat() if last else none, "Next": following.isoformat(), "LastUpdated": none}
    content = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": False}
    return Datum("json", json.dumps(content))
