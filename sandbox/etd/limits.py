"""ETD's limits: 2 requests a second with a burst of 4, and 10,000 a day, for a business: over all of its clients.

Source of the figures: the API's page on rate limiting. It is not public whether an answer says when to retry, and
whether it distinguishes the two limits: both are switches. A refused request counts for neither. Days are UTC days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.etd.refused import Refused
from sandbox.etd.switches import Switches


@dataclass
class Limiter:
    left: float | None = None  # of the burst
    at: datetime | None = None
    day: date | None = None
    today: int = 0
    refused: int = 0

    def take(self, switches: Switches, now: datetime) -> None:
        """Counts a request. Refuses it with 429 if none is left for now, or for today."""
        if self.day != now.date():
            self.day, self.today = now.date(), 0
        if switches.rate_limit:
            self._check(switches, now)
        self.today += 1

    def _check(self, switches: Switches, now: datetime) -> None:
        if self.today >= switches.requests_per_day:
            self.refused += 1
            text = "Limit Exceeded" if switches.quota_wording == "apart" else "Too Many Requests"
            midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
            raise _refused(switches, text, (midnight - now).total_seconds())
        passed = (now - self.at).total_seconds() if self.at else 0.0
        left = switches.burst if self.left is None else self.left + max(passed, 0) * switches.requests_per_second
        self.left, self.at = min(left, switches.burst), now
        if self.left < 1:
            self.refused += 1
            raise _refused(switches, "Too Many Requests", (1 - self.left) / switches.requests_per_second)
        self.left -= 1


def _refused(switches: Switches, text: str, seconds: float) -> Refused:
    headers = {"Retry-After": str(int(seconds) + 1)} if switches.retry_after else {}
    return Refused(429, text, headers)
