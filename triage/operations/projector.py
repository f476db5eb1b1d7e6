"""When the changes of findings are applied: a second after a write, and by a timer whatever is left.

The process that writes applies its own changes, so counts, incidents and exposures follow within seconds. A process can
end at any time; the timer of another one finds what it has left behind.
"""

from __future__ import annotations

import asyncio
import logging
import time

from triage.storage.projection import Projection
from triage.storage.shards import SHARDS
from triage.telemetry.errors import safe_traceback

DELAY = 1.0
"""Seconds from a write until its changes are applied: those of other writes go with them."""
_LONGEST_RUN = 20.0

_log = logging.getLogger(__name__)


class Projector:
    """Applies changes in the background of the running event loop."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def written(self, shard: str) -> None:
        """Says that a shard has new changes."""
        if shard not in self._waiting:
            task = self._waiting[shard] = asyncio.create_task(self._soon(shard))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def run(self, seconds: float) -> int:
        """Applies the changes of all shards, for at most `seconds`. Raises azure.core's errors."""
        until = time.monotonic() + seconds
        return sum(await asyncio.gather(*(self._projection.run(shard, until) for shard in SHARDS)))

    async def close(self) -> None:
        """Ends what runs in the background. What it leaves behind is applied by the timer."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _soon(self, shard: str) -> None:
        await asyncio.sleep(DELAY)
        del self._waiting[shard]
        try:
            await self._projection.run(shard, time.monotonic() + _LONGEST_RUN)
        except Exception as error:
            _log.warning("Changes of findings wait for the timer: %s", safe_traceback(error))
