"""Retries a failure whose evidence was missing for a temporary reason.

The service puts a message on the intake queue that stays invisible until the look is due (RETRY_SECONDS). So a look
survives restarts, and any instance can make it. The message is sent before the finding of the current look is stored: if
the service is killed in between, the current look runs again and sends the next one twice. A look whose number is not
the next one of the finding is dropped, so only one of the two is made. A look that arrives before the finding is stored
is retried. If a look is lost (somebody cleared the queue), recovery.py notices.
"""

from __future__ import annotations

from math import ceil

from triage.diagnosis.causes import Cause
from triage.finding import Finding
from triage.graph.throttling import PROBE_SECONDS
from triage.intake.queue_message import QueuedLook
from triage.operations.services import Services
from triage.wire import epoch_ns, from_epoch_ns, now

LONGEST = 24 * 3600
"""The longest time from the first look without evidence to the last one, in seconds."""

_NANOSECONDS = 1_000_000_000


def asked_again(finding: Finding) -> QueuedLook:
    """The look that somebody asks for: it follows the last look at the finding, and has all its retries left."""
    return QueuedLook.after(finding.id, finding.looks + 1, 0, now())


def is_early(look: QueuedLook, finding: Finding | None) -> bool:
    """Whether the finding before a look may not be stored yet: storage can be slower than the delay of the look."""
    return finding is None or look.number > finding.looks + 1


def is_next(look: QueuedLook, finding: Finding) -> bool:
    """Whether a look is the one that the finding waits for."""
    return finding.next_look_at is not None and look.number == finding.looks + 1


async def look_again(services: Services, finding: Finding, look: QueuedLook | None) -> Finding:
    """Queues the next look, not before Graph's Retry-After, and returns the finding with the time when it is due.

    No look is queued after LONGEST, nor for another delivery of a failure whose cause is already known. Raises
    azure.core's errors: then the message of this look has to run again.
    """
    if look is None:
        stored = await services.findings.get(finding.id)
        if stored is not None and stored.cause is not Cause.UNDETERMINED:
            return finding.model_copy(update={"looks": stored.looks, "next_look_at": stored.next_look_at})
        look = asked_again(stored or finding.model_copy(update={"looks": 0}))
    seconds = services.settings.retry_seconds
    delay = max(seconds[min(look.before, len(seconds) - 1)], _wait_of_graph(finding))
    due = epoch_ns(now()) + delay * _NANOSECONDS
    if due > epoch_ns(look.since) + LONGEST * _NANOSECONDS:
        return finding.model_copy(update={"looks": look.number})
    following = QueuedLook.after(finding.id, look.number + 1, look.before + 1, look.since)
    await services.queue.send([following.encode()], delay=delay)
    return finding.model_copy(update={"looks": look.number, "next_look_at": from_epoch_ns(due)})


def _wait_of_graph(finding: Finding) -> int:
    """The longest Retry-After of the missing answers, in whole seconds, but at most PROBE_SECONDS."""
    return ceil(min(max((lack.retry_after or 0.0 for lack in finding.reasons), default=0.0), PROBE_SECONDS))
