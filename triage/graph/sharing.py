"""One task under way, and everyone who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """A task that runs as long as someone waits for it: it is canceled when nobody does any more."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.task: asyncio.Task[T] = asyncio.create_task(work)
        self._waiting = 0

    async def wait(self) -> T:
        """The result of the task."""
        self._waiting += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.task.cancel()

    @property
    def over(self) -> bool:
        """Whether there is nothing left to wait for: the task is done, or is being canceled."""
        return self.task.done() or self.task.cancelling() > 0
