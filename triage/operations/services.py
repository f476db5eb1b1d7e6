"""The clients of Graph and storage, made once for each event loop: an SDK client belongs to the loop that made it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from triage.graph.tenants import Tenants
from triage.notifications.sender import Sender
from triage.operations.feed_session import FeedSession
from triage.operations.projector import Projector
from triage.operations.states import States
from triage.settings import Settings, read_settings
from triage.storage.account import StorageAccount
from triage.storage.audits import Audits
from triage.storage.channel_leases import ChannelLeases
from triage.storage.coverage import Coverages
from triage.storage.coverage_runs import CoverageRuns
from triage.storage.due import DueLooks
from triage.storage.exposures import Exposures
from triage.storage.finding_lists import FindingLists
from triage.storage.findings import Findings
from triage.storage.incident_lists import IncidentLists
from triage.storage.incidents import Incidents
from triage.storage.outbox import Outbox
from triage.storage.projection import Projection
from triage.storage.queue import IntakeQueue
from triage.storage.rejected import Rejected
from triage.telemetry.errors import safe_traceback

CLOSING_SECONDS = 5.0
# Each has a page of users in memory, which takes some tens of MB.
SCANS_AT_ONCE = 2

_log = logging.getLogger(__name__)


@dataclass
class Services:
    """Everything that a function needs. Clients connect at their first use."""

    settings: Settings
    clock: Callable[[], int] = time.time_ns
    """The clock of the feeds, in nanoseconds since 1970."""
    account: StorageAccount = field(init=False)
    released: dict[str | None, float] = field(default_factory=dict[str | None, float], init=False)
    """When the retries of a tenant were last released (recovery.py), by time.monotonic."""
    triages: int = field(default=0, init=False)
    """The number of new failures that are being triaged now."""
    scans_at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SCANS_AT_ONCE), init=False)
    _feeds: dict[str, FeedSession] = field(default_factory=dict[str, FeedSession], init=False)
    _background: set[asyncio.Task[object]] = field(default_factory=set[asyncio.Task[object]], init=False)
    _warming: asyncio.Task[None] | None = field(default=None, init=False)

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

    @cached_property
    def finding_lists(self) -> FindingLists:
        """The lists of table `findings`."""
        return FindingLists(self.account, self.findings)

    def feeds(self) -> list[FeedSession]:
        """The feed of each tenant in ETD_APIS."""
        return [self.feed(api.tenant_id) for api in self.settings.etd_apis]

    def feed(self, tenant_id: str) -> FeedSession:
        """The feed of a tenant. KeyError if ETD_APIS does not have it."""
        if tenant_id not in self._feeds:
            api = self.settings.etd_api(tenant_id)
            if api is None:
                raise KeyError(tenant_id)
            self._feeds[tenant_id] = FeedSession(self.account, api, self.clock, self.settings.credential_warning_days)
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
        """The running coverage scans."""
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
        """The queue of looks. It has its own function, so that new failures don't wait behind looks."""
        return IntakeQueue(self.account, f"{self.settings.queue}-looks")

    @cached_property
    def due(self) -> DueLooks:
        """The index of looks."""
        return DueLooks(self.account)

    @cached_property
    def states(self) -> States:
        """The states of storage, the channels and the feeds."""
        return States(self.settings, self.queue, self.findings, self.channels, self.feeds)

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Does work in the background that a timer would do later. It is canceled when the services are closed."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    async def finish(self) -> None:
        """Waits until the work in the background has ended. Not needed if a timer would continue it."""
        while self._background:
            await asyncio.wait(self._background)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("Work in the background failed: %s", safe_traceback(error))

    def warm_storage(self) -> None:
        """Opens storage in the background, once. A triage asks Graph first, so this shortens a cold start."""
        if self._warming is None:
            self._warming = asyncio.create_task(self._open_storage())

    async def _open_storage(self) -> None:
        with contextlib.suppress(Exception):  # saving the finding meets the same error and reports it
            await self.findings.open()

    async def close(self) -> None:
        """Closes every connection."""
        if self._warming is not None:
            self._warming.cancel()
        background = list(self._background)
        for task in background:
            task.cancel()
        if background:  # they release their leases, if storage answers
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
