"""Looks into mailboxes to check whether ETD's actions took effect. One that did not, twice, is posted as a failure.

A failure goes to the intake queue before its action is marked. A run that ends in between sends it again, with the same
ID, so it is still one finding.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence

from triage import deadlines
from triage.diagnosis.case import Case
from triage.etd import EtdError
from triage.feeds.actions import Action, ActionState, Sighting, seen
from triage.feeds.budget import BudgetSpentError
from triage.feeds.event import event_id, failure_of
from triage.feeds.lanes import MINUTE, Lane
from triage.feeds.looks import Schedule, after_look, see
from triage.graph.collect import collect
from triage.intake.queue_message import QueuedFailure
from triage.intake.queued_failures import finding_id
from triage.intake.scenario import Scenario
from triage.operations.feed_search import newest_of
from triage.operations.feed_session import FeedSession, Job
from triage.operations.services import Services
from triage.settings import Tenant
from triage.storage.account import is_conflict
from triage.storage.feed_actions import Change, StoredAction
from triage.telemetry.instruments import Metric, count, span
from triage.wire import from_epoch_ns

LOOKS_A_RUN = 600
"""The looks at messages of one tenant in a minute: half as many as at open findings."""

_AT_ONCE = 16
_LEASE = 2 * deadlines.MAINTENANCE

_log = logging.getLogger(__name__)


async def look_at_actions(services: Services, seconds: float = deadlines.MAINTENANCE) -> int:
    """Looks at every action that is due, of all feeds, until time is up. Returns their number. Raises azure.core's errors."""
    until = time.monotonic() + seconds
    return sum(await asyncio.gather(*(_look(services, session, until) for session in services.feeds())))


async def _look(services: Services, session: FeedSession, until: float) -> int:
    tenant = services.settings.tenant(session.api.tenant_id)
    # In most minutes nothing is due, and then no lease is needed.
    if tenant is None or not await session.actions.due(session.clock(), 1):
        return 0
    lease = await session.rows.lease(Job.LOOKS, session.clock(), _LEASE)
    if lease is None:
        return 0
    done = 0
    try:
        due = await session.actions.due(session.clock(), LOOKS_A_RUN)
        session.begin(Job.LOOKS)
        with span("Look at actions", looks=len(due)):
            for start in range(0, len(due), _AT_ONCE):
                if time.monotonic() >= until:
                    break
                part = due[start : start + _AT_ONCE]
                looked = await asyncio.gather(*(_looked(services, tenant, one.action) for one in part))
                confirmed = await _confirmed(services, session, looked, until)
                kept = [(one, action) for one, action in zip(part, confirmed, strict=True) if action is not None]
                await _keep(services, session, [one for one, _ in kept], [action for _, action in kept])
                done += len(part)
    finally:
        await session.rows.release(lease)
    return done


async def _looked(services: Services, tenant: Tenant, action: Action) -> Action:
    """The action after a look into its mailbox."""
    failure = failure_of(tenant.tenant_id, action)
    graph = services.tenants.graph(tenant)
    evidence = await collect(graph, failure, Scenario.UNCLASSIFIED, seconds=deadlines.GRAPH_READ)
    first, second = services.settings.etd_looks
    what = see(Case(failure, Scenario.UNCLASSIFIED, evidence))
    return after_look(action, what, services.clock(), Schedule(first * MINUTE, second * MINUTE))


async def _confirmed(
    services: Services, session: FeedSession, actions: Sequence[Action], until: float
) -> list[Action | None]:
    """The actions. One that is to be posted is replaced by a later one, such as a release, if ETD has one by now.

    None if there was no time to ask: the next run looks again. If ETD can't be reached, the actions stay as they are.
    """
    first_look, _ = services.settings.etd_looks
    posted = {action.etd_id: action for action in actions if action.state is ActionState.POSTED}
    newest: dict[str, Sighting | None] = {}
    late: set[str] = set()
    seconds = max(0.0, until - time.monotonic())
    try:
        with session.asking(Job.LOOKS, Lane.CONFIRM):
            async with asyncio.timeout(seconds):
                for etd_id, action in posted.items():
                    newest[etd_id] = await newest_of(session, action)
    except (EtdError, BudgetSpentError) as error:
        _log.info("Looks of a feed could not ask ETD again: %s", type(error).__name__)
    except TimeoutError:
        if newest or seconds < deadlines.ETD_REQUEST:  # otherwise ETD had the time and did not answer
            late = posted.keys() - newest.keys()
        _log.info("Looks of a feed had no time to ask ETD again: %d are left for the next run", len(late))

    def confirmed(action: Action) -> Action | None:
        if action.state is ActionState.POSTED and action.etd_id in late:
            return None
        sighting = newest.get(action.etd_id) if action.state is ActionState.POSTED else None
        later = sighting and seen(action, sighting, action.mailbox, services.clock(), first_look * MINUTE)
        return later if later is not None and later.state is not ActionState.POSTED else action

    return [confirmed(action) for action in actions]


async def _keep(
    services: Services, session: FeedSession, before: Sequence[StoredAction], after: Sequence[Action]
) -> None:
    """Posts failures, and stores the result of each action. If the poller has changed one meanwhile, it is looked at again."""
    from azure.core.exceptions import HttpResponseError

    tenant_id = session.api.tenant_id
    failed = [action for action in after if action.state is ActionState.POSTED]
    await services.queue.send([_message(services, tenant_id, action) for action in failed])
    changes = [
        Change(stored, _posted(tenant_id, action)) for stored, action in zip(before, after, strict=True)
    ]  # fmt: skip
    try:
        await session.actions.save(changes, session.today, Job.LOOKS)
    except HttpResponseError as error:
        if not is_conflict(error):
            raise
        if len(changes) > 1:
            for one, action in zip(before, after, strict=True):
                await _keep(services, session, [one], [action])
        return
    _count(after)


def _posted(tenant_id: str, action: Action) -> Action:
    if action.state is not ActionState.POSTED:
        return action
    return action.model_copy(update={"posted": [*action.posted, event_id(tenant_id, action)]})


def _message(services: Services, tenant_id: str, action: Action) -> bytes:
    """The queue message of a failure, as the HTTP intake writes it. If it is sent twice, it still is one delivery."""
    failure = failure_of(tenant_id, action)
    return QueuedFailure.of(
        failure,
        finding_id(services.settings, failure),
        received_at=from_epoch_ns(services.clock()),
        delivery=hashlib.sha256(event_id(tenant_id, action).encode()).hexdigest(),
        configured_tenant_id=tenant_id,
    ).encode()


def _count(actions: Sequence[Action]) -> None:
    states = [action.state for action in actions]
    for state, metric in (
        (ActionState.POSTED, Metric.FEED_FAILURES),
        (ActionState.NOT_VERIFIED, Metric.FEED_NOT_VERIFIED),
    ):
        if number := states.count(state):
            count(metric, number)
            _log.info("Looks of a feed: %d %s", number, state.value)
