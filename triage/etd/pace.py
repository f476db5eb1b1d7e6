"""Spaces the requests of one business, so that its other clients find room in ETD's 2 a second."""

from __future__ import annotations

import asyncio


class Pace:
    """At most this number of requests a second, in the order in which they ask."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._next = 0.0

    async def turn(self) -> None:
        """Waits until a request may be sent."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + 1 / self.per_second
        if mine > now:
            await asyncio.sleep(mine - now)
