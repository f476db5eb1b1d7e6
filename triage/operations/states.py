"""The states of storage, the channels and the feeds. They are cached for seconds, because anybody may ask for the health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from triage import deadlines
from triage.feeds.model import Feed
from triage.graph.kept import READ_NOW, Kept
from triage.notifications.rules import is_failing
from triage.operations.feed_session import FeedSession
from triage.settings import Settings
from triage.storage.channel_leases import ChannelLeases
from triage.storage.findings import Findings
from triage.storage.queue import IntakeQueue

# The health tries storage at most this often in this many seconds. Other callers get the last answer.
STORAGE_ASKED = 5
STORAGE_SECONDS = 5.0
_STATES_SECONDS = 30.0


class States:
    """Whether storage, the channels and the feeds work. `feed` returns the session of a tenant's feed."""

    def __init__(
        self,
        settings: Settings,
        queue: IntakeQueue,
        findings: Findings,
        channels: ChannelLeases,
        feeds: Callable[[], list[FeedSession]],
    ) -> None:
        self._settings, self._queue, self._findings, self._channels, self._sessions = (
            settings,
            queue,
            findings,
            channels,
            feeds,
        )
        self._storage = Kept(self._read_storage, lambda _: (), seconds=STORAGE_SECONDS)
        self._failing = Kept(self._count_failing, lambda _: (), seconds=_STATES_SECONDS)
        self._feeds = Kept(self._read_feeds, lambda _: (), seconds=_STATES_SECONDS)
        self._asked, self._asked_since = 0, 0.0

    async def storage_error(self) -> str:
        """The type of the error if storage can't be reached, or an empty text."""
        now = time.monotonic()
        if now >= self._asked_since + STORAGE_SECONDS:
            self._asked, self._asked_since = 0, now
        self._asked += 1
        return await self._storage.get(since=READ_NOW if self._asked <= STORAGE_ASKED else 0.0)

    async def failing_channels(self) -> int | None:
        """How many channels for notifications are failing; None if that can't be read. At most 30 seconds old."""
        return await self._failing.get()

    async def feeds(self) -> list[Feed] | None:
        """The state of each feed; None if that can't be read. At most 30 seconds old."""
        return await self._feeds.get()

    async def _read_storage(self) -> str:
        from azure.core.exceptions import AzureError

        try:
            async with asyncio.timeout(deadlines.HEALTH_STORAGE):
                await asyncio.gather(self._queue.ping(), self._findings.get("0" * 32))
        except (AzureError, TimeoutError) as error:
            return type(error).__name__
        return ""

    async def _count_failing(self) -> int | None:
        from azure.core.exceptions import AzureError

        if not self._settings.notifications:
            return 0
        try:
            async with asyncio.timeout(deadlines.HEALTH_STORAGE):
                states = await self._channels.states()
        except (AzureError, TimeoutError):
            return None
        names = {channel.name for channel in self._settings.notifications}
        return sum(is_failing(state, time.time_ns()) for name, state in states.items() if name in names)

    async def _read_feeds(self) -> list[Feed] | None:
        from azure.core.exceptions import AzureError

        try:
            async with asyncio.timeout(deadlines.HEALTH_STORAGE):
                return list(await asyncio.gather(*(session.state() for session in self._sessions())))
        except (AzureError, TimeoutError):
            return None
