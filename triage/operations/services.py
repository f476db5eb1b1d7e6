"""The clients of Graph and storage, made once for each event loop: an SDK client belongs to the loop that made it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from triage import deadlines
from triage.feeds.model import Feed
from triage.graph.kept import Kept
from triage.graph.tenants import Tenants
from triage.notifications.rules import is_failing
from triage.notifications.sender import Sender
from triage.operations.feed_session import FeedSession
from triage.operations.projector import Projector
from triage.settings import Settings, read_settings
from triage.storage.account import StorageAccount
from triage.storage.audits import Audits
from triage.storage.channel_leases import ChannelLeases
from triage.storage.coverage import Coverages
from triage.storage.coverage_runs import CoverageRuns
from triage.storage.due import DueLooks
from triage.storage.exposures import Exposures
from triage.storage.findings import Findings
from triage.storage.incident_lists import IncidentLists
from triage.storage.incidents import Incidents
from triage.storage.outbox import Outbox
from triage.storage.projection import Projection
from triage.storage.queue import IntakeQueue
from triage.storage.rejected import Rejected
from triage.telemetry.errors import safe_traceback

# Storage is tried for the health at most so often within so many seconds; who asks more often gets the last answer.
STORAGE_ASKED = 5
STORAGE_SECONDS = 5.0
CLOSING_SECONDS = 5.0
# Each has a page of users in memory, some tens of MB.
SCANS_AT_ONCE = 2
STATES_SECONDS = 30.0

_log = logging.getLogger(__name__)


@dataclass
class Services:
    """Everything that a function needs. A client connects at its first use."""

    settings: Settings
    clock: Callable[[], int] = time.time_ns
    """The time, in nanoseconds since 1970, that the feeds go by."""
    account: StorageAccount = field(init=False)
    looks_taken: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]], init=False)
    """How many looks were released in which minute for which tenant (follow_up.py)."""
    released: dict[str | None, float] = field(default_factory=dict[str | None, float], init=False)
    """When the retries of which tenant were released (recovery.py), by time.monotonic."""
    triages: int = field(default=0, init=False)
    """How many new failures are being triaged now."""
    scans_at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SCANS_AT_ONCE), init=False)
    _feeds: dict[str, FeedSession] = field(default_factory=dict[str, FeedSession], init=False)
    _background: set[asyncio.Task[object]] = field(default_factory=set[asyncio.Task[object]], init=False)
    _warming: asyncio.Task[None] | None = field(default=None, init=False)
    _storage_asked_since: float = field(default=0.0, init=False)
    _storage_asked: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.account = StorageAccount(self.settings.storage)

    @cached_property
    def tenants(self) -> Tenants:
        """Graph, for each configured tenant."""
        return Tenants(self.settings)

    @cached_property
    def findings(self) -> Findings:
        """Table `findings`."""
        return Findings(self.account, self.projector.written)

    def feed(self, tenant_id: str) -> FeedSession:
        """The feed of a tenant. KeyError if ETD_APIS does not have it."""
        if tenant_id not in self._feeds:
            api = self.settings.etd_api(tenant_id)
            if api is None:
                raise KeyError(tenant_id)
            self._feeds[tenant_id] = FeedSession(self.account, api, self.clock)
        return self._feeds[tenant_id]

    @cached_property
    def projection(self) -> Projection:
        """What is derived from findings."""
        return Projection(self.account, [self.incidents.apply, self.exposures.apply])

    @cached_property
    def incidents(self) -> Incidents:
        """Table `incidents`."""
        return Incidents(self.account, self.settings.notifications)

    @cached_property
    def incident_lists(self) -> IncidentLists:
        """The lists of table `incidents`."""
        return IncidentLists(self.account)

    @cached_property
    def exposures(self) -> Exposures:
        """Table `exposures`."""
        return Exposures(self.account)

    @cached_property
    def projector(self) -> Projector:
        """Applies the changes of findings to what is derived from them."""
        return Projector(self.projection)

    @cached_property
    def audits(self) -> Audits:
        """Table `audits`."""
        return Audits(self.account, tuple(tenant.tenant_id for tenant in self.settings.tenants))

    @cached_property
    def coverages(self) -> Coverages:
        """Table `coverage`."""
        return Coverages(self.account)

    @cached_property
    def coverage_runs(self) -> CoverageRuns:
        """The coverage scans that run."""
        return CoverageRuns(self.account)

    @cached_property
    def rejected(self) -> Rejected:
        """Table `rejected`."""
        return Rejected(self.account)

    @cached_property
    def queue(self) -> IntakeQueue:
        """The intake queue."""
        return IntakeQueue(self.account, self.settings.queue)

    @cached_property
    def outbox(self) -> Outbox:
        """The notifications in table `incidents`."""
        return Outbox(self.account)

    @cached_property
    def channels(self) -> ChannelLeases:
        """The leases on the channels for notifications."""
        return ChannelLeases(self.account)

    @cached_property
    def sender(self) -> Sender:
        """The connection to the channels for notifications."""
        return Sender(self.settings.service_url)

    @cached_property
    def looks(self) -> IntakeQueue:
        """The queue of looks, which a function of its own reads: a new failure doesn't wait behind them."""
        return IntakeQueue(self.account, f"{self.settings.queue}-looks")

    @cached_property
    def due(self) -> DueLooks:
        """The looks that are due."""
        return DueLooks(self.account)

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Does something in the background that a timer would do later. It is ended when the services are closed."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    async def finish(self) -> None:
        """Waits until what was started in the background has ended. Not needed where a timer goes on with it."""
        while self._background:
            await asyncio.wait(self._background)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("Work in the background failed: %s", safe_traceback(error))

    async def storage_error(self) -> str:
        """Why storage cannot be reached; empty if it can. Anybody may ask for the health, so the answer may be kept."""
        now = time.monotonic()
        if now >= self._storage_asked_since + STORAGE_SECONDS:
            self._storage_asked_since, self._storage_asked = now, 0
        self._storage_asked += 1
        return await self._storage_state.get(fresh=self._storage_asked <= STORAGE_ASKED)

    @cached_property
    def _storage_state(self) -> Kept[str]:
        return Kept(self._storage_error, lambda _: (), seconds=STORAGE_SECONDS)

    async def _storage_error(self) -> str:
        from azure.core.exceptions import AzureError

        try:
            async with asyncio.timeout(deadlines.HEALTH_STORAGE):
                await asyncio.gather(self.queue.ping(), self.findings.get("0" * 32))
        except (AzureError, TimeoutError) as error:
            return type(error).__name__
        return ""

    async def failing_channels(self) -> int | None:
        """How many channels for notifications are failing; None if that cannot be read. At most 30 seconds old."""
        return await self._failing_channels.get()

    @cached_property
    def _failing_channels(self) -> Kept[int | None]:
        return Kept(self._count_failing_channels, lambda _: (), seconds=STATES_SECONDS)

    async def _count_failing_channels(self) -> int | None:
        from azure.core.exceptions import AzureError

        if not self.settings.notifications:
            return 0
        try:
            async with asyncio.timeout(deadlines.HEALTH_STORAGE):
                states = await self.channels.states()
        except (AzureError, TimeoutError):
            return None
        names = {channel.name for channel in self.settings.notifications}
        return sum(is_failing(state, time.time_ns()) for name, state in states.items() if name in names)

    async def feed_states(self) -> list[Feed] | None:
        """How each feed is doing; None if that cannot be read. At most 30 seconds old."""
        return await self._feed_states.get()

    @cached_property
    def _feed_states(self) -> Kept[list[Feed] | None]:
        return Kept(self._read_feed_states, lambda _: (), seconds=STATES_SECONDS)

    async def _read_feed_states(self) -> list[Feed] | None:
        from azure.core.exceptions import AzureError

        sessions = [self.feed(api.tenant_id) for api in self.settings.etd_apis]
        try:
            async with asyncio.timeout(deadlines.HEALTH_STORAGE):
                return list(await asyncio.gather(*(session.state() for session in sessions)))
        except (AzureError, TimeoutError):
            return None

    def warm_storage(self) -> None:
        """Opens storage in the background, once. A triage asks Graph first, so a cold start gets shorter."""
        if self._warming is None:
            self._warming = asyncio.create_task(self._open_storage())

    async def _open_storage(self) -> None:
        with contextlib.suppress(Exception):  # saving the finding runs into the same error and reports it
            await self.findings.open()

    async def close(self) -> None:
        """Closes every connection."""
        if self._warming is not None:
            self._warming.cancel()
        background = list(self._background)
        for task in background:
            task.cancel()
        if background:  # what they hold is given back, if storage answers
            await asyncio.wait(background, timeout=CLOSING_SECONDS)
        await self.projector.close()
        await self.tenants.close()
        await self.sender.close()
        for feed in self._feeds.values():
            await feed.client.close()
        await self.account.close()


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Services] = WeakKeyDictionary()


def services() -> Services:
    """The services of the running event loop. SettingsError if a setting is missing or wrong."""
    loop = asyncio.get_running_loop()
    found = _by_loop.get(loop)
    if found is None:
        found = _by_loop[loop] = Services(read_settings())
    return found
