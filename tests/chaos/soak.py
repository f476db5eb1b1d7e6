"""`make soak`: failures arrive for minutes, and the memory and the open files of the host stay as they are.

The exit code is 1 if the host's memory or its open files grew in the second half of the time, or if a failure was lost.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from azure.storage.queue import QueueClient

from benchmarks import mix
from benchmarks.tenant import tenant
from sandbox.azurite import azurite
from sandbox.processes import host
from tests.e2e.conftest import QUICK

QUEUE = "soak"
ROUND_SECONDS = 2.0
GROWTH_MB, GROWTH_FILES = 15.0, 8
"""What the second half of the time may add: the allocator's noise, and connections that come and go."""
_PEOPLE = 1000


@dataclass
class Soak:
    """What was measured in each round, after the failures of that round were sent."""

    sent: int = 0
    found: int = 0
    memory_mb: list[float] = field(default_factory=list[float])
    files: list[int] = field(default_factory=list[int])

    @property
    def growth_mb(self) -> float:
        """Memory at the end against the middle; each is the least of a tenth of the time."""
        return _growth(self.memory_mb)

    @property
    def growth_files(self) -> float:
        """Open files at the end against the middle."""
        return _growth(self.files)

    @property
    def sound(self) -> bool:
        """Whether nothing grew, and nothing was lost."""
        return self.growth_mb <= GROWTH_MB and self.growth_files <= GROWTH_FILES and self.found == self.sent


def run(seconds: float, rate: float = 5.0, *, shown: bool = False) -> Soak:
    """Sends `rate` failures a second for so long, to a host with storage and a simulated tenant. Reads pages as well.

    People come again, so findings are new, seen again, and in incidents that grow.
    """
    bodies = [failure for failure, _ in mix.failures(mix.world(_PEOPLE), _PEOPLE)]
    result = Soak()
    with azurite() as storage, tenant(_PEOPLE, latency_ms=20) as graph:
        settings = graph.settings | QUICK | {"TriageStorage": storage.connection_string, "TRIAGE_QUEUE": QUEUE}
        with host(environ=settings) as (child, url), httpx.Client(base_url=url, timeout=40) as http:
            queue = QueueClient.from_connection_string(storage.connection_string, QUEUE)
            begun = time.monotonic()
            while (passed := time.monotonic() - begun) < seconds:
                size = max(1, int(rate * ROUND_SECONDS))
                part = [
                    bodies[number % _PEOPLE] | {"id": f"soak-{number}"}
                    for number in range(result.sent, result.sent + size)
                ]
                http.post("/api/failures", json=part).raise_for_status()
                result.sent += size
                for path in ("findings?top=50", "findings?exposed=true", "summary", "health"):
                    http.get(f"/api/{path}")
                time.sleep(max(0.0, passed + ROUND_SECONDS - (time.monotonic() - begun)))
                result.memory_mb.append(_memory_mb(child.process.pid))
                result.files.append(len(list(Path(f"/proc/{child.process.pid}/fd").iterdir())))
                if shown and len(result.files) % 15 == 1:
                    line = f"{passed / 60:5.1f} min  {result.sent:6} failures  {result.memory_mb[-1]:6.1f} MB"
                    print(f"{line}  {result.files[-1]:4} files", flush=True)
            end = time.monotonic() + 60
            while result.found < result.sent and time.monotonic() < end:
                time.sleep(0.5)
                if queue.get_queue_properties().approximate_message_count == 0:
                    result.found = http.get("/api/summary").json()["total"]
    return result


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def _growth(values: list[float] | list[int]) -> float:
    tenth = max(1, len(values) // 10)
    middle = len(values) // 2
    return min(values[-tenth:]) - min(values[middle : middle + tenth])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long failures arrive (default: 20)")
    parser.add_argument("--rate", type=float, default=5.0, help="failures a second (default: 5)")
    options = parser.parse_args()
    found = run(options.minutes * 60, options.rate, shown=True)
    print(f"failures       {found.sent}, found {found.found}")
    print(f"memory         {found.memory_mb[-1]:.1f} MB, {found.growth_mb:+.1f} MB in the second half")
    print(f"open files     {found.files[-1]}, {found.growth_files:+.0f} in the second half")
    print("Flat." if found.sound else "Not flat, or something was lost: see above.")
    return int(not found.sound)


if __name__ == "__main__":
    sys.exit(main())
