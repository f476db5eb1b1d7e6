"""Sends reads that wait at the same time together, and reads that are identical once.

Graph accepts at most 20 requests in a batch, and answers them in any order (https://learn.microsoft.com/graph/json-batching).
Outlook serves 4 requests at a time for an app and a mailbox (https://learn.microsoft.com/graph/throttling-limits).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from triage.graph.batch_request import MAX_ITEMS, Read, Send
from triage.graph.isolation import Isolation
from triage.graph.questions import Question
from triage.graph.replies import Reply
from triage.graph.schema import Schema
from triage.graph.sharing import Shared
from triage.graph.throttling import Throttling
from triage.telemetry.instruments import span_context

# A batch is sent when it is full, or this long after its first read. While two batches' worth of reads are under way,
# a third fills within half of a round trip: waiting for it costs some milliseconds and halves the requests.
GATHER_SECONDS = 0.004
BUSY_READS = 2 * MAX_ITEMS
BUSY_GATHER_SECONDS = 0.1
MAX_PER_MAILBOX = 4


class Batcher:
    """Puts one tenant's reads into batches. `send` posts one of them; `schema` is what the tenant's cloud lacks."""

    def __init__(self, send: Send, schema: Schema | None = None) -> None:
        self.schema = schema or Schema()
        self._isolation = Isolation(send)
        self._throttling = Throttling(self._enqueue)
        self._pending: list[Read] = []
        self._flush: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._shared: dict[tuple[str, str], Shared[Reply]] = {}
        self._mailboxes: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(MAX_PER_MAILBOX))
        self._users: defaultdict[str, int] = defaultdict(int)

    @property
    def refusals(self) -> int:
        """How many reads Graph has throttled so far."""
        return self._throttling.refusals

    async def read(self, question: Question) -> Reply:
        """The reply to a question; identical questions under way are one read."""
        key = (question.url, str(question.headers))
        shared = self._shared.get(key)
        if shared is None or shared.over:
            shared = self._shared[key] = Shared(self._read(question))
        try:
            return await shared.wait()
        finally:
            if shared.over and self._shared.get(key) is shared:
                del self._shared[key]

    async def close(self) -> None:
        """Cancels what is under way."""
        tasks: list[asyncio.Task[Any]] = [*self._sending, *(shared.task for shared in self._shared.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, question: Question) -> Reply:
        mailbox = question.mailbox
        if mailbox is None:
            return await self._throttling.read(question)
        self._users[mailbox] += 1
        try:
            async with self._mailboxes[mailbox]:
                return await self._throttling.read(question)
        finally:
            self._users[mailbox] -= 1
            if not self._users[mailbox]:
                del self._users[mailbox], self._mailboxes[mailbox]

    def _enqueue(self, question: Question) -> asyncio.Future[Reply]:
        loop = asyncio.get_running_loop()
        read = Read(question, loop.create_future(), span_context())
        if self._isolation.keeps_apart(question):
            self._send([read])
            return read.reply
        self._pending.append(read)
        if len(self._pending) >= MAX_ITEMS:
            self._send_pending()
        elif self._flush is None:
            busy = len(self._shared) >= BUSY_READS
            self._flush = loop.call_later(BUSY_GATHER_SECONDS if busy else GATHER_SECONDS, self._send_pending)
        return read.reply

    def _send_pending(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        reads = [read for read in self._pending if not read.reply.done()]
        self._pending.clear()
        if reads:
            self._send(reads)

    def _send(self, reads: list[Read]) -> None:
        task = asyncio.create_task(self._answer(reads))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        for read in reads:
            read.reply.add_done_callback(lambda _: task.cancel() if _nobody_waits(reads) else None)

    async def _answer(self, reads: list[Read]) -> None:
        try:
            await self._isolation.answer(reads)
        except BaseException:
            for read in reads:
                read.reply.cancel()
            raise


def _nobody_waits(reads: list[Read]) -> bool:
    return all(read.reply.cancelled() for read in reads)
