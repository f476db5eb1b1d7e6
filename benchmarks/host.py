"""What the Functions host does for the service, in a process of its own as there: it reads the queue and deletes.

It asks for 16 messages whenever at most 16 are under way, as host.json says, and deletes each when it was handled.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from azure.storage.queue.aio import QueueServiceClient

from benchmarks.measure import Queued, read
from benchmarks.tenant import Tenant
from triage.storage.account import StorageAccount
from triage.storage.queue import IntakeQueue

BATCH, THRESHOLD = 16, 16
_LINE = 1 << 20


async def run(tenant: Tenant, path: Path, environ: dict[str, str], account: StorageAccount) -> dict[str, Any]:
    """Queues the messages of a file, and hands them to the service. Returns its figures."""
    name = f"bench{time.monotonic_ns()}"
    wanted = {message.text: message for message in read(path)}
    await IntakeQueue(account, name).send([text.encode() for text in wanted])
    command = [sys.executable, "-m", "benchmarks.service", str(path), "--storage", "--host"]
    command += ["--concurrent", str(BATCH + THRESHOLD), "--started", repr(time.monotonic())]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | tenant.settings | environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE,
    )
    try:
        return await _Host(account.queues(), name, wanted, process).run()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class _Host:
    def __init__(self, queues: QueueServiceClient, name: str, wanted: dict[str, Queued], process: Any) -> None:
        self._queue = queues.get_queue_client(name)
        self._wanted = wanted
        self._process = process
        self._under_way: dict[str, Any] = {}
        self._room = asyncio.Event()
        self._deletions: set[asyncio.Task[Any]] = set()

    async def run(self) -> dict[str, Any]:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed())
            figures = group.create_task(self._follow())
        await asyncio.gather(*self._deletions)
        left = (await self._queue.get_queue_properties()).approximate_message_count
        return figures.result() | {"leftOnTheQueue": left}

    async def _feed(self) -> None:
        """Hands over messages until the queue is empty. The first one alone: it warms the service up."""
        from base64 import b64decode

        most = 1
        handed = 0
        while handed < len(self._wanted):
            self._room.clear()
            pages = self._queue.receive_messages(messages_per_page=most, visibility_timeout=600).by_page()
            page = await anext(pages, None)
            for message in [one async for one in page] if page is not None else []:
                queued = self._wanted[b64decode(str(message.content)).decode()]
                self._under_way[queued.finding_id] = message
                line = f"{queued.finding_id}\t{queued.cause}\t{queued.text}\n"
                self._process.stdin.write(line.encode())
                handed += 1
            await self._process.stdin.drain()
            while len(self._under_way) > (0 if most == 1 else THRESHOLD):
                self._room.clear()
                await self._room.wait()
            most = BATCH
        self._process.stdin.close()

    async def _follow(self) -> dict[str, Any]:
        """Deletes each message that was handled, until the service has ended."""
        while line := (await self._process.stdout.readline()).decode().strip():
            if line.startswith("{"):
                return json.loads(line)
            task = asyncio.create_task(self._queue.delete_message(self._under_way.pop(line)))
            self._deletions.add(task)
            task.add_done_callback(self._deletions.discard)
            self._room.set()
        raise RuntimeError("the service ended early")
