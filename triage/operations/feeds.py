"""The feeds: how each is doing, and polling them."""

from __future__ import annotations

import asyncio

from triage.feeds.model import Feed
from triage.feeds.status import feed_of, off
from triage.operations.services import Services
from triage.storage.feeds import Feeds


async def feeds(services: Services) -> list[Feed]:
    """The feed of each configured tenant, in the order of TRIAGE_TENANTS. Raises azure.core's errors."""
    return list(await asyncio.gather(*(_feed(services, tenant.tenant_id) for tenant in services.settings.tenants)))


async def _feed(services: Services, tenant_id: str) -> Feed:
    api = services.settings.etd_api(tenant_id)
    if api is None:
        return off(tenant_id)
    now = services.clock()
    record = await Feeds(services.account, tenant_id).record(now)
    return feed_of(tenant_id, api.requests_per_day, record, now, api.expires_on)


async def poll(services: Services, tenant_id: str | None = None) -> list[str]:
    """Polls a tenant's feed now, or all feeds, in the background. Returns the ids of the tenants that have one."""
    return [api.tenant_id for api in services.settings.etd_apis if tenant_id in (None, api.tenant_id)]
