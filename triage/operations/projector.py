"""Applies the changes of findings: a second after a write, and by a timer.

The process that writes also applies its own changes, so counts, incidents and exposures follow within seconds. If it ends
before that, the timer of another process applies them.
"""

from __future__ import annotations

import asyncio
import logging
import time

from triage.storage.projection import Projection
from triage.storage.shards import SHARDS
from triage.telemetry.errors import safe_traceback

DELAY = 1.0
"""Seconds from a write until its changes are applied, together with those of other writes."""
_LONGEST_RUN = 20.0
_LONGEST_CLOSING = 5.0

_log = logging.getLogger(__name__)


class Projector:
    """Applies changes in the background of the running event loop."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._written: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._applying = False

    def written(self, shard: str) -> None:
        """Notes that a shard has new changes."""
        self._written.add(shard)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())

    async def run(self, seconds: float) -> int:
        """Applies the changes of all shards, for at most `seconds`. Raises azure.core's errors."""
        return await self._projection.run(SHARDS, time.monotonic() + seconds)

    async def close(self) -> None:
        """Ends the work in the background. The timer applies what is left.

        Changes that are being applied are finished, if that doesn't take long: otherwise their leases would block others.
        """
        if self._task is None:
            return
        self._written.clear()
        if self._applying:
            await asyncio.wait([self._task], timeout=_LONGEST_CLOSING)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        """Applies changes until there are no more."""
        while self._written:
            await asyncio.sleep(DELAY)
            shards, self._written = self._written, set()
            self._applying = True
            try:
                await self._projection.run(shards, time.monotonic() + _LONGEST_RUN)
            except Exception as error:
                _log.warning("Changes of findings wait for the timer: %s", safe_traceback(error))
            finally:
                self._applying = False
