"""Watches the health of the service, and notifies channels when a part of it has been degraded for a while."""

from __future__ import annotations

import time

from triage.notifications.degraded import PARTS, follow
from triage.notifications.pending import pending
from triage.operations.health import check_health
from triage.operations.services import Services
from triage.storage.degraded import keep_degraded, read_degraded


async def watch(services: Services) -> None:
    """Notifies channels of what has changed since the last run. Raises azure.core's errors.

    Notifications are stored first: a run that ends in between stores them again, with the same IDs.
    """
    channels = services.settings.notifications
    if not channels:
        return
    checks = (await check_health(services))["checks"]
    known = await read_degraded(services.account)
    for part in PARTS.keys() & checks.keys():
        after, occasion = follow(known.get(part), part, checks[part], time.time_ns())
        if occasion is not None:
            await services.outbox.add(pending(channels, occasion))
        if after != known.get(part):
            await keep_degraded(services.account, part, after)
