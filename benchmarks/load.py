"""Runs the service and the baseline on the same failures of the same tenant, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from benchmarks import mix
from benchmarks.tenant import Tenant
from triage.operations.accept import accept
from triage.operations.services import Services
from triage.settings import read_settings

PER_FAILURE = {"requests": "requests", "batchItems": "items", "resourceUnits": "units"}


@contextmanager
def messages(count: int, *, consent_withdrawn: bool = False) -> Iterator[Path]:
    """A file with `count` failures, and one more for the start, as the intake would queue them."""
    world = mix.world(count + 1, consent_withdrawn=consent_withdrawn)
    found = list((mix.storm if consent_withdrawn else mix.failures)(world, count + 1))
    settings = read_settings(mix.settings(world, "http://127.0.0.1:1"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages"
        path.write_text("".join(asyncio.run(_queued(settings, found))), encoding="utf-8")
        yield path


async def _queued(settings: Any, found: list[tuple[dict[str, Any], mix.Line]]) -> list[str]:
    bodies: list[bytes] = []

    async def send(messages: list[bytes]) -> None:
        bodies.extend(messages)

    services = cast("Services", SimpleNamespace(settings=settings, queue=SimpleNamespace(send=send)))
    accepted = []
    for begin in range(0, len(found), 1000):
        body = json.dumps([failure for failure, _ in found[begin : begin + 1000]]).encode()
        accepted += await accept(services, body, {"content-type": "application/json"})
    return [
        f"{queued.finding_id}\t{line.cause}\t{body.decode()}\n"
        for queued, (_, line), body in zip(accepted, found, bodies, strict=True)
    ]


def run(
    program: str, tenant: Tenant, path: Path, *options: str, environ: dict[str, str] | None = None
) -> dict[str, Any]:
    """One program's figures, with what the tenant counted for each failure. The first failure is in none of them."""
    tenant.reset()
    command = [sys.executable, "-m", program, str(path), *options, "--started", repr(time.monotonic())]
    settings = os.environ | tenant.settings | (environ or {})
    done = subprocess.run(command, env=settings, stdout=subprocess.PIPE, text=True, check=True, timeout=3600)
    return figures_of(json.loads(done.stdout), tenant)


def figures_of(figures: dict[str, Any], tenant: Tenant) -> dict[str, Any]:
    """A program's figures, with what the tenant counted for each failure since its reset."""
    stats = tenant.stats()
    # The tenant also counted the first failure, which warmed the program up.
    handled = figures["count"] + 1
    figures |= {ours: stats[theirs] / handled for theirs, ours in PER_FAILURE.items()}
    figures["perSecond"] = figures["count"] / figures["seconds"]
    figures["mostAtOnceInAMailbox"] = stats["maxOutlookConcurrency"]
    figures["throttled"] = stats["throttled"]
    figures["byPath"] = stats["byPath"]
    return figures
