"""Delivers the notifications that are due, to all channels at the same time, within a time limit.

A timer calls it each minute. If a run is interrupted, what it had not marked as delivered is sent again, with the same ID.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from uuid import uuid4

from triage import deadlines
from triage.notifications.compose import Writer
from triage.notifications.notice import Json
from triage.notifications.rules import Outcome, Result
from triage.operations.at_once import all_of
from triage.operations.channel_run import ChannelRun, Incidents
from triage.operations.services import Services
from triage.settings import Channel, ChannelKind
from triage.storage.outbox_rows import DeliveryState

_LEASE = deadlines.NOTIFY + 3 * deadlines.NOTIFICATION
_GONE = "TRIAGE_NOTIFICATIONS no longer has a channel with this name."


@dataclass(frozen=True, slots=True)
class StoredIncidents:
    """The incidents as they are now."""

    services: Services

    async def current(self, incident_id: str) -> Json | None:
        """An incident as the API gives it; None if there is none."""
        incident = await self.services.incidents.get(incident_id)
        return incident.wire() if incident is not None else None

    async def tenants_with_open_app(self) -> Collection[str]:
        """The tenants that have an open incident about their app."""
        return await self.services.incident_lists.with_open_app()


async def deliver(services: Services, incidents: Incidents | None = None, seconds: float = deadlines.NOTIFY) -> None:
    """Delivers what is due. Raises azure.core's errors, after delivering to the other channels."""
    waiting = await services.outbox.channels_with_rows()
    if not waiting:
        return
    known = incidents or StoredIncidents(services)
    app_open = await known.tenants_with_open_app()
    until = time.monotonic() + seconds
    channels = [channel for channel in services.settings.notifications if channel.name in waiting]
    works = [
        *(_deliver_to(services, known, app_open, channel, until) for channel in channels),
        *(_give_up(services, name) for name in waiting - {channel.name for channel in channels}),
    ]
    await all_of(works)


async def send_test(services: Services, channel: Channel) -> Outcome:
    """Sends a test to a channel now. At PagerDuty its alert is resolved at once."""
    notice = Writer(services.settings, channel).test(uuid4().hex, time.time_ns())
    outcome = await services.sender.send(channel, notice)
    if channel.kind is ChannelKind.PAGERDUTY and outcome.result is Result.DELIVERED:
        await services.sender.send(channel, notice.model_copy(update={"ends": True}))
    return outcome


async def _deliver_to(
    services: Services, incidents: Incidents, app_open: Collection[str], channel: Channel, until: float
) -> None:
    """Delivers what is due to one channel, unless another run is doing it."""
    lease = await services.channels.lease(channel.name, time.time_ns(), _LEASE)
    if lease is None:
        return
    run = ChannelRun(services, incidents, app_open, channel, lease.state, until)
    try:
        await run.run()
    finally:
        await services.channels.release(lease, run.state)


async def _give_up(services: Services, name: str) -> None:
    """Marks what waits for a channel that is no longer configured as failed."""
    rows = await services.outbox.waiting(name)
    await services.outbox.finish(rows, DeliveryState.FAILED, error=_GONE)
