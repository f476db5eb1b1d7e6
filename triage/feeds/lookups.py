"""Searches for messages whose mailboxes Log Export did not name: by time, because ETD's search has no filter by ID."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from triage.feeds.actions import Action, ActionState
from triage.feeds.lanes import DAY, MINUTE, Piece
from triage.wire import epoch_ns

BEFORE = ((DAY, -5 * MINUTE), (8 * DAY, DAY))
"""How long before the action each search starts and ends."""
TOGETHER = 2 * DAY
"""Messages share a search if it is not longer than this, or than one of them needs."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A time in which to search for some messages, and the words of their verdicts."""

    piece: Piece
    etd_ids: tuple[str, ...]
    verdicts: frozenset[str]


def lookups(orphans: Iterable[Action], newest: int) -> list[Lookup]:
    """The searches for actions without mailboxes: the first or the second for each. `newest` limits their end."""
    found: list[Lookup] = []
    for orphan in sorted(orphans, key=lambda one: (one.looks, one.at)):
        before, after = BEFORE[min(orphan.looks, len(BEFORE) - 1)]
        at = epoch_ns(orphan.at)
        start, end = at - before, min(at - after, newest)
        if start >= end:
            continue
        words = frozenset({orphan.verdict}) if orphan.verdict else frozenset[str]()
        last = found[-1] if found else None
        joined = Piece(min(last.piece.start, start), max(last.piece.end, end)) if last else None
        if last and joined and joined.end - joined.start <= max(TOGETHER, before):
            found[-1] = Lookup(joined, (*last.etd_ids, orphan.etd_id), last.verdicts | words)
        else:
            found.append(Lookup(Piece(start, end), (orphan.etd_id,), words))
    return found


def after_lookup(orphan: Action) -> Action:
    """An action whose mailboxes a search did not find. After the last search, they stay unknown."""
    looks = orphan.looks + 1
    state = ActionState.WAITING if looks < len(BEFORE) else ActionState.NOT_VERIFIED
    return orphan.model_copy(update={"looks": looks, "state": state, "next_look_at": None})
