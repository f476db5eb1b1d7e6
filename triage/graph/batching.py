"""Sends reads that wait at the same time together: `POST /$batch`, its limits, and its throttling.

Graph accepts at most 20 requests in a batch, answers them in any order, and throttles them one by one
(https://learn.microsoft.com/graph/json-batching). Outlook serves 4 requests at a time for an app and a mailbox
(https://learn.microsoft.com/graph/throttling-limits).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from triage import deadlines
from triage.graph.evidence import Reason
from triage.graph.questions import Question
from triage.graph.replies import Reply
from triage.graph.sharing import Shared
from triage.telemetry.instruments import Metric, count, span, span_context

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

MAX_ITEMS = 20
# A batch is sent when it is full, or this long after its first read. While two batches' worth of reads are under way,
# a third fills within half of a round trip: waiting for it costs some milliseconds and halves the requests.
GATHER_SECONDS = 0.004
BUSY_READS = 2 * MAX_ITEMS
BUSY_GATHER_SECONDS = 0.1
MAX_PER_MAILBOX = 4
MAX_TRIES = 3
_WAIT_WITHOUT_RETRY_AFTER = 1.0
# What Graph charges for each of these reads: a user or an app costs 2 units, `$select` saves 1, and 1 is the minimum
# (throttling-limits). Outlook counts requests.
UNITS_OF_A_READ = 1.0
_DIRECTORY = "directory"

_log = logging.getLogger(__name__)


Send = Callable[[list[dict[str, Any]]], Awaitable[dict[str, Reply]]]


class Batcher:
    """Puts one tenant's reads into batches, reads identical ones once, and keeps to Graph's limits.

    `send` posts the items of one batch and returns the replies by item id; it does not raise.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._pending: list[tuple[Question, asyncio.Future[Reply]]] = []
        self._askers: dict[int, SpanContext] = {}
        self._flush: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._shared: dict[tuple[str, str], Shared[Reply]] = {}
        self._mailboxes: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(MAX_PER_MAILBOX))
        self._users: defaultdict[str, int] = defaultdict(int)
        self._held_until: dict[str, float] = {}

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
            return await self._try(question, _DIRECTORY)
        self._users[mailbox] += 1
        try:
            async with self._mailboxes[mailbox]:
                return await self._try(question, mailbox)
        finally:
            self._users[mailbox] -= 1
            if not self._users[mailbox]:
                del self._users[mailbox], self._mailboxes[mailbox]

    async def _try(self, question: Question, workload: str) -> Reply:
        """The reply, after the waits that Graph asks for, as long as they are short.

        Graph counts Outlook's requests per mailbox and the directory's per tenant, so a 429 also delays the other
        reads of that mailbox, or of the directory, and no others.
        """
        reply = Reply(reason=Reason.THROTTLED)
        latest = time.monotonic() + deadlines.GRAPH_WAIT
        for attempt in range(1, MAX_TRIES + 1):
            # The time may be extended while this read waits.
            while (until := self._held_until.get(workload, 0.0)) > time.monotonic():
                if until > latest:
                    return Reply(429, retry_after=until - time.monotonic(), reason=Reason.THROTTLED)
                await asyncio.sleep(until - time.monotonic())
            reply = await self._enqueue(question)
            if reply.status not in (429, 503, 504):
                return reply
            wait = reply.retry_after if reply.retry_after is not None else _WAIT_WITHOUT_RETRY_AFTER * attempt
            until = time.monotonic() + wait
            if reply.status == 429:
                self._hold(workload, until)
            if until > latest or attempt == MAX_TRIES:
                return reply
            await asyncio.sleep(wait)
        return reply

    def _hold(self, workload: str, until: float) -> None:
        now = time.monotonic()
        self._held_until = {name: end for name, end in self._held_until.items() if end > now}
        self._held_until[workload] = max(until, self._held_until.get(workload, 0.0))

    def _enqueue(self, question: Question) -> asyncio.Future[Reply]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._pending.append((question, future))
        if (asker := span_context()) is not None:
            self._askers[asker.span_id] = asker
        if len(self._pending) >= MAX_ITEMS:
            self._send_pending()
        elif self._flush is None:
            busy = len(self._shared) >= BUSY_READS
            self._flush = loop.call_later(BUSY_GATHER_SECONDS if busy else GATHER_SECONDS, self._send_pending)
        return future

    def _send_pending(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        items = [(question, future) for question, future in self._pending if not future.done()]
        askers = list(self._askers.values())
        self._pending.clear()
        self._askers.clear()
        if items:
            task = asyncio.create_task(self._send_batch(items, askers))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
            for _, future in items:
                future.add_done_callback(lambda _: task.cancel() if _nobody_waits(items) else None)

    async def _send_batch(self, items: list[tuple[Question, asyncio.Future[Reply]]], askers: list[SpanContext]) -> None:
        requests: list[dict[str, Any]] = []
        for index, (question, _) in enumerate(items):
            item: dict[str, Any] = {"id": str(index), "method": "GET", "url": question.url}
            if question.headers:
                item["headers"] = question.headers
            requests.append(item)
        try:
            with span("Graph batch", links=_others(askers), peer="Microsoft Graph", items=len(items)) as note:
                replies = await self._send(requests)
                note(throttled=sum(reply.status == 429 for reply in replies.values()))
        except BaseException:
            for _, future in items:
                future.cancel()
            raise
        count(Metric.GRAPH_REQUESTS)
        for index, (question, future) in enumerate(items):
            reply = replies.get(str(index), Reply(reason=Reason.UNAVAILABLE))
            _measure(question, reply)
            if not future.done():
                future.set_result(reply)


def _others(askers: list[SpanContext]) -> list[SpanContext]:
    """The triages that a batch is for, except the one whose span it is in."""
    here = span_context()
    return [asker for asker in askers if here is None or asker.span_id != here.span_id]


def _measure(question: Question, reply: Reply) -> None:
    workload = "directory" if question.mailbox is None else "outlook"
    count(Metric.GRAPH_ITEMS, workload=workload)
    if reply.status == 429:
        count(Metric.GRAPH_THROTTLED, workload=workload)
    elif reply.reason is None:
        count(Metric.GRAPH_UNITS, reply.units if reply.units is not None else UNITS_OF_A_READ, workload=workload)


def _nobody_waits(items: list[tuple[Question, asyncio.Future[Reply]]]) -> bool:
    return all(future.cancelled() for _, future in items)
