"""How many requests a feed may still make today: other clients of the customer have the same quota."""

from __future__ import annotations

from collections.abc import Mapping

from triage.feeds.lanes import Lane
from triage.problems import TriageError

UNTIL = {Lane.WEEK: 0.8, Lane.DAY: 0.9, Lane.LOOKUP: 0.9, Lane.LEDGER: 1.0, Lane.FAST: 1.0}
"""The part of the day's share that may be used when a lane makes a request: what can wait goes first."""
MOST_LOOKUPS = 200


class BudgetSpentError(TriageError):
    """A lane may not make another request today."""


def may_ask(lane: Lane, used: Mapping[str, int], share: int) -> bool:
    """Whether a lane may make a request, after so many today by lane."""
    if lane is Lane.LOOKUP and used.get(lane, 0) >= min(MOST_LOOKUPS, share):
        return False
    return sum(used.values()) < UNTIL[lane] * share
