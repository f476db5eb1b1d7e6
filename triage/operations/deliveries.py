"""What arrives: over HTTP it is put on the queue, from the queue it is triaged, and what can't be read is kept."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import azure.functions as func
from pydantic import ValidationError

from triage.diagnosis.causes import Cause
from triage.finding import Finding
from triage.intake.body import Accepted, IntakeError, Problem, read_body
from triage.intake.failure import QueuedFailure
from triage.operations.services import Services
from triage.operations.triage import poison_finding, triage
from triage.settings import Settings
from triage.storage.queue import MAX_MESSAGE_BYTES, message_bytes
from triage.storage.rejected import RejectedReason, rejected_event
from triage.telemetry.instruments import Metric, PlainError, count, record_age, span, traceparent
from triage.wire import epoch_ns, from_epoch_ns, now

# By then Graph's first reads have left; loading the storage client holds up the event loop.
_AFTER_FIRST_READS = 0.02

_log = logging.getLogger(__name__)


class TriageIncomplete(PlainError):
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
    """Reads a body and puts its failures on the queue. IntakeError where nothing of it was; azure.core's errors."""
    with span("Accept") as note:
        queued = _queued(services.settings, read_body(body, headers), now(), uuid4().hex)
        note(failures=len(queued))
        await services.queue.send([_sized(pointer, failure) for pointer, failure in queued])
    return [failure for _, failure in queued]


async def requeue(services: Services, finding: Finding) -> None:
    """Puts a finding's failure on the queue once more, to be triaged from evidence that is read afresh."""
    with span("Retriage", finding_id=finding.id):
        queued = QueuedFailure(
            kind="triage.failure",
            finding_id=finding.id,
            failure=finding.failure,
            received_at=finding.received_at,
            delivery="",
            fresh=True,
            traceparent=traceparent(),
        )
        await services.queue.send([message_bytes(queued)])


async def handle(services: Services, message: QueueMessage) -> None:
    """Triages the failure in a message; one with several is parted first. TriageIncomplete asks for another try."""
    if message.attempt == 1:
        record_age(time.time() - epoch_ns(message.inserted_at) / 1_000_000_000)
    found = [queued for _, queued in await _read_or_reject(services, message)]
    if len(found) > 1:
        parts = [(queued, message_bytes(queued)) for queued in found]
        await services.queue.send([part for _, part in parts if len(part) <= MAX_MESSAGE_BYTES])
        found = [queued for queued, part in parts if len(part) > MAX_MESSAGE_BYTES]
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
            raise TriageIncomplete(f"Finding {finding.id} lacks evidence for now; it is tried again.")
        if not queued.fresh:
            _count(kept)


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
    for _, queued in await _read_or_reject(services, message, poison=True):
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


async def _read_or_reject(
    services: Services, message: QueueMessage, *, poison: bool = False
) -> list[tuple[str, QueuedFailure]]:
    text = decode(message.text)
    try:
        return read_message(services.settings, message, text)
    except IntakeError as error:
        reason = RejectedReason.POISON if poison else RejectedReason(error.reason)
        await services.rejected.save(rejected_event(text, message.id, message.inserted_at, reason, str(error)))
        count(Metric.REJECTED, reason=reason.value)
        _log.warning("Rejected a queue message: %s", reason.value)
        return []


def decode(text: str) -> str:
    """A message's text: base64 as Azure Functions and Event Grid write it, or plain."""
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8-sig")
    except (binascii.Error, ValueError):
        return text


def read_message(settings: Settings, message: QueueMessage, text: str) -> list[tuple[str, QueuedFailure]]:
    """The failures of a message with their pointers; IntakeError where it has none."""
    body = text.encode(errors="surrogatepass")
    own = _own(body)
    if own is not None:
        return [("", own)]
    return _queued(settings, read_body(body), message.inserted_at, message.id)


def _own(body: bytes) -> QueuedFailure | None:
    """A message that this service itself put on the queue."""
    if b'"triage.failure"' not in body:
        return None
    try:
        value: Any = json.loads(body)
        if isinstance(value, dict) and cast("dict[str, Any]", value).get("kind") == "triage.failure":
            return QueuedFailure.model_validate(value)
    except (ValueError, ValidationError, RecursionError):
        pass  # then it is somebody else's, and read as such
    return None


def _queued(
    settings: Settings, accepted: list[Accepted], received_at: str, delivery: str
) -> list[tuple[str, QueuedFailure]]:
    trace = traceparent()
    return [
        (
            one.pointer,
            QueuedFailure(
                kind="triage.failure",
                finding_id=_finding_id(settings, one),
                failure=one.failure,
                received_at=received_at,
                delivery=f"{delivery}/{index}",
                traceparent=trace,
            ),
        )
        for index, one in enumerate(accepted)
    ]


def _finding_id(settings: Settings, one: Accepted) -> str:
    """The id of a failure's finding, from what the event and the configuration tell: Graph has not been asked yet."""
    return one.failure.finding_id(settings.told_tenant_id(one.failure.tenant_id, one.failure.mailbox), one.part)


def _sized(pointer: str, queued: QueuedFailure) -> bytes:
    """The failure as a message; IntakeError, pointing at it, where it is too large for the queue."""
    message = message_bytes(queued)
    if len(message) > MAX_MESSAGE_BYTES:
        detail = f"is too large for a queue message: {len(message):,} bytes of at most {MAX_MESSAGE_BYTES:,}"
        raise IntakeError("too_large", [Problem(pointer, detail)])
    return message
