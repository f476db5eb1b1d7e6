"""What can happen to the service: hosts are killed, storage goes away, and Graph throttles, fails, hangs or hangs up."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

import httpx

from tests.chaos.hosts import Hosts
from tests.e2e.storage_proxy import StorageProxy

GRAPH = {
    "Graph throttles": [{"status": 429, "retryAfter": 1, "times": 40}],
    "Graph throttles batches": [{"path": r"^/\$batch", "status": 429, "retryAfter": 2, "times": 3}],
    "Graph fails": [{"path": r"^/\$batch", "status": 503, "times": 10}],
    "reads fail": [{"status": 500, "times": 60}],
    "Graph hangs": [{"path": r"^/\$batch", "delaySeconds": 30, "times": 2}],
    "Graph hangs up": [{"path": r"^/\$batch", "dropConnection": True, "times": 10}],
    "Graph is malformed": [{"path": r"^/\$batch", "malformed": True, "times": 5}],
}


class Harm:
    """Does one thing after another, by chance, until it is stopped. `done` counts what was done."""

    def __init__(
        self, hosts: Hosts, queues: StorageProxy, tables: StorageProxy, graph: str, chance: random.Random
    ) -> None:
        self.done: Counter[str] = Counter()
        self._hosts = hosts
        self._queues, self._tables = queues, tables
        self._graph = graph
        self._chance = chance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self, least: int = 0) -> None:
        """Stops when so much was done, and makes everything whole: what happens now, happens without harm."""
        while self.done.total() < least and self._thread.is_alive():
            time.sleep(0.1)
        self._stop.set()
        self._thread.join(60)
        for proxy in (self._queues, self._tables):
            proxy.come_back()
        httpx.delete(f"{self._graph}/_sandbox/faults").raise_for_status()

    def _run(self) -> None:
        kinds: dict[str, Callable[[], None]] = {
            "a host is killed": self._hosts.kill_one,
            "tables are away": lambda: self._away(self._tables),
            "queues are away": lambda: self._away(self._queues),
            "tables are silent": lambda: self._silent(self._tables),
        }
        for name, rules in GRAPH.items():
            kinds[name] = lambda rules=rules: self._break(rules)
        order: list[str] = []
        while not self._stop.is_set():
            if not order:  # each once before any comes again
                order = self._chance.sample(sorted(kinds), len(kinds))
            name = order.pop()
            kinds[name]()
            self.done[name] += 1
            self._stop.wait(self._chance.uniform(0.2, 1.5))

    def _away(self, proxy: StorageProxy) -> None:
        proxy.go()
        self._stop.wait(self._chance.uniform(0.5, 3))
        proxy.come_back()

    def _silent(self, proxy: StorageProxy) -> None:
        proxy.fall_silent()
        self._stop.wait(self._chance.uniform(0.5, 3))
        proxy.come_back()

    def _break(self, rules: list[dict[str, object]]) -> None:
        httpx.post(f"{self._graph}/_sandbox/faults", json=rules).raise_for_status()


def settle(is_settled: Callable[[], bool], seconds: float) -> float:
    """Seconds until it holds twice in a row; TimeoutError if it does not in time."""
    begun = time.monotonic()
    held = 0
    while held < 2:
        if time.monotonic() - begun > seconds:
            raise TimeoutError(f"not settled after {seconds:.0f} s")
        held = held + 1 if is_settled() else 0
        time.sleep(0.5)
    return time.monotonic() - begun
