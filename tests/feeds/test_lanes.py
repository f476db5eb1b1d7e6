"""Windows and their pieces: every moment is read while a verdict may come, whatever happens in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.feeds.lanes import (
    DAY,
    HOUR,
    LAG,
    LONGEST_PIECE,
    MINUTE,
    REACH,
    SECOND,
    WINDOWS,
    Lane,
    LaneState,
    after_piece,
    begun,
    halved,
    is_due,
    next_piece,
)
from triage.wire import epoch_ns, from_epoch_ns

NOW = epoch_ns("2026-11-20T12:00:00Z")


def read(lane: Lane, state: LaneState, now: int) -> tuple[LaneState, int, int]:
    """Reads a whole window. Returns its ends."""
    state, _ = begun(lane, state, now)
    start = next_piece(state).start
    end = start
    while state.reading:
        piece = next_piece(state)
        assert piece.start <= end < piece.end <= now - LAG, "no moment is left out, and none is too new"
        assert piece.end - piece.start <= LONGEST_PIECE
        end = piece.end
        state = after_piece(state, piece, now)
    return state, start, end


@pytest.mark.parametrize(("lane", "again"), [(Lane.FAST, 34 * MINUTE), (Lane.DAY, DAY), (Lane.WEEK, 8 * DAY)])
def test_a_window_is_read_again_for_as_long_as_a_verdict_may_be_late(lane: Lane, again: int) -> None:
    state, start, end = read(lane, LaneState(), NOW)
    assert (start, end) == (NOW - LAG - again, NOW - LAG)
    assert (state.cursor, state.last_success_at) == (from_epoch_ns(NOW - LAG), from_epoch_ns(NOW))
    every = WINDOWS[lane].every
    assert not every or not is_due(lane, state, NOW + every - SECOND)
    assert is_due(lane, state, NOW + every)
    _, start, _ = read(lane, state, NOW + 3 * DAY)
    assert start == NOW - LAG - again, "after a downtime as well"


def test_what_message_search_gives_no_more_is_a_gap() -> None:
    state = LaneState(cursor=from_epoch_ns(NOW - 100 * DAY))
    state, lost = begun(Lane.DAY, state, NOW)
    assert lost is not None
    assert (lost.start, lost.end) == (NOW - 101 * DAY, NOW - REACH)
    assert next_piece(state).start == NOW - REACH


def test_a_clock_that_was_ahead_holds_nothing_up() -> None:
    ahead = LaneState(cursor=from_epoch_ns(NOW + 300 * DAY))
    assert is_due(Lane.WEEK, ahead, NOW)
    state, start, end = read(Lane.WEEK, ahead, NOW)
    assert (start, end, state.cursor) == (NOW - LAG - 8 * DAY, NOW - LAG, from_epoch_ns(NOW - LAG))
    state, _ = begun(Lane.DAY, LaneState(), NOW + HOUR)
    _, start, end = read(Lane.DAY, state, NOW)
    assert (start, end) == (NOW + HOUR - LAG - DAY, NOW - LAG), "a window that was begun then is cut"
    state, _ = begun(Lane.DAY, LaneState(), NOW + 30 * DAY)
    _, start, end = read(Lane.DAY, state, NOW)
    assert (start, end) == (NOW - LAG - DAY, NOW - LAG), "or begun again"


def test_a_piece_that_takes_too_long_is_halved_and_grows_again() -> None:
    state, _ = begun(Lane.DAY, LaneState(), NOW)
    for _ in range(4):
        state = halved(state, next_piece(state))
    piece = next_piece(state)
    assert (piece.end - piece.start) == DAY // 16
    state = after_piece(state, piece, NOW)
    longer = next_piece(state)
    assert (longer.start, longer.end - longer.start) == (piece.end, DAY // 8)
    tiny = state
    for _ in range(60):
        tiny = halved(tiny, next_piece(tiny))
    assert next_piece(tiny).end - next_piece(tiny).start == SECOND


def test_an_error_marks_nothing_as_read() -> None:
    state, _ = begun(Lane.DAY, LaneState(cursor=from_epoch_ns(NOW - HOUR)), NOW)
    broken = state.failed("e", NOW, fatal=True)
    assert (next_piece(broken), broken.last_error, broken.fatal) == (next_piece(state), "e", True)
    whole, _, _ = read(Lane.DAY, broken, NOW)
    assert (whole.last_error, whole.fatal) == (None, False)


@given(
    lane=st.sampled_from([Lane.FAST, Lane.DAY, Lane.WEEK]),
    steps=st.lists(st.tuples(st.integers(1, 40 * 60), st.sampled_from(["read", "stop", "halve"])), max_size=20),
    messages=st.lists(st.tuples(st.integers(0, 10 * 24 * 60), st.integers(0, 8 * 24 * 60)), max_size=20),
)
def test_a_verdict_that_is_not_too_late_is_read_whatever_interrupts(
    lane: Lane, steps: list[tuple[int, str]], messages: list[tuple[int, int]]
) -> None:
    """The oracle: messages (minutes after NOW) with verdicts (minutes later), against the pieces that were read, and when."""
    state, now = LaneState(cursor=from_epoch_ns(NOW - LAG)), NOW
    read_at: list[tuple[int, int, int]] = []

    def advance() -> None:
        nonlocal state
        piece = next_piece(state)
        read_at.append((piece.start, piece.end, now))
        state = after_piece(state, piece, now)

    for minutes, what in [*steps, (12 * 24 * 60, "read"), (12 * 24 * 60, "read")]:
        now += minutes * MINUTE
        if not is_due(lane, state, now):
            continue
        state, lost = begun(lane, state, now)
        assert lost is None
        if what == "halve":
            state = halved(state, next_piece(state))
        elif what == "stop":
            advance()
        while what == "read" and state.reading:
            advance()
    for sent, later in messages:
        message, verdict = NOW + sent * MINUTE, NOW + (sent + later) * MINUTE
        if later * MINUTE <= WINDOWS[lane].again:
            assert any(start <= message <= end and at >= verdict for start, end, at in read_at)
