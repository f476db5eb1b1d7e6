"""One piece of work under way, and all that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """A task that goes on for as long as anyone waits for it: the last one to leave ends it."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.task: asyncio.Task[T] = asyncio.create_task(work)
        self._waiting = 0

    async def wait(self) -> T:
        """What comes of it."""
        self._waiting += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.task.cancel()

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for any more: it has ended, or is being ended."""
        return self.task.done() or self.task.cancelling() > 0
