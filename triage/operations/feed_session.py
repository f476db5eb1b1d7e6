"""What the poller of one tenant needs: its rows, ETD's API, the day's budget, and what it has recently seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from triage.etd import EtdClient, Pace
from triage.feeds.actions import Sighting
from triage.feeds.budget import BudgetSpentError, may_ask
from triage.feeds.lanes import SECOND, Lane
from triage.feeds.model import Feed
from triage.feeds.status import feed_of
from triage.settings import EtdApi
from triage.storage.account import StorageAccount
from triage.storage.feed_actions import FeedActions
from triage.storage.feeds import Feeds
from triage.wire import from_epoch_ns

_REMEMBERED = 50_000


class Job(StrEnum):
    """The jobs of a feed, each with its own lease and counts."""

    POLL = "poll"
    LOOKS = "looks"


PART = {Job.POLL: 2 / 3, Job.LOOKS: 1 / 3}
"""The part of the requests per second that a job may make: the two can run on two instances at the same time."""


@dataclass
class _Spent:
    """The requests of a day: those of one job by lane, and those of the other jobs when it started."""

    day: str = ""
    own: Counter[str] = field(default_factory=Counter[str])
    others: Counter[str] = field(default_factory=Counter[str])


# Which job calls ETD for which lane: a poll and looks that run at the same time share the client.
_ASKING: ContextVar[tuple[Job, Lane]] = ContextVar("asking", default=(Job.POLL, Lane.FAST))


class FeedSession:
    """One tenant's feed on one event loop."""

    def __init__(self, account: StorageAccount, api: EtdApi, clock: Callable[[], int], warning_days: int) -> None:
        """`warning_days`: how long before its client expires the state of the feed says so."""
        self.api = api
        self._warning_days = warning_days
        self.clock = clock
        self.rows = Feeds(account, api.tenant_id)
        self.actions = FeedActions(account, api.tenant_id)
        self.client = EtdClient(api, self._spend, clock=lambda: clock() / SECOND)
        self._spent = {job: _Spent() for job in Job}
        self._paces = {job: Pace(self.per_second(job)) for job in Job}
        self._remembered: dict[int, None] = {}

    @property
    def today(self) -> str:
        """The day in UTC, for the budget and the counts."""
        return from_epoch_ns(self.clock())[:10]

    async def state(self) -> Feed:
        """How the feed is doing. Raises azure.core's errors."""
        now = self.clock()
        record = await self.rows.record(now)
        return feed_of(self.api.tenant_id, self.api.requests_per_day, record, now, self._days_left(now))

    def _days_left(self, now: int) -> int | None:
        """How long the client is still valid, if it expires soon."""
        if self.api.expires_on is None:
            return None
        left = (self.api.expires_on - date.fromisoformat(from_epoch_ns(now)[:10])).days
        return left if left < self._warning_days else None

    def per_second(self, job: Job) -> float:
        """How many requests a second a job may make."""
        return PART[job] * self.api.requests_per_second

    def begin(self, job: Job) -> None:
        """Makes the session read the requests of the day again: another instance may have made some."""
        self._spent[job] = _Spent()

    @contextmanager
    def asking(self, job: Job, lane: Lane) -> Generator[None]:
        """A context in which requests to ETD count as those of a job and a lane."""
        token = _ASKING.set((job, lane))
        try:
            yield
        finally:
            _ASKING.reset(token)

    async def _spend(self) -> None:
        """Counts a request before it is made, and waits for its turn. BudgetSpentError if the lane may not make it."""
        job, lane = _ASKING.get()
        if self._spent[job].day != self.today:
            used = await self.rows.used(self.today)
            own = used.pop(job, Counter[str]())
            self._spent[job] = _Spent(self.today, own, sum(used.values(), Counter[str]()))
        spent = self._spent[job]
        if not may_ask(lane, spent.own + spent.others, self.api.requests_per_day):
            raise BudgetSpentError(f"The lane {lane} may not make another request today.")
        spent.own[lane] += 1
        await self.rows.save_used(spent.day, job, spent.own)
        await self._paces[job].turn()

    def is_new(self, sighting: Sighting) -> bool:
        """Whether this session has not stored a sighting yet: windows overlap, so most come many times."""
        return _fingerprint(sighting) not in self._remembered

    def remember(self, sightings: list[Sighting]) -> None:
        """Remembers that sightings are stored. The oldest are forgotten."""
        self._remembered |= dict.fromkeys(map(_fingerprint, sightings))
        while len(self._remembered) > _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]


def _fingerprint(sighting: Sighting) -> int:
    return hash((sighting.etd_id, sighting.folder, sighting.at, sighting.mailboxes, sighting.lane is Lane.LEDGER))
