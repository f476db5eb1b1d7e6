"""Reads Message Search: the window of a lane, piece by piece, and the mailboxes that Log Export did not name."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence

from triage import deadlines
from triage.etd import EtdError, EtdReason, SearchPage
from triage.feeds.actions import Action, ActionState, Sighting
from triage.feeds.lanes import (
    HOUR,
    LAG,
    SECOND,
    Lane,
    Piece,
    after_piece,
    begun,
    halved,
    is_due,
    next_piece,
)
from triage.feeds.lookups import Lookup, after_lookup, lookups
from triage.feeds.model import FeedGap
from triage.feeds.rows import read_search_row
from triage.operations.feed_session import FeedSession, Job
from triage.operations.feed_sightings import Sightings
from triage.settings import Verdict
from triage.storage.feed_actions import Change
from triage.wire import as_datetime, epoch_ns, from_epoch_ns

LOST = "Message Search has no messages that are older than 90 days."
_LOOKUP_WORDS = (Verdict.SPAM, Verdict.GRAYMAIL)


async def read_window(session: FeedSession, sightings: Sightings, lane: Lane, until: float) -> None:
    """Reads a lane's window, or continues it, until it is read or time is up (`until`, of time.monotonic)."""
    state = await session.rows.lane(lane)
    if not is_due(lane, state, session.clock()):
        return
    state, lost = begun(lane, state, session.clock())
    if lost is not None:
        await session.rows.add_gap(FeedGap.of(lost.start, lost.end, LOST))
    await session.rows.save_lane(lane, state)
    while state.reading and time.monotonic() < until:
        piece = next_piece(state)
        done = await _read_piece(session, sightings, lane, piece, until)
        state = after_piece(state, piece, session.clock()) if done else halved(state, piece)
        await session.rows.save_lane(lane, state)


async def _read_piece(session: FeedSession, sightings: Sightings, lane: Lane, piece: Piece, until: float) -> bool:
    """Reads a piece to its last page. False if time is up before that, or if the first page shows that it would be."""
    first = True
    async for page in pages(session, piece, session.api.verdicts):
        found = [read_search_row(row, lane) for row in page.messages]
        await sightings.store([one for one in found if one is not None])
        if page.next_page is not None and time.monotonic() >= until:
            return False
        if first and piece.end - piece.start > HOUR and _seconds(session, page) > until - time.monotonic():
            return False
        first = False
    return True


def _seconds(session: FeedSession, page: SearchPage) -> float:
    """How long the pages after the first one take at least, if the first one has the number of messages."""
    rest = (page.total or 0) - len(page.messages)
    return rest / max(len(page.messages), 1) / session.per_second(Job.POLL)


async def pages(session: FeedSession, piece: Piece, verdicts: Sequence[str]) -> AsyncIterator[SearchPage]:
    """The pages of a time. Rows may come twice, because a page token can expire together with the access token."""
    start, end = (as_datetime(from_epoch_ns(moment)) for moment in (piece.start, piece.end))
    token: str | None = None
    again = True
    while True:
        try:
            page = await session.client.search(start, end, verdicts, token)
        except EtdError as error:
            if error.reason is not EtdReason.REFUSED or token is None or not again:
                raise
            token, again = None, False
            continue
        yield page
        if page.next_page is None:
            return
        token = page.next_page


async def look_up(session: FeedSession, sightings: Sightings, until: float) -> None:
    """Searches for messages whose mailboxes ETD did not name: around the action first, then for a week before it."""
    waiting = [one.action for one in sightings.orphans.values() if one.action.state is ActionState.WAITING]
    for lookup in lookups(waiting, session.clock() - LAG):
        if time.monotonic() >= until - deadlines.ETD_REQUEST:
            return
        if not await _read_lookup(session, sightings, lookup, until):
            return
        left = [sightings.orphans[one] for one in lookup.etd_ids if one in sightings.orphans]
        changes = [Change(one, after_lookup(one.action)) for one in left if one.action.state is ActionState.WAITING]
        await session.actions.save(changes, session.today, Job.POLL)
        await sightings.read_orphans()


async def _read_lookup(session: FeedSession, sightings: Sightings, lookup: Lookup, until: float) -> bool:
    """Reads until every message is found or there are no more pages. False if time is up before that."""
    known = {verdict.value for verdict in Verdict}
    words = {*session.api.verdicts, *_LOOKUP_WORDS, *(word for word in lookup.verdicts if word in known)}
    async for page in pages(session, lookup.piece, sorted(words)):
        rows = [read_search_row(row, Lane.LOOKUP) for row in page.messages]
        await sightings.store([row for row in rows if row is not None and row.etd_id in sightings.orphans])
        if not any(one in sightings.orphans for one in lookup.etd_ids):
            return True
        if page.next_page is not None and time.monotonic() >= until:
            return False
    return True


async def newest_of(session: FeedSession, action: Action) -> Sighting | None:
    """What Message Search says about a message now; None if it doesn't have it, or the time of the message is not known.

    The windows don't show a message that an analyst has found harmless. This search does, because it asks for every verdict.
    """
    if action.message_at is None:
        return None
    around = Piece(epoch_ns(action.message_at) - SECOND, epoch_ns(action.message_at) + SECOND)
    async for page in pages(session, around, [verdict.value for verdict in Verdict]):
        for row in page.messages:
            if row.get("id") == action.etd_id:
                return read_search_row(row, Lane.CONFIRM)
    return None
