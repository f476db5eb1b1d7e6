"""Keeps a read that fails or hangs from failing the others in its batch: they are asked again, apart from it.

A batch that fails as a whole says nothing about its members. It is asked again in halves, and the half that fails once
more mailbox by mailbox; the directory's reads are one part, and then each is asked alone. A batch without an answer
after GRAPH_LATE, or much longer than usual, is given up and its mailboxes are asked apart at once, each for up to
GRAPH_REQUEST. What fails or is
late alone stays out of the batches of others for a while.

Bounds: a batch of 20 leads to at most 1 + 2 + 10 + 20 requests, usually to 1 + 2 + 8, and ends within GRAPH_READ. If
everything fails, Graph itself is away: BUDGET lets through 200 such requests at once and 10 more in a second, and
without it the members of a batch share its fate.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from triage import deadlines
from triage.graph.batch_request import Read, Send, post
from triage.graph.evidence import Reason
from triage.graph.questions import Question
from triage.graph.replies import BatchFailed, Reply

APART_SECONDS = 300.0
# If more than this fails when it is asked alone, the cause is not in the mailboxes.
MAX_APART = 20
BUDGET = 200.0
BUDGET_PER_SECOND = 10.0
_DIRECTORY = ""

_log = logging.getLogger(__name__)


class Isolation:
    """Sends one tenant's batches, and those that fail again in parts."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._pace = _Pace()
        self._apart: dict[str, float] = {}
        self._budget = _Budget()

    def keeps_apart(self, question: Question) -> bool:
        """Whether a read must not share a batch: it, or its mailbox, failed or was late alone a short while ago."""
        if not self._apart or len(self._apart) > MAX_APART:
            return False
        return self._apart.get(_subject(question), 0.0) > _now()

    async def answer(self, reads: Sequence[Read]) -> None:
        """Sends the reads together. Each of them has a reply in the end."""
        await self._ask(reads, _now() + deadlines.GRAPH_READ, halved=False)

    async def _ask(self, reads: Sequence[Read], end: float, *, halved: bool) -> None:
        reads = [read for read in reads if not read.reply.done()]
        if not reads:
            return
        groups = _groups(reads)
        alone = len(groups) == 1 and (len(reads) == 1 or _DIRECTORY not in groups)
        begun = _now()
        late_after = self._pace.late_after()
        patience = deadlines.GRAPH_REQUEST if alone or not self._budget.allows(len(reads)) else late_after
        failure = Reply(reason=Reason.UNAVAILABLE)
        try:
            unanswered = await post(self._send, reads, min(patience, end - begun))
        except BatchFailed as error:
            failure, unanswered = error.reply, reads
        took = _now() - begun
        if not unanswered:
            self._pace.note(took)
        if alone:
            self._note(reads[0].question, answered=not unanswered and took < late_after)
        late = failure.reason is Reason.TIMEOUT
        parts = _parts(unanswered, alone=alone and (late or len(reads) == 1), at_once=late or halved)
        if not parts or _now() >= end or not self._budget.spend(len(parts)):
            for read in unanswered:
                read.answer(failure)
            return
        _log.info(
            "A batch of %d reads got no answer (%s): asked again in %d parts", len(reads), failure.reason, len(parts)
        )
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(self._ask(part, end, halved=True))

    def _note(self, question: Question, *, answered: bool) -> None:
        subject = _subject(question)
        if answered:
            self._apart.pop(subject, None)
            return
        now = _now()
        self._apart = {one: until for one, until in self._apart.items() if until > now}
        self._apart[subject] = now + APART_SECONDS


@dataclass(slots=True)
class _Pace:
    """How long Graph's answers take, and from when on one is late: as TCP does it for its retransmissions (RFC 6298).

    So batches that are slow as a rule are not late. Before the first answer a batch has twice the time, for the
    connection.
    """

    mean: float | None = None
    deviation: float = 0.0

    def note(self, seconds: float) -> None:
        if self.mean is None:
            self.mean, self.deviation = seconds, seconds / 2
            return
        self.deviation += (abs(seconds - self.mean) - self.deviation) / 4
        self.mean += (seconds - self.mean) / 8

    def late_after(self) -> float:
        if self.mean is None:
            return 2 * deadlines.GRAPH_LATE
        usual = self.mean + 4 * self.deviation
        return min(max(deadlines.GRAPH_LATE, usual), deadlines.GRAPH_REQUEST / 2)


@dataclass(slots=True)
class _Budget:
    """How many requests may still be made to tell the members of a batch apart."""

    left: float = BUDGET
    at: float = 0.0

    def allows(self, requests: int) -> bool:
        now = _now()
        self.left = min(BUDGET, self.left + (now - self.at) * BUDGET_PER_SECOND)
        self.at = now
        return self.left >= requests

    def spend(self, requests: int) -> bool:
        if not self.allows(requests):
            return False
        self.left -= requests
        return True


def _parts(reads: Sequence[Read], *, alone: bool, at_once: bool) -> list[list[Read]]:
    """What is asked again together; nothing if it was asked alone. Not `at_once`: in two halves first."""
    if alone or not reads:
        return []
    groups = list(_groups(reads).values())
    if len(groups) == 1:
        groups = [[read] for read in reads]
    if at_once or len(groups) <= 3:
        return groups
    middle = len(groups) // 2
    return [[read for group in half for read in group] for half in (groups[:middle], groups[middle:])]


def _groups(reads: Sequence[Read]) -> dict[str, list[Read]]:
    """Reads by mailbox; those of the directory are one group."""
    groups: dict[str, list[Read]] = {}
    for read in reads:
        groups.setdefault(read.question.mailbox or _DIRECTORY, []).append(read)
    return groups


def _subject(question: Question) -> str:
    return question.mailbox or question.url


def _now() -> float:
    return asyncio.get_running_loop().time()
