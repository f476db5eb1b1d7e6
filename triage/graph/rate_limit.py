"""Paces one tenant's directory reads, so that all instances of the service together stay below Graph's limit.

Nothing tells the instances of each other. Each learns from its own answers: from 0.8 on, Graph says which part of the
limit is used up, and beyond the limit it answers 429 (https://learn.microsoft.com/graph/throttling-limits). While Graph
says neither, nothing is paced. From its first word on there is a ceiling, and the rate is the part of the ceiling that
is left of the last fifth of the limit: so all instances slow down together, before Graph refuses anything. The ceiling
falls at a 429, and while little is left; otherwise it rises, slowly at first. It is forgotten a minute after Graph's
last word.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field

from triage.graph.replies import Reply

# Below this, 32 failures at a time would not be triaged in time. The first ceiling is higher: an instance that had little
# to do when Graph throttled it does not know what it may do.
LOWEST, LOWEST_FIRST = 3.0, 10.0
FORGET_SECONDS = 60.0
_WARNED, _NEARLY_FULL, _FULL = 0.8, 0.85, 1.0
_FRESH_SECONDS = 2.0  # what Graph said of the limit holds for so long
_TICK = 1.0  # the ceiling changes at most once in this time
# The first ceiling is the rate at which Graph answered. A 429 says that it is far too high: nobody was paced before.
_AFTER_FIRST_429, _AFTER_429, _WHILE_NEARLY_FULL = 0.25, 0.7, 0.9
_RISE, _RISE_PER_QUIET_SECOND = 1.0, 0.005
_WINDOW, _SHORTEST_WINDOW = 3.0, 0.3  # for measuring the rate of answers
_BURST = 4.0


@dataclass(slots=True)
class _Answers:
    """The resource units that were answered since the beginning of a window."""

    units: float = 0.0
    since: float = math.nan

    def rate(self, now: float) -> float:
        return self.units / max(_SHORTEST_WINDOW, now - self.since)


@dataclass(slots=True)
class _Limit:
    """What Graph said of the limit last, and when."""

    used: float = 0.0
    at: float = -math.inf
    word_at: float = -math.inf

    def note(self, used: float, now: float) -> None:
        self.used, self.at = used, now
        if used > _WARNED:
            self.word_at = now


@dataclass(slots=True)
class RateLimit:
    """Turns for reads, in the order in which they ask. Rates are in resource units per second."""

    ceiling: float = math.inf
    _limit: _Limit = field(default_factory=_Limit)
    _answers: _Answers = field(default_factory=_Answers)
    _costs: dict[str, float] = field(default_factory=dict[str, float])
    _waiting: deque[tuple[asyncio.Future[None], float]] = field(
        default_factory=deque[tuple[asyncio.Future[None], float]]
    )
    _timer: asyncio.TimerHandle | None = None
    _tokens: float = _BURST
    _tokens_at: float = 0.0
    _cut_at: float = -math.inf
    _tick_at: float = -math.inf
    _was_limiting: bool = False

    @property
    def rate(self) -> float:
        """The present rate; infinite while nothing is paced."""
        fresh = _now() - self._limit.at < _FRESH_SECONDS
        left = (_FULL - (self._limit.used if fresh else 0.0)) / (_FULL - _WARNED)
        return self.ceiling if left >= 1 else max(LOWEST, self.ceiling * left)

    async def turn(self, check: str) -> None:
        """Waits until a read may be sent. A read of this check costs what the last one did."""
        if self.ceiling == math.inf:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, self._costs.get(check, 1.0)))
        self._release()
        await future

    def note(self, check: str, reply: Reply) -> None:
        """Learns from a reply."""
        now = _now()
        if math.isnan(self._answers.since):
            self._answers.since = now
        if reply.status == 429:
            self._limit.word_at = now
            if now - self._cut_at >= _TICK:
                self._cut_at = now
                rate = min(self.rate, self._answers.rate(now))
                self._set(rate * _AFTER_429 if self.ceiling < math.inf else max(LOWEST_FIRST, rate * _AFTER_FIRST_429))
                self._answers = _Answers()  # nothing is sent for the time of Retry-After
        elif reply.reason is None:
            units = reply.units if reply.units is not None else 1.0
            self._answers.units += units
            self._tokens -= units - self._costs.get(check, units)
            self._costs[check] = units
            self._limit.note(reply.limit_used or 0.0, now)
            if self.ceiling == math.inf and self._limit.used > _WARNED:
                self._set(max(LOWEST_FIRST, self._answers.rate(now)))
        if now - self._tick_at >= _TICK:
            self._tick(now)

    def _tick(self, now: float) -> None:
        self._tick_at = now
        limiting, self._was_limiting = self._was_limiting, False
        if now - self._answers.since >= _WINDOW:
            self._answers = _Answers(since=now)
        if self.ceiling == math.inf:
            return
        quiet = now - self._limit.word_at
        if quiet > FORGET_SECONDS:
            self._set(math.inf)
        elif self._limit.used > _NEARLY_FULL:
            self._set(self.ceiling * _WHILE_NEARLY_FULL)
        elif limiting:
            self._set(self.ceiling * (1 + _RISE_PER_QUIET_SECOND * quiet) + _RISE)

    def _set(self, ceiling: float) -> None:
        self.ceiling = max(LOWEST, ceiling)
        self._release()

    def _release(self) -> None:
        """Lets through who waits, as far as there are tokens, and comes back when there will be more."""
        now, rate = _now(), self.rate
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._tokens = _BURST if rate == math.inf else min(_BURST, self._tokens + (now - self._tokens_at) * rate)
        self._tokens_at = now
        while self._waiting:
            future, cost = self._waiting[0]
            needed = min(cost, _BURST) - self._tokens
            if not future.done() and rate < math.inf:
                if needed > 0:
                    self._was_limiting = True
                    self._timer = asyncio.get_running_loop().call_later(max(0.01, needed / rate), self._release)
                    return
                self._tokens -= cost
            self._waiting.popleft()
            if not future.done():
                future.set_result(None)


def _now() -> float:
    return asyncio.get_running_loop().time()
