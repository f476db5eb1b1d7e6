"""Waits as long as Graph asks: a 429 delays the other reads of its mailbox, or of the tenant's directory.

Graph counts Outlook's requests per mailbox and the directory's per tenant, and throttles the items of a batch one by
one (https://learn.microsoft.com/graph/throttling-limits). A read is sent at most MAX_TRIES times, and its waits take
GRAPH_WAIT at most; with a longer wait it is answered at once, as throttled, and says how long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from triage import deadlines
from triage.graph.evidence import Reason
from triage.graph.questions import Question
from triage.graph.questions.question import DIRECTORY
from triage.graph.rate_limit import RateLimit
from triage.graph.replies import Reply

MAX_TRIES = 3
# A longer hold is tried with one read after this time: what held it may have ended early, and nobody else would notice.
PROBE_SECONDS = 300.0
WAIT_WITHOUT_RETRY_AFTER = 1.0

Ask = Callable[[Question], Awaitable[Reply]]


@dataclass(slots=True)
class _Hold:
    """No read is sent before `until`, except one when `probe` has come."""

    until: float
    probe: float


class Throttling:
    """One tenant's waits."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._holds: dict[str, _Hold] = {}
        self._rate = RateLimit()
        self.refusals = 0
        """How many reads Graph has throttled so far."""

    async def read(self, question: Question) -> Reply:
        """The reply, after the waits that Graph asks for, as long as they are short."""
        workload = question.workload
        reply = Reply(reason=Reason.THROTTLED)
        latest = _now() + deadlines.GRAPH_WAIT
        for attempt in range(1, MAX_TRIES + 1):
            while True:
                # The hold may be extended while this read waits.
                while (free := self._free_at(workload)) > _now():
                    if free > latest:
                        return Reply(429, retry_after=free - _now(), reason=Reason.THROTTLED)
                    await asyncio.sleep(free - _now())
                if workload != DIRECTORY:
                    break
                await self._rate.turn(question.check)
                if self._free_at(workload) <= _now():
                    break
            reply = await self._probe(workload, question)
            if workload == DIRECTORY:
                self._rate.note(question.check, reply)
            if not _asks_to_wait(reply):
                return reply
            wait = reply.retry_after if reply.retry_after is not None else WAIT_WITHOUT_RETRY_AFTER * attempt
            free = _now() + wait
            if reply.status == 429:
                self.refusals += 1
                self._hold(workload, free)
            if free > latest or attempt == MAX_TRIES:
                return reply
            await asyncio.sleep(wait)
        return reply

    def _free_at(self, workload: str) -> float:
        hold = self._holds.get(workload)
        return min(hold.until, hold.probe) if hold is not None else 0.0

    async def _probe(self, workload: str, question: Question) -> Reply:
        """Sends a read. If the workload is held, it is the probe: the others wait for what comes back."""
        hold = self._holds.get(workload)
        if hold is None or hold.until <= _now():
            return await self._ask(question)
        hold.probe = _now() + PROBE_SECONDS
        try:
            reply = await self._ask(question)
        except asyncio.CancelledError:
            hold.probe = _now()
            raise
        if reply.reason is None and reply.status != 429 and self._holds.get(workload) is hold:
            del self._holds[workload]
        return reply

    def _hold(self, workload: str, until: float) -> None:
        now = _now()
        self._holds = {name: hold for name, hold in self._holds.items() if hold.until > now}
        hold = self._holds.get(workload)
        until = max(until, hold.until) if hold is not None else until
        self._holds[workload] = _Hold(until, now + PROBE_SECONDS)


def _asks_to_wait(reply: Reply) -> bool:
    """Whether to ask again after a wait. A batch that failed without a word of waiting was asked again in parts."""
    if reply.status == 429:
        return True
    return reply.status in (503, 504) and (reply.reason is None or reply.retry_after is not None)


def _now() -> float:
    return asyncio.get_running_loop().time()
