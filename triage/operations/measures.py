"""Measures the queues, and the state of each app and feed, also while the service is idle.

The timer runs every five minutes. Alerts compare the measurements. If there are none, the app does not run.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from triage.audit.model import Verdict
from triage.feeds.model import FeedState
from triage.intake.queue_message import QueuedLook, decode, read_retriage
from triage.operations.at_once import all_of
from triage.operations.services import Services
from triage.storage.queue import IntakeQueue
from triage.telemetry.instruments import Metric, record
from triage.wire import epoch_ns


async def measure(services: Services) -> None:
    """Records the queues, the newest verdicts and the feeds. Raises azure.core's errors after recording the rest."""
    name = services.settings.queue
    poison = [IntakeQueue(services.account, f"{one}-poison") for one in (name, f"{name}-looks")]
    works = [
        _queue("intake", services.queue),
        _queue("looks", services.looks),
        _queue("poison", *poison),
        _apps(services),
        _feeds(services),
    ]
    await all_of(works)


async def _queue(name: str, *queues: IntakeQueue) -> None:
    """The number of messages, and how long the oldest visible one has waited, without later looks, which wait by design."""
    states = await asyncio.gather(*(queue.state() for queue in queues))
    fronts = [one for _, front in states for one in front]
    arrived = [at for text, at in fronts if not isinstance(read_retriage(decode(text)), QueuedLook)]
    record(Metric.QUEUE_DEPTH, sum(number for number, _ in states), queue=name)
    record(Metric.QUEUE_OLDEST, max((time.time() - at for at in arrived), default=0), queue=name)


async def _apps(services: Services) -> None:
    """The number of tenants with each verdict in their newest audit, without tenant IDs."""
    verdicts = Counter(audit.verdict for audit in await services.audits.latest())
    for verdict in Verdict:
        record(Metric.APPS, verdicts[verdict], verdict=verdict.value)


async def _feeds(services: Services) -> None:
    """The state of each feed, without tenant IDs."""
    feeds = [await session.state() for session in services.feeds()]
    states = Counter(feed.state for feed in feeds)
    for state in FeedState if feeds else ():
        record(Metric.FEEDS, states[state], state=state.value)
    for feed in feeds:
        if feed.last_success_at is not None:
            record(Metric.FEED_AGE, (services.clock() - epoch_ns(feed.last_success_at)) / 1_000_000_000)
        record(Metric.FEED_BEHIND, feed.behind_seconds)
        record(Metric.FEED_REQUESTS, feed.requests_today)
