"""Processes the messages of the queues: triages failures, and handles the service's other messages.

If evidence is missing for a temporary reason, the finding is stored as it is, and the service looks again by itself
(looks.py). The platform's retries and the poison queue are for crashes, and for storage that can't be reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Generator

from triage import deadlines
from triage.diagnosis.causes import Cause
from triage.finding import Finding
from triage.intake.json_text import IntakeError
from triage.intake.queue_message import QueuedFailure, QueuedLook, read_audit, read_retriage, read_settle
from triage.intake.queued_failures import read_message, within_limit
from triage.operations.audits import audit_queued
from triage.operations.follow_up import next_look
from triage.operations.incidents import settle_findings
from triage.operations.looks import look_again
from triage.operations.messages import QueueMessage, TriageIncompleteError, read_or_reject, reject
from triage.operations.recovery import answered
from triage.operations.services import Services
from triage.operations.triage import poison_finding, triage
from triage.storage.account import is_away
from triage.storage.finding_rows import Stored
from triage.storage.rejected import RejectedReason
from triage.telemetry.errors import safe_traceback
from triage.telemetry.instruments import Metric, count, record, span
from triage.wire import epoch_ns

PUT_BACK_SECONDS = 120
"""How long a message waits that was put back on the queue because storage can't be reached."""

_log = logging.getLogger(__name__)


async def handle(services: Services, message: QueueMessage) -> None:
    """Triages the failure in a message, or handles another message of the service.

    A message with several failures is split first.

    TriageIncompleteError makes the host retry. So do azure.core's errors, but if storage can't be reached at the last try,
    the message is put back on the queue instead of the poison queue.
    """
    if message.attempt == 1 and not isinstance(read_retriage(message.decoded), QueuedLook):  # its wait is intended
        record(Metric.QUEUE_AGE, time.time() - epoch_ns(message.inserted_at) / 1_000_000_000)
    services.warm_storage()
    try:
        async with asyncio.timeout(deadlines.TRIAGE):
            await _handle(services, message)
    except TimeoutError:
        raise TriageIncompleteError("Graph and storage took too long. The message is tried again.") from None
    except Exception as error:
        if message.attempt < services.settings.max_dequeue_count or not is_away(error):
            raise
        await _put_back(services, message)


async def _handle(services: Services, message: QueueMessage) -> None:
    if settle := read_settle(message.decoded):
        await settle_findings(services, settle)
        return
    if audit := read_audit(message.decoded):
        await audit_queued(services, audit)
        return
    for queued, old in await read_or_reject(services, message, split=True):
        with span("Triage", queued.traceparent, finding_id=queued.finding_id, attempt=message.attempt) as note:
            with _at_work(services, queued):
                finding = await triage(services.settings, services.tenants, queued)
            if finding.passing:
                finding = await look_again(services, finding, queued.look)
            elif queued.look is not None:
                finding = finding.model_copy(update={"looks": queued.look.number})
            again = finding.next_look_at is not None
            kept = await _save(services, finding, queued, old)
            note(scenario=finding.scenario.value, cause=finding.cause.value, again=again)
            if not finding.passing:
                answered(services, queued, kept.tenant_id)
            # The ID and the cause are not personal data.
            _log.info("Finding %s: %s, %s", finding.id, finding.scenario.value, finding.cause.value)
        if not again and _counts(queued):
            _count(kept)


@contextlib.contextmanager
def _at_work(services: Services, queued: QueuedFailure) -> Generator[None]:
    """Counts a new failure that is being triaged, so that work that can wait gives way to it."""
    services.triages += queued.look is None
    try:
        yield
    finally:
        services.triages -= queued.look is None


async def _save(services: Services, finding: Finding, queued: QueuedFailure, old: Stored | None) -> Finding:
    """Stores a finding. If no look is on its way already, the next one is a follow-up."""
    if finding.next_look_at is not None:
        return await services.findings.save(finding, queued.delivery, old)
    finding = finding.model_copy(update={"next_look_at": next_look(services.settings, finding)})
    return await services.findings.save(finding, queued.delivery, old, follow_up=True)


async def _put_back(services: Services, message: QueueMessage) -> None:
    """Puts a message back on the queue. A failure keeps its delivery, so it still counts once."""
    text = message.decoded
    messages = [text.encode(errors="surrogatepass")]
    if read_retriage(text) is None:
        with contextlib.suppress(IntakeError):  # a message that can't be read, or is too large, stays as it is
            found = read_message(services.settings, text, message_id=message.id, inserted_at=message.inserted_at)
            messages = list(within_limit(queued.encode() for queued in found))
    await services.queue.send(messages, delay=PUT_BACK_SECONDS)
    _log.warning("Storage is away: a message was put back on the queue.")


async def handle_poison(services: Services, message: QueueMessage) -> None:
    """Takes a message off the poison queue: a readable one becomes a finding, any other a rejected event.

    The service looks again at a failure whose finding is `undetermined`. A message whose finding can't be saved also
    becomes a rejected event. The message stays on the queue only while storage can't be reached.
    """
    count(Metric.POISONED)
    try:
        async with asyncio.timeout(deadlines.TRIAGE):
            await _handle_poison(services, message)
    except Exception as error:
        if is_away(error):
            raise
        _log.error("A poisoned message has no finding: %s", safe_traceback(error))
        detail = f"Its finding could not be saved ({type(error).__name__})."
        await reject(services, message, RejectedReason.POISON, detail)


async def _handle_poison(services: Services, message: QueueMessage) -> None:
    for queued, old in await read_or_reject(services, message, poison=True):
        with span("Poison", queued.traceparent, finding_id=queued.finding_id):
            finding = poison_finding(services.settings, queued)
            finding = await look_again(services, finding, queued.look)
            kept = await _save(services, finding, queued, old)
        if finding.next_look_at is None and _counts(queued):
            _count(kept)


def _counts(queued: QueuedFailure) -> bool:
    """Whether a failure counts in the metrics when no further look is due: a complete retriage does not."""
    return queued.look is None or queued.look.before > 0


def _count(finding: Finding) -> None:
    count(
        Metric.FINDINGS,
        scenario=finding.scenario.value,
        cause=finding.cause.value,
        severity=finding.severity.value,
    )
    if finding.cause is Cause.UNDETERMINED:
        count(Metric.UNDETERMINED, reason=finding.reasons[0].reason.value if finding.reasons else "none")
