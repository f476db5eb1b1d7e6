"""Times on a command line and in a table."""

from __future__ import annotations

import time

import pytest

from triage.cli.times import ahead, instant, short
from triage.wire import epoch_ns


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("90m", 5400), (" 24h ", 86400), ("7D", 7 * 86400), ("2w", 14 * 86400)]
)
def test_how_long_ago(text: str, seconds: int) -> None:
    before = time.time()
    assert before - seconds - 0.01 <= epoch_ns(instant(text)) / 1e9 <= time.time() - seconds


def test_days_and_times() -> None:
    assert instant("2026-11-20") == "2026-11-20T00:00:00Z"
    assert instant("2026-11-20", end=True) == "2026-11-20T23:59:59.999999999Z"
    assert instant("2026-11-20T10:11:12.5+01:00") == "2026-11-20T09:11:12.5Z"
    assert instant("99999w") == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-31", "7", "-7d", "2026-11-20 10:11", "2026-11-20T10:11:12"])
def test_a_wrong_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"or how long ago, such as 90m|does not exist"):
        instant(text)


def test_in_a_table() -> None:
    assert (short("2026-11-20T10:11:12.123456789Z"), short(None)) == ("2026-11-20 10:11", "")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("24h", 86_400), ("7d", 7 * 86_400), ("366d", 366 * 86_400)]
)
def test_how_far_away(text: str, seconds: int) -> None:
    before = time.time()
    assert before + seconds - 2 <= epoch_ns(ahead(text)) / 1e9 <= time.time() + seconds


def test_a_day_ends_with_its_last_instant() -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * 86_400))
    assert ahead(day) == f"{day}T23:59:59.999999999Z"


@pytest.mark.parametrize(("text", "said"), [
    ("2020-01-01", "must be in the future"), ("367d", "must be at most a year away"), ("soon", "must be an RFC 3339 time"),
    ("", "must be an RFC 3339 time"),
])  # fmt: skip
def test_a_time_outside_the_next_year_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ahead(text)
