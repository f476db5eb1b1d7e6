"""The hours of Log Export: when the files of one are listed, and when nothing more is expected of it.

Files of an hour come until about 20 minutes after its end, and may be late. An hour is *settled* once it was listed 25
minutes after its end or later, and again 80 minutes after it or later with no new file, and each file was read. Hours are
written as the API has them: `2026-07-01T10`, in UTC. Times are nanoseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

from triage.feeds.lanes import DAY, HOUR, MINUTE, Progress
from triage.wire import Instant, Wire, epoch_ns, from_epoch_ns

FIRST, LAST, SURE = 25 * MINUTE, 80 * MINUTE, 3 * HOUR
AGAIN = 50 * MINUTE
"""How long after a listing an hour is listed again."""
HISTORY = 29 * DAY
"""Log Export keeps files for 30 days."""
BEGINNING = DAY
"""How far back the ledger begins."""
MOST_LINKS = 200
"""More links than this are dropped from an answer without a word."""
MOST_TRIES = 5
"""How often a file is begun that could never be read to its end."""
SILENT = DAY
"""Without any file for so long, a person has to look whether Log Export is switched on."""


class LedgerState(Progress):
    """Where the ledger is. `settled_until`: the end of the last hour that is settled with all before it."""

    first: Instant | None = None
    settled_until: Instant | None = None
    last_file_at: Instant | None = None
    """The end of the newest hour that had a file."""


class HourState(Wire):
    """One hour: when it was listed last, how many files it has, and whether it is settled."""

    listed_at: Instant | None = None
    files: int = 0
    settled: bool = False
    truncated: bool = False


class FileState(Wire):
    """One file: how often it was begun, how many lines were read, and how many of them are no JSON."""

    tries: int = 0
    done: bool = False
    lines: int = 0
    unreadable: int = 0


def hour_at(moment: int) -> str:
    """The hour that a time is in."""
    return from_epoch_ns(moment // HOUR * HOUR)[:13]


def start_of(hour: str) -> int:
    """When an hour begins."""
    return epoch_ns(f"{hour}:00:00Z")


def hours_between(start: int, end: int) -> list[str]:
    """The whole hours from a time to another one, both at the start of an hour."""
    return [hour_at(moment) for moment in range(start, end, HOUR)]


def is_due(hour: str, state: HourState | None, now: int) -> bool:
    """Whether the files of an hour are to be listed now."""
    end = start_of(hour) + HOUR
    if state is None or state.listed_at is None:
        return now >= end + FIRST
    return not state.settled and now >= max(end + LAST, epoch_ns(state.listed_at) + AGAIN)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of an hour, as an answer lists them: how many, how many of them are new, and how many are not read."""

    files: int
    new: int
    unread: int


def listed(hour: str, state: HourState | None, listing: Listing, now: int) -> HourState:
    """The state of an hour after its files were listed, and read as far as they could be."""
    age = now - start_of(hour) - HOUR
    truncated = listing.files >= MOST_LINKS
    again = state is not None and state.listed_at is not None and listing.new == 0
    settled = not listing.unread and (truncated or age >= SURE or (again and age >= LAST))
    return HourState(listed_at=from_epoch_ns(now), files=listing.files, settled=settled, truncated=truncated)


def is_over(state: FileState) -> bool:
    """Whether a file is not read any more: it was read, or can't be."""
    return state.done or state.tries >= MOST_TRIES


def after_file(state: FileState, lines: int, unreadable: int) -> FileState:
    """The state of a file that was read to its end. One with lines that are no JSON is read once more."""
    done = unreadable == 0 or state.unreadable > 0
    return state.model_copy(update={"done": done, "lines": lines, "unreadable": unreadable})
