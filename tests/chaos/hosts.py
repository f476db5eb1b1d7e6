"""Several hosts of the function app on one storage account. One can be killed; another takes its place."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from sandbox.processes import Child, host


class Hosts:
    def __init__(self, stack: ExitStack, count: int, settings: Mapping[str, str], chance: random.Random) -> None:
        self._stack = stack
        self._settings = settings
        self._chance = chance
        self._lock = threading.Lock()
        self._running: list[tuple[Child, str]] = [self._start() for _ in range(count)]

    def address(self) -> str:
        """The address of any of them. It may be gone when it is used."""
        with self._lock:
            return self._chance.choice(self._running)[1]

    def kill_one(self) -> None:
        """Kills one with SIGKILL, and starts another."""
        with self._lock:
            victim = self._running.pop(self._chance.randrange(len(self._running)))
        victim[0].process.kill()
        victim[0].process.wait()
        fresh = self._start()
        with self._lock:
            self._running.append(fresh)

    def _start(self) -> tuple[Child, str]:
        return self._stack.enter_context(host("--lease", "4", environ=self._settings))


@contextmanager
def hosts(count: int, settings: Mapping[str, str], chance: random.Random) -> Iterator[Hosts]:
    with ExitStack() as stack:
        yield Hosts(stack, count, settings, chance)
