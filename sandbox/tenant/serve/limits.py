"""Throttling. It is off until a test or a benchmark turns it on.

Directory: a bucket of resource units for each app and tenant, which refills at an even rate (3,500 units in 10 seconds
for a small tenant). Exchange: concurrent requests for each app and mailbox (4), and requests in 10 minutes (10,000).
Source: "Microsoft Graph service-specific throttling limits".
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sandbox.tenant.errors import GraphError

WARN_ABOVE = 0.8  # Graph sends x-ms-throttle-limit-percentage from here on


@dataclass
class Limits:
    """None turns a limit off. Units are resource units; times are seconds."""

    directory_units: float | None = None
    directory_seconds: float = 10
    outlook_concurrent: int | None = None
    outlook_requests: int | None = None
    outlook_seconds: float = 600
    retry_after: int = 1
    max_outlook_concurrency: int = 0
    clock: Callable[[], float] = time.monotonic
    throttled: int = 0
    units_used: int = 0
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)  # tenant -> (units used, at)
    _running: dict[tuple[str, str], int] = field(default_factory=dict)
    _recent: dict[tuple[str, str], deque[float]] = field(default_factory=dict)

    def spend(self, tenant: str, units: int) -> dict[str, str]:
        """Take units from the tenant's bucket and return the headers that say so; 429 with Retry-After if it is empty."""
        self.units_used += units
        headers = {"x-ms-resource-unit": str(units)}
        if self.directory_units is None:
            return headers
        now = self.clock()
        used, at = self._buckets.get(tenant, (0.0, now))
        rate = self.directory_units / self.directory_seconds
        used = max(0.0, used - (now - at) * rate)
        if used + units > self.directory_units:
            self._buckets[tenant] = (used, now)
            wait = max(1, math.ceil((used + units - self.directory_units) / rate))
            raise self._refuse("TooManyRequests", "Too many requests.", wait)
        self._buckets[tenant] = (used + units, now)
        share = (used + units) / self.directory_units
        if share > WARN_ABOVE:
            headers["x-ms-throttle-limit-percentage"] = f"{share:.2f}"
        return headers

    @contextmanager
    def outlook(self, tenant: str, mailbox: str) -> Iterator[None]:
        """Hold one of the mailbox's places; 429 `ApplicationThrottled` if none is free."""
        key = (tenant, mailbox)
        running = self._running.get(key, 0) + 1
        if self.outlook_concurrent is not None and running > self.outlook_concurrent:
            text = "Application is over its MailboxConcurrency limit."
            raise self._refuse("ApplicationThrottled", text, self.retry_after)
        self._count(key)
        self._running[key] = running
        self.max_outlook_concurrency = max(self.max_outlook_concurrency, running)
        try:
            yield
        finally:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]

    def _count(self, key: tuple[str, str]) -> None:
        if self.outlook_requests is None:
            return
        now = self.clock()
        recent = self._recent.setdefault(key, deque())
        while recent and recent[0] <= now - self.outlook_seconds:
            recent.popleft()
        if len(recent) >= self.outlook_requests:
            wait = max(1, math.ceil(recent[0] + self.outlook_seconds - now))
            raise self._refuse("ApplicationThrottled", "Application is over its RequestRate limit.", wait)
        recent.append(now)

    def _refuse(self, code: str, message: str, wait: int) -> GraphError:
        self.throttled += 1
        return GraphError(429, code, message, {"Retry-After": str(wait)})


def price(base: int, options: dict[str, str]) -> int:
    """Resource units of one directory request: `$select` and a small `$top` cost less, `$expand` costs more."""
    units = base - ("$select" in options) + ("$expand" in options)
    top = options.get("$top", "")
    if top.isdigit() and int(top) < 20:
        units -= 1
    return max(1, units)
