from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.host import timers


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("0 0 */6 * * *", "2026-11-23 05:59:59", "2026-11-23 06:00:00"),
        ("0 0 */6 * * *", "2026-11-23 06:00:00", "2026-11-23 12:00:00"),
        ("*/5 * * * * *", "2026-11-23 06:00:01", "2026-11-23 06:00:05"),
        ("30 0 9 * * 1-5", "2026-11-20 09:00:31", "2026-11-23 09:00:30"),
        ("0 0 0 1 jan *", "2026-11-23 00:00:00", "2027-01-01 00:00:00"),
        ("0 9 * * *", "2026-11-23 10:00:00", "2026-11-24 09:00:00"),
        ("00:05:00", "2026-11-23 10:00:00", "2026-11-23 10:05:00"),
        # Both the day of the month and the weekday are wanted: the next 13th that is a Friday.
        ("0 0 0 13 * 5", "2026-11-23 00:00:00", "2027-08-13 00:00:00"),
    ],
)
def test_a_schedule_gives_the_next_time(schedule: str, after: str, expected: str) -> None:
    assert timers.parse(schedule)(at(after)) == at(expected)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "every day",
        "* * * *",
        "0 0 25 * * *",
        "61 * * * * *",
        "@daily",
        "0 0 0 L * *",
        "0 0 0 * * 7",
        "00:00:00",
        "0 0 0 * * 1#2",
    ],
)
def test_not_a_schedule(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        timers.parse(schedule)


class Enough(Exception):
    pass


async def test_a_timer_that_runs_on_startup_runs_at_once_and_then_on_time() -> None:
    calls: list[datetime] = []

    async def invoke(data: Any) -> None:
        calls.append(datetime.now(UTC))
        if len(calls) == 3:
            raise Enough

    started = datetime.now(UTC)
    with pytest.raises(Enough):
        await timers.run(timers.parse("* * * * * *"), True, invoke)
    assert (calls[0] - started).total_seconds() < 0.2
    assert all(call.microsecond < 300_000 for call in calls[1:])
    assert 0.7 < (calls[2] - calls[1]).total_seconds() < 1.3
