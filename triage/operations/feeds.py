"""The feeds: their states, and polling them."""

from __future__ import annotations

import asyncio

from triage import deadlines
from triage.feeds.model import Feed
from triage.feeds.status import off
from triage.operations.at_once import all_of
from triage.operations.feed_poll import poll_feed
from triage.operations.services import Services


async def feeds(services: Services) -> list[Feed]:
    """The feed of each configured tenant, in the order of TRIAGE_TENANTS. Raises azure.core's errors."""
    return list(await asyncio.gather(*(_feed(services, tenant.tenant_id) for tenant in services.settings.tenants)))


async def _feed(services: Services, tenant_id: str) -> Feed:
    if services.settings.etd_api(tenant_id) is None:
        return off(tenant_id)
    return await services.feed(tenant_id).state()


async def poll(services: Services, tenant_id: str | None = None) -> list[str]:
    """Polls a tenant's feed now, or all feeds, in the background. Returns the IDs of the tenants that have a feed."""
    ids = [api.tenant_id for api in services.settings.etd_apis if tenant_id in (None, api.tenant_id)]
    if ids:
        services.start(poll_now(services, ids))
    return ids


async def poll_now(services: Services, tenant_ids: list[str] | None = None, seconds: float = deadlines.POLL) -> None:
    """Polls these feeds, or all, at the same time. Raises azure.core's errors, after the other polls have ended."""
    ids = [api.tenant_id for api in services.settings.etd_apis] if tenant_ids is None else tenant_ids
    first_look, _ = services.settings.etd_looks
    await all_of(poll_feed(services.feed(one), first_look, seconds) for one in ids)
