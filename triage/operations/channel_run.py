"""What one run does for one channel, while it has the lease on it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from triage.notifications.compose import Writer, last_sent_after
from triage.notifications.degraded import channel_occasion
from triage.notifications.notice import Json, Notice, severity_rank
from triage.notifications.pending import LastSent, Pending, pending
from triage.notifications.rules import (
    DEGRADED_AFTER,
    ChannelState,
    Message,
    Outcome,
    Result,
    after_failure,
    after_success,
    is_over,
    plan,
    tried,
)
from triage.notifications.storm import SHOWN, storm
from triage.operations.services import Services
from triage.operations.tenants import tenant_names
from triage.settings import Channel, ChannelKind
from triage.storage.outbox_rows import DeliveryState
from triage.telemetry.instruments import Metric, count

# Slack takes one message a second (https://docs.slack.dev/apis/web-api/rate-limits); Teams says nothing about workflows.
_PACE = {ChannelKind.TEAMS: 1.0, ChannelKind.SLACK: 1.0}
_EXPIRED = "It was tried for 24 hours."

_log = logging.getLogger(__name__)


class Incidents(Protocol):
    """The incidents as they are now."""

    async def current(self, incident_id: str) -> Json | None:
        """An incident as the API gives it; None if there is none."""
        ...

    async def tenants_with_open_app(self) -> Collection[str]:
        """The tenants that have an open incident about their app."""
        ...


@dataclass(slots=True)
class ChannelRun:
    """Sends what is due. `state` is the channel's, and changes with each message. `until` is a time of time.monotonic."""

    services: Services
    incidents: Incidents
    app_open: Collection[str]
    channel: Channel
    state: ChannelState
    until: float
    names: dict[str, str] = field(default_factory=dict[str, str])
    """The names of the tenants that it is about."""

    async def run(self) -> None:
        """Sends what is due, until time is up or the channel fails. Raises azure.core's errors."""
        outbox = self.services.outbox
        rows = await outbox.waiting(self.channel.name)
        subject_ids = {row.subject_id for row in rows if row.of_incident and row.number > 1}
        last_sent = await outbox.last_sent(self.channel.name, subject_ids)
        found = plan(self.channel, rows, last_sent, self.state, time.time_ns(), app_open=self.app_open)
        await outbox.finish(found.drop, None)
        await outbox.finish(found.expired, DeliveryState.FAILED, error=_EXPIRED)
        self.names = await tenant_names(
            self.services, (message.lead.tenant_id for message in (*found.messages, *found.storm))
        )
        for message in found.messages:
            if self._ended:
                return
            await self._send_message(message)
        if found.storm and not self._ended:
            await self._send_storm(found.storm)

    @property
    def _ended(self) -> bool:
        return time.monotonic() >= self.until or time.time_ns() < self.state.not_before

    @property
    def _writer(self) -> Writer:
        return Writer(self.services.settings, self.channel, self.names)

    async def _send_message(self, message: Message) -> None:
        document = await self._document(message.lead)
        if document is None:
            return
        if message.lead.of_incident and is_over(message.lead, document):
            await self.services.outbox.finish(message.rows, None)
            return
        now = time.time_ns()
        notice = self._writer.notice(message.lead, document, message.last_sent, now)
        last_sent = (
            {message.lead.subject_id: last_sent_after(message, notice, document, self.channel, now)}
            if message.lead.of_incident
            else {}
        )
        outcome = await self._send(notice)
        if outcome.result is Result.DELIVERED:
            await self._delivered([message], last_sent)
            await self._worked(after_success(self.state, now, quiet=message.quiet), now)
            await asyncio.sleep(_PACE.get(self.channel.kind, 0))
            return
        await self._failed(outcome, now)
        await self.services.outbox.retry(tried(message.lead, outcome, now))

    async def _send_storm(self, messages: Sequence[Message]) -> None:
        """Sends one message for all of them. The channel counts as notified of each, so it also gets the end of each."""
        worst = sorted(messages, key=lambda message: severity_rank(message.lead.severity), reverse=True)[:SHOWN]
        found = [(message.lead, await self._document(message.lead)) for message in worst]
        shown = [(row, document) for row, document in found if document is not None]
        now = time.time_ns()
        outcome = await self._send(storm(self._writer, messages, shown, now))
        if outcome.result is not Result.DELIVERED:
            await self._failed(outcome, now)
            return
        last_sent = {
            message.lead.subject_id: last_sent_after(message, None, {}, self.channel, now)
            for message in messages
            if message.lead.of_incident
        }
        await self._delivered(messages, last_sent)
        await self._worked(after_success(self.state, now, storm=True), now)

    async def _document(self, row: Pending) -> Json | None:
        """What a row is about, in its current state; None if the row no longer waits."""
        stored = await self.services.outbox.document(row)
        if stored is None or not row.of_incident:
            return stored
        return await self.incidents.current(row.subject_id) or stored

    async def _send(self, notice: Notice) -> Outcome:
        outcome = await self.services.sender.send(self.channel, notice)
        _log.info("Notification %s: %s", self.channel.kind.value, outcome.result.value)
        return outcome

    async def _delivered(self, messages: Sequence[Message], last_sent: dict[str, LastSent]) -> None:
        rows = [
            replace(row, attempts=row.attempts + (row is message.lead)) for message in messages for row in message.rows
        ]
        await self.services.outbox.finish(rows, DeliveryState.DELIVERED, last_sent)

    async def _failed(self, outcome: Outcome, now: int) -> None:
        self.state = after_failure(self.state, outcome, now)
        if self.state.failures == DEGRADED_AFTER:
            count(Metric.NOTIFICATIONS_FAILED)  # long before the first of them is given up
            await self._tell_the_others(now, ended=False)

    async def _worked(self, state: ChannelState, now: int) -> None:
        if self.state.failures >= DEGRADED_AFTER:
            await self._tell_the_others(now, ended=True)
        self.state = state

    async def _tell_the_others(self, now: int, *, ended: bool) -> None:
        others = [one for one in self.services.settings.notifications if one is not self.channel]
        occasion = channel_occasion(self.channel.name, self.state, now, ended=ended)
        await self.services.outbox.add(pending(others, occasion))
