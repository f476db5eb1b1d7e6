"""The lanes of a feed: the times that each one reads, and in which pieces.

Message Search selects by the time of the message, so a late verdict is found only if earlier times are read again, by `day`
and `week`. A window is read in pieces of time, from its start to its end, and each piece to its last page. An unfinished
piece is read again from its first page. Times are nanoseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from triage.wire import Instant, Wire, epoch_ns, from_epoch_ns

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND

LAG = 6 * MINUTE
"""Message Search refuses an end that is too close to now."""
REACH = 89 * DAY
"""How far back Message Search has messages: 90 days, minus one for clocks and for the time until a piece is read."""
LONGEST_PIECE = 31 * DAY
"""Message Search takes at most 32 days in a request."""
SHORTEST_PIECE = SECOND


class Lane(StrEnum):
    """What requests are made for: three windows of Message Search, Log Export, and two searches for one message.

    `lookup` searches for its mailboxes, `confirm` for a later action before a failure is posted.
    """

    FAST = "fast"
    DAY = "day"
    WEEK = "week"
    LEDGER = "ledger"
    LOOKUP = "lookup"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Window:
    """How often a lane reads (`every`), and for how long it reads a message again (`again`)."""

    every: int
    again: int


WINDOWS = {
    Lane.FAST: Window(0, 34 * MINUTE),
    Lane.DAY: Window(HOUR, DAY),
    Lane.WEEK: Window(DAY, 8 * DAY),
}


class Progress(Wire):
    """The progress of a lane. `cursor`: the end of what was read. The errors are those of the last try."""

    cursor: Instant | None = None
    last_success_at: Instant | None = None
    last_error: str | None = None
    last_error_at: Instant | None = None
    fatal: bool = False
    """Whether the last error will not pass by itself."""

    def failed(self, error: str, now: int, *, fatal: bool = False) -> Self:
        """The state after an error. Nothing counts as read."""
        return self.model_copy(update={"last_error": error, "last_error_at": from_epoch_ns(now), "fatal": fatal})


class LaneState(Progress):
    """How far a lane of Message Search is. While a window is read, `start` and `end` are those of the rest.

    `piece`: the length of the next piece, in seconds.
    """

    start: Instant | None = None
    end: Instant | None = None
    piece: float | None = None

    @property
    def reading(self) -> bool:
        """Whether a window was started and not read to its end."""
        return self.start is not None and self.end is not None


@dataclass(frozen=True, slots=True)
class Piece:
    """A time to read, both ends included."""

    start: int
    end: int


def is_due(lane: Lane, state: LaneState, now: int) -> bool:
    """Whether a lane has something to read: the rest of a window, or a new window that is due."""
    if state.reading:
        return True
    cursor = epoch_ns(state.cursor) if state.cursor else None
    end = now - LAG
    # A cursor in the future was written by a wrong clock.
    return cursor is None or cursor > end or end - cursor >= WINDOWS[lane].every


def begun(lane: Lane, state: LaneState, now: int) -> tuple[LaneState, Piece | None]:
    """The state with a started window, and the time before it that Message Search no longer has.

    After a downtime the window starts where it would have started then, so nothing is left out. A window that ends too late
    was started by a wrong clock, and is shortened.
    """
    end = now - LAG
    if state.start and state.end and epoch_ns(state.start) < end:
        return state.model_copy(update={"end": min(state.end, from_epoch_ns(end), key=epoch_ns)}), None
    cursor = min(epoch_ns(state.cursor), end) if state.cursor else end
    wanted = cursor - WINDOWS[lane].again
    start = max(wanted, now - REACH)
    lost = Piece(wanted, start) if wanted < start else None
    changes = {"start": from_epoch_ns(start), "end": from_epoch_ns(end)}
    return state.model_copy(update=changes), lost


def next_piece(state: LaneState) -> Piece:
    """The next piece of the window that is read."""
    start, end = epoch_ns(state.start or ""), epoch_ns(state.end or "")
    length = int((state.piece or LONGEST_PIECE / SECOND) * SECOND)
    return Piece(start, min(end, start + min(length, LONGEST_PIECE)))


def after_piece(state: LaneState, piece: Piece, now: int) -> LaneState:
    """The state after a piece was read. The last piece ends the window. The next one may be twice as long."""
    longer = min(2 * (piece.end - piece.start), LONGEST_PIECE) / SECOND
    length = max(state.piece or 0.0, longer) if state.piece is not None else None
    if piece.end < epoch_ns(state.end or ""):
        read = {"start": from_epoch_ns(piece.end), "piece": length}
        return state.model_copy(update={**read, "last_error": None, "last_error_at": None, "fatal": False})
    return LaneState(cursor=state.end, piece=length, last_success_at=from_epoch_ns(now))


def halved(state: LaneState, piece: Piece) -> LaneState:
    """The state if a piece could not be read in time: the next one is half as long."""
    half = max((piece.end - piece.start) // 2, SHORTEST_PIECE)
    return state.model_copy(update={"piece": half / SECOND})
