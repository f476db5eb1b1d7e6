"""Looks again by itself at a failure whose evidence was missing for a passing reason.

The service puts a message on the intake queue that stays invisible until the look is due (RETRY_SECONDS). So a look
survives restarts, and any instance can do it. It is sent before the finding of this look is stored: if the service is
killed in between, the message of this look comes again, and sends the next one twice. A look whose number is not the
next one of the finding is dropped, so only one of the two is done. A look that comes before the finding is stored is
tried again. One that is lost all the same (somebody cleared the queue) is missed by recovery.py.
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
"""How many seconds after the first look without evidence the last one can be."""

_NANOSECONDS = 1_000_000_000


def asked_again(finding: Finding) -> QueuedLook:
    """The look that somebody asks for: the one after the last look at the finding, with all its retries ahead."""
    return QueuedLook.after(finding.id, finding.looks + 1, 0, now())


def is_early(look: QueuedLook, finding: Finding | None) -> bool:
    """Whether a look may follow a finding that is not stored yet: storage can be slower than the delay of the look."""
    return finding is None or look.number > finding.looks + 1


def is_next(look: QueuedLook, finding: Finding) -> bool:
    """Whether a look is the one that the finding waits for."""
    return finding.next_look_at is not None and look.number == finding.looks + 1


async def look_again(services: Services, finding: Finding, look: QueuedLook | None) -> Finding:
    """Queues the look after this one, and returns the finding that says when it is due: not before Graph's Retry-After.

    No look is queued after LONGEST, nor for another delivery of a failure whose cause is known already. Raises
    azure.core's errors: then the message of this look has to come again.
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
    """The longest Retry-After of the answers that were missing, in whole seconds. After PROBE_SECONDS one read may try."""
    return ceil(min(max((lack.retry_after or 0.0 for lack in finding.reasons), default=0.0), PROBE_SECONDS))
