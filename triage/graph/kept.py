"""What belongs to a tenant or an app, kept for a while: it is the same for every failure of a storm."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from triage.graph.evidence import Answer, Reason
from triage.graph.sharing import Shared

T = TypeVar("T")

# What was forbidden is asked again sooner: an administrator may be granting the permission.
KEEP_SECONDS = 15 * 60.0
KEEP_FORBIDDEN_SECONDS = 60.0


@dataclass(slots=True)
class Kept(Generic[T]):
    """One value that is shared, and read again when it is too old or when a fresh one is needed.

    `answers` returns the answers in a value: a value with an answer that failed for a passing reason is not kept.
    """

    read: Callable[[], Awaitable[T]]
    answers: Callable[[T], Iterable[Answer[object]]]
    value: T | None = None
    until: float = 0.0
    reading: Shared[T] | None = None

    async def get(self, *, fresh: bool = False) -> T:
        """The value, at most 15 minutes old; with `fresh`, read now, and what is read replaces what was kept."""
        if not fresh and self.value is not None and time.monotonic() < self.until:
            return self.value
        if fresh or self.reading is None or self.reading.over:
            self.reading = Shared(self._read())
        return await self.reading.wait()

    async def _read(self) -> T:
        value = await self.read()
        self.keep(value)
        return value

    def keep(self, value: T) -> None:
        """Keeps what was read, unless something in it could not be read for a passing reason."""
        reasons = {answer.reason for answer in self.answers(value) if answer.reason}
        if reasons <= {Reason.FORBIDDEN}:
            self.value = value
            self.until = time.monotonic() + (KEEP_FORBIDDEN_SECONDS if reasons else KEEP_SECONDS)
        else:
            self.until = 0.0
