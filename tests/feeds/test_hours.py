"""When an hour of Log Export is listed, and when it is settled."""

from __future__ import annotations

import pytest

from triage.feeds.hours import FileState, HourState, Listing, after_file, hours_between, is_due, is_over, listed
from triage.feeds.lanes import DAY, HOUR, MINUTE
from triage.wire import epoch_ns

HOUR_10, END = "2026-11-20T10", epoch_ns("2026-11-20T11:00:00Z")


def run(*listings: tuple[int, Listing]) -> HourState | None:
    """The state after listings, each these minutes after the end of the hour."""
    state: HourState | None = None
    for minutes, listing in listings:
        assert is_due(HOUR_10, state, END + minutes * MINUTE), minutes
        state = listed(HOUR_10, state, listing, END + minutes * MINUTE)
    return state


NEW, SAME, NONE = Listing(3, 3, 0), Listing(3, 0, 0), Listing(0, 0, 0)


@pytest.mark.parametrize(("listings", "settled"), [
    ([(25, NEW)], False),
    ([(25, NEW), (80, SAME)], True),
    ([(25, NEW), (80, Listing(4, 1, 0))], False),
    ([(25, NEW), (80, Listing(4, 1, 0)), (130, SAME)], True),
    ([(25, NONE), (80, NONE)], True),
    ([(25, NEW), (80, Listing(3, 0, 1))], False),
    ([(25, NEW), (80, Listing(3, 0, 1)), (130, SAME)], True),
    ([(100, NEW)], False),
    ([(100, NEW), (150, SAME)], True),
    ([(179, NEW)], False),
    ([(180, NEW)], True),
    ([(25, NEW), (180, Listing(4, 1, 0))], False),
    ([(25, NEW), (180, Listing(4, 1, 0)), (230, Listing(4, 0, 0))], True),
    ([(5000, Listing(3, 3, 1))], False),
    ([(25, Listing(200, 200, 0))], True),
    ([(25, Listing(200, 200, 5))], False),
])  # fmt: skip
def test_an_hour_is_settled_when_nothing_more_is_expected(listings: list[tuple[int, Listing]], settled: bool) -> None:
    state = run(*listings)
    assert state is not None
    assert state.settled is settled
    if settled:
        assert not is_due(HOUR_10, state, END + 3 * DAY)


def test_an_hour_is_not_listed_too_early_nor_too_often() -> None:
    assert not is_due(HOUR_10, None, END + 25 * MINUTE - 1)
    once = run((25, NEW))
    assert not is_due(HOUR_10, once, END + 79 * MINUTE)
    twice = run((25, NEW), (80, Listing(4, 1, 0)))
    assert not is_due(HOUR_10, twice, END + 129 * MINUTE)


def test_a_truncated_hour_is_marked() -> None:
    found = run((25, Listing(200, 200, 0)))
    assert found is not None
    assert found.truncated


def test_hours_have_their_labels() -> None:
    assert hours_between(END - 2 * HOUR, END + HOUR) == ["2026-11-20T09", "2026-11-20T10", "2026-11-20T11"]


def test_a_file_with_lines_that_cannot_be_read_is_read_once_more() -> None:
    assert after_file(FileState(tries=1), 9, 0).done
    once = after_file(FileState(tries=1), 9, 2)
    assert (once.done, is_over(once)) == (False, False)
    assert after_file(once, 9, 0) == FileState(tries=1, done=True, lines=9)
    assert after_file(once, 9, 2) == FileState(tries=1, done=True, lines=9, unreadable=2)
    assert is_over(FileState(tries=5))
    assert not is_over(FileState(tries=4))
