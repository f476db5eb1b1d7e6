"""Polls one tenant's feed: each lane in turn, for a slice of time.

What is found is stored before it counts as read. So after a run that ends anywhere, the next one reads the same again, and
what is already known doesn't change.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from triage import deadlines
from triage.etd import EtdError
from triage.feeds.budget import BudgetSpentError
from triage.feeds.lanes import Lane
from triage.operations.feed_ledger import LedgerRun
from triage.operations.feed_search import look_up, read_window
from triage.operations.feed_session import FeedSession, Job
from triage.operations.feed_sightings import Sightings
from triage.telemetry.instruments import span

LEASE = deadlines.POLL + deadlines.ETD_CALL
_LEDGER = "Log Export"
_SEARCH = "Message Search"

_log = logging.getLogger(__name__)


async def poll_feed(session: FeedSession, first_look_minutes: int, seconds: float = deadlines.POLL) -> bool:
    """Reads what is due, for at most `seconds`. False if another run is doing it. Raises azure.core's errors."""
    lease = await session.rows.lease(Job.POLL, session.clock(), LEASE)
    if lease is None:
        return False
    try:
        with span("Poll feed"):
            session.begin(Job.POLL)
            sightings = Sightings(session, first_look_minutes)
            await sightings.read_orphans()
            await _Poll(session, sightings, time.monotonic() + seconds).run()
    finally:
        await session.rows.release(lease)
    return True


class _Poll:
    def __init__(self, session: FeedSession, sightings: Sightings, until: float) -> None:
        self._session = session
        self._sightings = sightings
        self._until = until
        self._search_fails = False

    async def run(self) -> None:
        """Reads every lane, the most urgent first. Lanes that can wait get the time that is left."""
        await self._search(Lane.FAST)
        await self._try(Lane.LEDGER, LedgerRun(self._session, self._sightings, self._until).run)
        await self._search(Lane.DAY)
        if not self._search_fails:
            await self._try(Lane.LOOKUP, lambda: look_up(self._session, self._sightings, self._until))
        await self._search(Lane.WEEK)

    async def _search(self, lane: Lane) -> None:
        if not self._search_fails:
            await self._try(lane, lambda: read_window(self._session, self._sightings, lane, self._until))

    async def _try(self, lane: Lane, work: Callable[[], Awaitable[None]]) -> None:
        """Reads one lane. An error is stored where people see it. It stops only lanes that use the same part of the API."""
        if time.monotonic() >= self._until:
            return
        try:
            left = max(1.0, self._until - time.monotonic())
            with self._session.asking(Job.POLL, lane):
                async with asyncio.timeout(left + deadlines.ETD_REQUEST):
                    await work()
        except BudgetSpentError:
            _log.info("The lane %s of a feed has no request left for today.", lane)
        except TimeoutError:
            _log.info("The lane %s of a feed was not done in time.", lane)
        except EtdError as error:
            _log.warning("The lane %s of a feed failed: %s, status %s", lane, error.reason, error.status)
            await self._keep(lane, error)
            self._search_fails = self._search_fails or lane is not Lane.LEDGER

    async def _keep(self, lane: Lane, error: EtdError) -> None:
        if lane is Lane.LOOKUP:
            return
        rows = self._session.rows
        is_ledger = lane is Lane.LEDGER
        state, what = (await rows.ledger(), _LEDGER) if is_ledger else (await rows.lane(lane), _SEARCH)
        await rows.save_lane(lane, state.failed(f"{what}: {error}", self._session.clock(), fatal=error.fatal))
