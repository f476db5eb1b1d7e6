"""Adds results to a scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from triage.coverage.assess import Assessed
from triage.coverage.model import CoverageScan, ScanState
from triage.diagnosis.causes import Cause
from triage.graph.reasons import Lack
from triage.wire import now

_MOST_REASONS = 20
# Until a scan is complete, there can be more users than were counted.
_ALMOST = 0.99


def counted(scan: CoverageScan, users: int, found: Iterable[Assessed], expected: int | None) -> CoverageScan:
    """The scan after `users` more users, of whom some may have a mailbox. `expected` is the number of all users."""
    causes: Counter[Cause] = Counter(scan.by_cause)
    covered, unknown, seen = scan.covered, scan.unknown, scan.users + users
    reasons = list(scan.reasons)
    for one in found:
        if one.obstacle is None:
            covered += 1
        elif one.obstacle.cause is Cause.UNDETERMINED:
            unknown += 1
            reasons += one.obstacle.lacks
        else:
            causes[one.obstacle.cause] += 1
    uncovered = causes.total()
    return scan.model_copy(
        update={
            "users": seen,
            "progress": round(min(_ALMOST, seen / expected), 3) if expected else 0.0,
            "mailboxes": covered + uncovered + unknown,
            "covered": covered,
            "uncovered": uncovered,
            "by_cause": dict(causes.most_common()),
            "unknown": unknown,
            "reasons": _few(reasons),
        }
    )


def ended(scan: CoverageScan, lack: Lack | None = None) -> CoverageScan:
    """The scan at its end: partial if it ended early, for a reason, or if no mailbox could be read.

    A partial scan is not compared with others.
    """
    complete = lack is None and not tells_nothing(scan)
    return scan.model_copy(
        update={
            "state": ScanState.COMPLETE if complete else ScanState.PARTIAL,
            "finished_at": now(),
            "progress": 1.0 if complete else scan.progress,
            "reasons": _few([*scan.reasons, *([lack] if lack else [])]),
            "changes": scan.changes if complete else None,
        }
    )


def tells_nothing(scan: CoverageScan) -> bool:
    """Whether no mailbox could be read: for example without the permission."""
    return bool(scan.unknown) and not scan.covered and not scan.uncovered


def _few(reasons: Iterable[Lack]) -> list[Lack]:
    """Each reason once, and at most a few."""
    found = {(one.check, one.reason, one.permission, one.detail): one for one in reasons}
    return list(found.values())[:_MOST_REASONS]
