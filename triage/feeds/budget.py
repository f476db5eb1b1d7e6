"""How many requests a feed may still make today. Other clients of the customer share the quota."""

from __future__ import annotations

from collections.abc import Mapping

from triage.feeds.lanes import Lane
from triage.problems import TriageError

UNTIL = {Lane.WEEK: 0.8, Lane.DAY: 0.9, Lane.LOOKUP: 0.9, Lane.CONFIRM: 0.9, Lane.LEDGER: 1.0, Lane.FAST: 1.0}
"""The part of the day's share at which a lane stops. Lanes that can wait stop first."""
MOST = {Lane.LOOKUP: 200, Lane.CONFIRM: 200}
"""The most requests of a lane in a day."""


class BudgetSpentError(TriageError):
    """A lane may not make another request today."""


def may_ask(lane: Lane, used: Mapping[str, int], share: int) -> bool:
    """Whether a lane may make a request, by the number of today's requests of each lane."""
    if used.get(lane, 0) >= MOST.get(lane, share):
        return False
    return sum(used.values()) < UNTIL[lane] * share
