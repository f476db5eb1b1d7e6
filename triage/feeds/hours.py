"""The hours of Log Export: when their files are listed, and when an hour is complete.

Files of an hour arrive until about 20 minutes after its end, and can be late. An hour is *settled* when it was listed at
least 25 minutes after its end, and again at least 80 minutes after its end with no new file, and each file was read. After
a downtime, the first listing is enough if it is three hours after the end. Hours are written as in the API: `2026-07-01T10`,
in UTC. Times are nanoseconds since 1970.
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
"""How far back the ledger starts."""
MOST_LINKS = 200
"""An answer has at most this many links. Others are left out without an error."""
MOST_TRIES = 5
"""How often the reading of a file is started, if it never ends."""
SILENT = DAY
"""If there is no file for this long, a person has to check that Log Export is turned on."""


class LedgerState(Progress):
    """How far the ledger is. `settled_until` is the end of the last hour that is settled together with all before it."""

    first: Instant | None = None
    settled_until: Instant | None = None
    last_file_at: Instant | None = None
    """The end of the newest hour that had a file."""


class HourState(Wire):
    """One hour: when it was last listed, how many files it has, and whether it is settled."""

    listed_at: Instant | None = None
    files: int = 0
    settled: bool = False
    truncated: bool = False


class FileState(Wire):
    """One file: how often it was started, how many lines were read, and how many of them are not JSON."""

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
    """Whether the files of an hour have to be listed now."""
    end = start_of(hour) + HOUR
    if state is None or state.listed_at is None:
        return now >= end + FIRST
    return not state.settled and now >= max(end + LAST, epoch_ns(state.listed_at) + AGAIN)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of an hour in an answer: how many there are, how many are new, and how many are not read."""

    files: int
    new: int
    unread: int


def listed(hour: str, state: HourState | None, listing: Listing, now: int) -> HourState:
    """The state of an hour after its files were listed, and read as far as possible."""
    age = now - start_of(hour) - HOUR
    truncated = listing.files >= MOST_LINKS
    first = state is None or state.listed_at is None
    complete = age >= SURE if first else listing.new == 0 and age >= LAST
    settled = not listing.unread and (truncated or complete)
    return HourState(listed_at=from_epoch_ns(now), files=listing.files, settled=settled, truncated=truncated)


def is_over(state: FileState) -> bool:
    """Whether a file is done: it was read, or can't be read."""
    return state.done or state.tries >= MOST_TRIES


def after_file(state: FileState, lines: int, unreadable: int) -> FileState:
    """The state of a file that was read to its end. If it has lines that are not JSON, it is read once more."""
    done = unreadable == 0 or state.unreadable > 0
    return state.model_copy(update={"done": done, "lines": lines, "unreadable": unreadable})
