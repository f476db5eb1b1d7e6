"""One request to `$batch`: reads that are sent together, and what comes back for each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.graph.questions import Question
from triage.graph.replies import Reply
from triage.telemetry.instruments import Metric, count, span, span_context

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

MAX_ITEMS = 20
# What Graph charges for each of these reads: a user or an app costs 2 units, `$select` saves 1, and 1 is the minimum
# (throttling-limits). Outlook counts requests.
UNITS_OF_A_READ = 1.0

Send = Callable[[list[dict[str, Any]], float], Awaitable[dict[str, Reply]]]
"""Posts the items of one batch, and returns the replies by item id within this number of seconds.

Raises BatchFailed if there is no answer and one of the reads may be the cause. What says the same about every read,
such as throttling or a refused token, is the reply to each.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """One question, who waits for its reply, and the span that it is asked in."""

    question: Question
    reply: asyncio.Future[Reply]
    asker: SpanContext | None

    def answer(self, reply: Reply) -> None:
        """Gives the reply to who waits for it, if anybody still does."""
        if not self.reply.done():
            self.reply.set_result(reply)


async def post(send: Send, reads: Sequence[Read], seconds: float) -> list[Read]:
    """Sends one batch and answers its reads. Returns those that the answer says nothing about."""
    askers = {read.asker.span_id: read.asker for read in reads if read.asker is not None}
    items = [_item(number, read.question) for number, read in enumerate(reads)]
    try:
        with span("Graph batch", links=_others(askers.values()), peer="Microsoft Graph", items=len(reads)) as note:
            replies = await send(items, seconds)
            note(throttled=sum(reply.status == 429 for reply in replies.values()))
    finally:
        count(Metric.GRAPH_REQUESTS)
    missing: list[Read] = []
    for number, read in enumerate(reads):
        reply = replies.get(str(number))
        if reply is None:
            missing.append(read)
            continue
        _measure(read.question, reply)
        read.answer(reply)
    return missing


def _item(number: int, question: Question) -> dict[str, Any]:
    item: dict[str, Any] = {"id": str(number), "method": "GET", "url": question.url}
    if question.headers:
        item["headers"] = question.headers
    return item


def _others(askers: Iterable[SpanContext]) -> list[SpanContext]:
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
