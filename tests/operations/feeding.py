"""A feed end to end: a simulated ETD and tenants, real storage, the real client, and a clock that the test moves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from azure.core.exceptions import ResourceExistsError

from sandbox.azurite import Azurite
from sandbox.etd.server import serve as serve_etd
from sandbox.etd.serving import Served as ServedEtd
from sandbox.tenant.serve.server import Served as ServedTenant
from sandbox.tenant.serve.server import serve as serve_tenant
from sandbox.tenant.world import World
from tests.operations.conftest import make_services
from triage.feeds.lanes import HOUR
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import decode
from triage.intake.queued_failures import read_message
from triage.operations import feed_ledger
from triage.operations.feed_looks import look_at_actions
from triage.operations.feeds import feeds, poll_now
from triage.operations.services import Services

MORNING = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
OK, STUCK, HYBRID = "ines@feed.example", "stuck@feed.example", "hybrid@feed.example"
PEOPLE = {
    "ines": {},
    "otto": {},
    "stuck": {"etdFails": True},
    "hybrid": {"mailbox": "MailboxNotEnabledForRESTAPI", "synced": True},
}


@dataclass
class Feeding:
    """The parts, and what was posted so far: the failures as they were put on the queue, in order."""

    etd: ServedEtd
    tenant: ServedTenant
    services: Services
    tenant_id: str
    start: Callable[[], Services]
    posted: list[RemediationFailure] = field(default_factory=list[RemediationFailure])
    texts: list[str] = field(default_factory=list[str])

    async def restart(self) -> None:
        """Another process takes over: what the one before had in memory is gone."""
        await self.services.close()
        self.services = self.start()

    async def poll(self, seconds: float = 30) -> None:
        await poll_now(self.services, seconds=seconds)

    async def look(self) -> int:
        return await look_at_actions(self.services, 30)

    async def run(self, minutes: int, *, every: int = 10) -> None:
        """Lets time pass as the timers do: polls, and looks twice as often."""
        for _ in range(0, minutes, every):
            await self.etd.advance(minutes=every / 2)
            await self.look()
            await self.etd.advance(minutes=every / 2)
            await self.poll()
            await self.look()
        await self.collect()

    async def collect(self) -> list[RemediationFailure]:
        """Takes what was posted off the queue."""
        client = self.services.account.queues().get_queue_client(self.services.settings.queue)
        with suppress(ResourceExistsError):
            await client.create_queue()
        async for message in client.receive_messages(messages_per_page=32, visibility_timeout=600):
            text = decode(message.content)
            self.texts.append(text)
            [queued] = read_message(self.services.settings, text, message_id="m", inserted_at=MORNING.isoformat())
            self.posted.append(queued.failure)
            await client.delete_message(message)
        return self.posted

    @property
    def pairs(self) -> Counter[tuple[str, str]]:
        """How often each message was posted for each mailbox."""
        return Counter((one.message_id or "", one.mailbox) for one in self.posted)

    def failed(self, among: Iterable[str] = ()) -> set[tuple[str, str]]:
        """What ETD's last action on each message did not move, as the simulator knows. It does not tell the service."""
        business = self.etd.etd.business(self.tenant_id)
        wanted = set(among) or set(business.mail)
        return {
            (mail.id, mailbox)
            for mail in business.mail.values()
            if mail.id in wanted and mail.actions and mail.actions[-1].folder != "inbox"
            for mailbox, moved in mail.actions[-1].moved.items()
            if not moved
        }

    async def state(self) -> Any:
        [feed] = await feeds(self.services)
        return feed


@asynccontextmanager
async def feeding(
    storage: Azurite,
    switches: Mapping[str, Any] | None = None,
    api: Mapping[str, Any] | None = None,
    people: Mapping[str, Any] = PEOPLE,
) -> AsyncIterator[Feeding]:
    """A tenant and its ETD, whose clock stands at MORNING; `api` changes the entry of ETD_APIS."""
    tenant_id = str(uuid4())
    world = World({"tenants": {"feed": {"id": tenant_id, "domains": ["feed.example"], "people": people}}})
    async with (
        serve_tenant(world) as tenant,
        serve_etd([tenant_id], tenant.url, start=MORNING, switches={"rateLimit": False, **(switches or {})}) as etd,
    ):
        apis = [{**one, "requestsPerSecond": 100, **(api or {})} for one in etd.apis()]
        queue = f"feed{uuid4().hex[:12]}"

        def start() -> Services:
            services = make_services(
                tenant.url, storage.connection_string, queue, world, ETD_APIS=json.dumps(apis), FOLLOW_UP_DAYS="0"
            )
            services.clock = lambda: int(etd.clock.now().timestamp() * 1_000_000) * 1000
            return services

        found = Feeding(etd, tenant, start(), tenant_id, start)
        try:
            with patch.object(feed_ledger, "BEGINNING", 3 * HOUR):  # nothing is older: a day of hours takes its time
                yield found
        finally:
            await found.services.close()
