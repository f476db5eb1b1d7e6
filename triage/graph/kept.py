"""What belongs to a tenant or an app, kept for a while: it is the same for every failure of a storm."""

from __future__ import annotations

import math
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
READ_NOW = math.inf
"""`since` of a value that has to be read now."""
_LASTING = {Reason.FORBIDDEN, Reason.UNSUPPORTED, Reason.TOO_MANY}


@dataclass(slots=True)
class Kept(Generic[T]):
    """One value that is shared, and read again when it is too old or when a newer one is needed.

    `answers` returns the answers in a value: if one of them failed for a reason that may pass, the value is kept for
    `failed_seconds`.
    """

    read: Callable[[], Awaitable[T]]
    answers: Callable[[T], Iterable[Answer[object]]]
    failed_seconds: float = 0.0
    seconds: float = KEEP_SECONDS
    value: T | None = None
    until: float = 0.0
    begun: float = 0.0
    reading: Shared[T] | None = None
    reading_since: float = 0.0

    async def get(self, *, since: float = 0.0, read: Callable[[], Awaitable[T]] | None = None) -> T:
        """The value, at most 15 minutes old, from a reading that began at `since` or later (time.monotonic).

        What is read replaces what was kept. `read` reads it in another way.
        """
        if self.value is not None and self.begun >= since and time.monotonic() < self.until:
            return self.value
        if self.reading is None or self.reading.over or self.reading_since < since:
            self.reading, self.reading_since = Shared(self._read(read or self.read)), time.monotonic()
        return await self.reading.wait()

    async def newest(self) -> T:
        """What is being read now, if anything is; otherwise as `get`."""
        if self.reading is not None and not self.reading.over:
            return await self.reading.wait()
        return await self.get()

    async def _read(self, read: Callable[[], Awaitable[T]]) -> T:
        begun = time.monotonic()
        value = await read()
        if begun >= self.begun:
            # A reading that began earlier and ends later must not replace a fresher value.
            self._keep(value, begun)
        return value

    def _keep(self, value: T, begun: float) -> None:
        reasons = {answer.reason for answer in self.answers(value) if answer.reason}
        seconds = self.seconds
        if reasons:
            seconds = KEEP_FORBIDDEN_SECONDS if reasons <= _LASTING else self.failed_seconds
        self.value, self.begun, self.until = value, begun, time.monotonic() + seconds
