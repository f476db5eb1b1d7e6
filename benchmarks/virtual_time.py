"""An event loop whose clock jumps to the next timer: hours of waiting run in seconds, and always the same way.

What happens outside of the loop, such as a request to Azurite, takes as long as it takes.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Waits only for what is outside. Otherwise it moves the clock on by the time that the loop would have waited."""

    now = 0.0
    outside = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if self.outside:
            begun = time.monotonic()
            found = super().select(timeout)
            self.now += time.monotonic() - begun
            return found
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("nothing is left to wait for")
            self.now += max(0.0, timeout)
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _Selector()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


@contextmanager
def outside() -> Iterator[None]:
    """While something is awaited that is not on the loop. Does nothing in real time."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, _Loop):
        yield
        return
    loop.clock.outside += 1
    try:
        yield
    finally:
        loop.clock.outside -= 1


def run(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run, in virtual time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        try:
            return runner.run(work)
        finally:
            runner.get_loop().clock.outside += 1  # type: ignore[attr-defined] - the loop waits for its threads
