"""What arrives: over HTTP it is put on the queue, from the queue it is triaged, and what can't be read is kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

import azure.functions as func

from triage.diagnosis.causes import Cause
from triage.finding import Finding
from triage.intake.body import read_body
from triage.intake.json_text import IntakeError
from triage.intake.queue_message import QueuedFailure, decode, queue_failures, read_message
from triage.operations.services import Services
from triage.operations.triage import poison_finding, triage
from triage.storage.rejected import RejectedReason, rejected_event
from triage.telemetry.instruments import Metric, PlainError, count, record_age, span
from triage.wire import epoch_ns, from_epoch_ns, now

# By then Graph's first reads have left; loading the storage client holds up the event loop.
_AFTER_FIRST_READS = 0.02

_log = logging.getLogger(__name__)


class TriageIncompleteError(PlainError):
    """Evidence is missing for a passing reason: the finding is kept, and the message goes back to the queue."""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message as the queue trigger gives it. `attempt` is its dequeue count, from 1."""

    text: str
    id: str
    inserted_at: str
    attempt: int = 1

    @classmethod
    def of(cls, message: func.QueueMessage) -> QueueMessage:
        """The message of a trigger."""
        inserted = message.insertion_time
        received_at = from_epoch_ns(int(inserted.timestamp()) * 1_000_000_000) if inserted else now()
        text = message.get_body().decode(errors="replace")
        return cls(text, message.id or uuid4().hex, received_at, message.dequeue_count or 1)


async def accept(services: Services, body: bytes, headers: Mapping[str, str]) -> list[QueuedFailure]:
    """Reads a body and puts its failures on the queue: all of them, or none. IntakeError; azure.core's errors."""
    with span("Accept") as note:
        accepted = read_body(body, headers)
        queued = queue_failures(services.settings, accepted, delivery=uuid4().hex, received_at=now())
        note(failures=len(queued))
        messages = [failure.encode(one.pointer) for one, failure in zip(accepted, queued, strict=True)]
        await services.queue.send(messages)
    return queued


async def retriage(services: Services, finding: Finding) -> None:
    """Puts a finding's failure on the queue again, to be triaged without cached answers of Graph.

    IntakeError (`too_large`) for a failure that only ever came in a message with others; azure.core's errors.
    """
    with span("Retriage", finding_id=finding.id):
        queued = QueuedFailure.of(finding.failure, finding.id, received_at=finding.received_at, fresh=True)
        await services.queue.send([queued.encode()])


async def handle(services: Services, message: QueueMessage) -> None:
    """Triages the failure in a message; one with several is parted first. TriageIncompleteError asks for another try."""
    if message.attempt == 1:
        record_age(time.time() - epoch_ns(message.inserted_at) / 1_000_000_000)
    found = await _read_or_reject(services, message)
    if len(found) > 1:
        found = await _split(services, found)
    last = message.attempt >= services.settings.max_dequeue_count
    for queued in found:
        with span("Triage", queued.traceparent, finding_id=queued.finding_id, attempt=message.attempt) as note:
            finding = await _triage(services, queued)
            again = finding.passing and not last
            delivery = None if queued.fresh else queued.delivery
            kept = await services.findings.save(finding, delivery, final=queued.fresh and not again)
            note(scenario=finding.scenario.value, cause=finding.cause.value, again=again)
            # The finding's id and cause say nothing of a person; its mailbox would.
            _log.info("Finding %s: %s, %s", finding.id, finding.scenario.value, finding.cause.value)
        if again:
            raise TriageIncompleteError(f"Finding {finding.id} lacks evidence for now; it is tried again.")
        if not queued.fresh:
            _count(kept)


async def _split(services: Services, found: list[QueuedFailure]) -> list[QueuedFailure]:
    """Puts each failure of one message on the queue by itself; returns those that are too large for a message."""
    messages: list[bytes] = []
    left: list[QueuedFailure] = []
    for queued in found:
        try:
            messages.append(queued.encode())
        except IntakeError:
            left.append(queued)
    await services.queue.send(messages)
    return left


async def _triage(services: Services, queued: QueuedFailure) -> Finding:
    """The finding; meanwhile, while Graph is waited for, storage is opened: a start is a tenth of a second shorter."""
    opening = asyncio.create_task(_open(services))
    try:
        return await triage(services.settings, services.tenants, queued)
    finally:
        opening.cancel()


async def _open(services: Services) -> None:
    from azure.core.exceptions import AzureError

    await asyncio.sleep(_AFTER_FIRST_READS)
    with contextlib.suppress(AzureError):  # keeping the finding meets it as well, and does not hide it
        await services.findings.open()


async def handle_poison(services: Services, message: QueueMessage) -> None:
    """Takes a message off the poison queue: a readable one leaves a finding, any other a rejected event."""
    count(Metric.POISONED)
    for queued in await _read_or_reject(services, message, poison=True):
        delivery = None if queued.fresh else queued.delivery
        with span("Poison", queued.traceparent, finding_id=queued.finding_id):
            kept = await services.findings.save(poison_finding(services.settings, queued), delivery)
        if not queued.fresh:
            _count(kept)


def _count(finding: Finding) -> None:
    """One more failure whose triage has ended. A retriage is none."""
    count(
        Metric.FINDINGS,
        scenario=finding.scenario.value,
        cause=finding.cause.value,
        severity=finding.severity.value,
    )
    if finding.cause is Cause.UNDETERMINED:
        count(Metric.UNDETERMINED, reason=finding.reasons[0].reason.value if finding.reasons else "none")


async def _read_or_reject(services: Services, message: QueueMessage, *, poison: bool = False) -> list[QueuedFailure]:
    """The failures of a message; of one that can't be read, none: it is stored as a rejected event."""
    text = decode(message.text)
    try:
        return read_message(services.settings, text, message_id=message.id, inserted_at=message.inserted_at)
    except IntakeError as error:
        reason = RejectedReason.POISON if poison else RejectedReason(error.reason)
        await services.rejected.save(rejected_event(text, message.id, message.inserted_at, reason, str(error)))
        count(Metric.REJECTED, reason=reason.value)
        _log.warning("Rejected a queue message: %s", reason.value)
        return []
