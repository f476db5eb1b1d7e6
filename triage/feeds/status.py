"""The state of a feed, from its rows, as people and the health see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from triage.amounts import amount
from triage.feeds.counts import (
    CANDIDATES,
    FAILURES_FOUND,
    MAILBOXES_UNKNOWN,
    NOT_FOUND,
    NOT_VERIFIED,
    VERIFIED,
)
from triage.feeds.hours import SILENT, LedgerState
from triage.feeds.lanes import HOUR, LAG, MINUTE, SECOND, WINDOWS, Lane, LaneState, Progress
from triage.feeds.model import Feed, FeedGap, FeedLanes, FeedState, LogExportLane, SearchLane
from triage.wire import epoch_ns

BEHIND = HOUR
"""A feed is behind if it, or a look that is due, is later than this."""
FAILING = 30 * MINUTE
"""A feed is failing if a temporary error has lasted this long."""
NO_FILES = "Log Export gave no file. Is it switched on?"
SPENT = "Today's share of requests is used up."


@dataclass(frozen=True, slots=True)
class Record:
    """The rows of one feed. `counts` are those of the last 14 days. `due` is when the oldest waiting look is due."""

    lanes: Mapping[Lane, LaneState] = field(default_factory=dict[Lane, LaneState])
    ledger: LedgerState = field(default_factory=LedgerState)
    counts: Mapping[str, int] = field(default_factory=Counter[str])
    gaps: Sequence[FeedGap] = ()
    used: int = 0
    due: int | None = None


def feed_of(tenant_id: str, share: int, record: Record, now: int, days_left: int | None = None) -> Feed:
    """The feed of a tenant whose API is configured. `days_left`: when its credentials end, if that is soon."""
    fast = record.lanes.get(Lane.FAST, LaneState())
    ledger = record.ledger
    behind = max(0, now - LAG - epoch_ns(fast.cursor)) if fast.cursor else 0
    return Feed(
        tenant_id=tenant_id,
        state=_state(record, share, behind, now),
        last_success_at=fast.last_success_at,
        behind_seconds=behind // SECOND,
        lanes=FeedLanes(
            search=SearchLane(cursor=fast.cursor, last_success_at=fast.last_success_at),
            log_export=LogExportLane(
                cursor=ledger.cursor, last_success_at=ledger.last_success_at, settled_until=ledger.settled_until
            ),
        ),
        candidates=record.counts.get(CANDIDATES, 0),
        verified=record.counts.get(VERIFIED, 0),
        failures_found=record.counts.get(FAILURES_FOUND, 0),
        not_verified=record.counts.get(NOT_VERIFIED, 0) + record.counts.get(NOT_FOUND, 0),
        mailboxes_unknown=record.counts.get(MAILBOXES_UNKNOWN, 0),
        gaps=[*record.gaps, *_silence(ledger)],
        requests_today=record.used,
        request_share=share,
        last_error=_error(record, share, days_left),
    )


def off(tenant_id: str) -> Feed:
    """The state for a tenant without a feed."""
    return Feed(tenant_id=tenant_id, state=FeedState.OFF)


def _state(record: Record, share: int, behind: int, now: int) -> FeedState:
    if any(_fails(lane, now) for lane in record.lanes.values()):
        return FeedState.FAILING
    late = any(
        lane in record.lanes and _late(record.lanes[lane], window.every, now) for lane, window in WINDOWS.items()
    )
    overdue = record.due is not None and now - record.due >= BEHIND
    late = late or overdue or _fails(record.ledger, now)
    return FeedState.BEHIND if behind >= BEHIND or late or record.used >= share else FeedState.OK


def _fails(state: Progress, now: int) -> bool:
    """Whether a lane fails with an error that is lasting, or has lasted too long."""
    if not state.last_error or not state.last_error_at:
        return False
    worked = epoch_ns(state.last_success_at) if state.last_success_at else 0
    return state.fatal or min(epoch_ns(state.last_error_at), now) - worked >= FAILING


def _late(state: LaneState, every: int, now: int) -> bool:
    """Whether a lane is an hour late with reading a window to its end."""
    return state.cursor is not None and now - LAG - epoch_ns(state.cursor) >= every + BEHIND


def _error(record: Record, share: int, days_left: int | None) -> str | None:
    """The last error, or one that is about to come."""
    failed = [state for state in (*record.lanes.values(), record.ledger) if state.last_error]
    if failed:
        return sorted(failed, key=lambda state: state.last_error_at or "")[-1].last_error
    if record.used >= share:
        return SPENT
    if days_left is not None:
        end = f"end in {amount(days_left, 'day')}" if days_left > 0 else "have ended"
        return f"The credentials of the API {end}."
    return None


def _silence(ledger: LedgerState) -> list[FeedGap]:
    """The time without files of Log Export, if it is long."""
    since, until = ledger.last_file_at or ledger.first, ledger.settled_until
    if since is None or until is None or epoch_ns(until) - epoch_ns(since) < SILENT:
        return []
    return [FeedGap.of(epoch_ns(since), epoch_ns(until), NO_FILES)]
