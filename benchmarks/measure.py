"""Gives the messages of a file, which replaces the queue, to a program that triages them, and measures it."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Queued:
    """A message, the id of its finding, and the cause that the finding has to give."""

    finding_id: str
    cause: str
    text: str


Triage = Callable[[Queued], Awaitable[str]]
"""Triages a message, and returns the cause of its finding."""
Source = Callable[[], Awaitable[Queued | None]]
"""The next message; None: there are no more."""


def arguments() -> argparse.Namespace:
    """The options of every measured program. `--started`: time.monotonic when its process was started."""
    parser = argparse.ArgumentParser()
    parser.add_argument("messages", type=Path)
    parser.add_argument("--concurrent", type=int, default=1)
    parser.add_argument("--started", type=float, default=time.monotonic())
    parser.add_argument("--keep", action="store_true", help="baseline: read the tenant and the app once")
    parser.add_argument("--storage", action="store_true", help="service: findings go to the account of TriageStorage")
    parser.add_argument(
        "--without-incidents", action="store_true", help="service: neither incidents nor exposures are kept"
    )
    parser.add_argument("--host", action="store_true", help="service: messages come from a host, which reads the queue")
    return parser.parse_args()


def read(path: Path) -> Iterator[Queued]:
    """The messages of a file, one at a time, so that the queue is not in the program's memory."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Queued(*line.rstrip("\n").split("\t", 2))


def source(path: Path) -> Source:
    """The messages of a file."""
    messages = read(path)

    async def following() -> Queued | None:
        return next(messages, None)

    return following


async def _nothing() -> None:
    pass


async def measure(
    following: Source,
    triage: Triage,
    concurrent: int,
    started: float,
    *,
    warm: Callable[[], Awaitable[None]] = _nothing,
    finish: Callable[[], Awaitable[None]] = _nothing,
) -> dict[str, Any]:
    """Triages all messages, `concurrent` at a time.

    The first one runs alone and counts only for the start: it loads modules and connects. `warm` follows it. `finish`
    does at the end what is left to do, and is part of what is measured.
    """
    wrong: dict[str, int] = {}
    latencies: list[float] = []

    async def one(message: Queued) -> None:
        begun = time.perf_counter()
        cause = await triage(message)
        latencies.append(time.perf_counter() - begun)
        if cause != message.cause:
            name = f"{message.cause} was found to be {cause}"
            wrong[name] = wrong.get(name, 0) + 1

    async def work() -> None:
        while (message := await following()) is not None:
            await one(message)

    if (message := await following()) is None:
        raise ValueError("there is no message")
    await one(message)
    first = time.monotonic() - started
    await warm()
    latencies.clear()
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(concurrent)))
    await finish()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    latencies.sort()
    count = len(latencies)
    return {
        "count": count,
        "seconds": wall,
        "cpuMs": cpu * 1000 / count,
        "p50Ms": latencies[count // 2] * 1000,
        "p95Ms": latencies[min(count - 1, count * 95 // 100)] * 1000,
        "firstFindingSeconds": first,
        "peakMemoryMb": peak_memory_mb(),
        "tasksLeft": len(asyncio.all_tasks()) - 1,
        "wrong": wrong,
    }


def report(figures: dict[str, Any]) -> None:
    """Prints the measurements for the process that started this one."""
    json.dump(figures, sys.stdout)
    print(flush=True)


def peak_memory_mb() -> float:
    """Of this program alone: `ru_maxrss` starts with that of the parent process, which may be larger."""
    status = Path("/proc/self/status")
    if status.exists():
        kilobytes = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]
        return int(kilobytes) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
