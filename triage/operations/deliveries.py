"""Puts failures from HTTP on the queue, triages failures from the queue, and keeps what can't be read.

If evidence is missing for a passing reason, the finding is stored as it is, and the service looks again by itself
(looks.py). The tries of the platform and the poison queue are for crashes, and for storage that is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import azure.functions as func

from triage import deadlines
from triage.diagnosis.causes import Cause
from triage.finding import Finding
from triage.intake.body import Accepted, read_body
from triage.intake.json_text import IntakeError
from triage.intake.problem_list import MAX_PROBLEMS
from triage.intake.queue_message import (
    QueuedFailure,
    QueuedLook,
    QueuedRetriage,
    decode,
    queue_failures,
    read_message,
    read_retriage,
    read_settle,
    within_limit,
)
from triage.operations.follow_up import next_look
from triage.operations.incidents import settle_findings
from triage.operations.looks import asked_again, is_early, is_next, look_again
from triage.operations.recovery import answered
from triage.operations.services import Services
from triage.operations.triage import poison_finding, triage
from triage.problems import InputError, Problem
from triage.storage.account import is_away
from triage.storage.finding_rows import Stored
from triage.storage.rejected import RejectedReason, rejected_event
from triage.telemetry.errors import PlainError, safe_traceback
from triage.telemetry.instruments import Metric, count, record, span
from triage.wire import epoch_ns, from_epoch_ns, now

PUT_BACK_SECONDS = 120
"""How long a message waits that is put back on the queue because storage is away."""

_log = logging.getLogger(__name__)


class TriageIncompleteError(PlainError):
    """Time is up, or the message came too early. It goes back to the queue and is tried again."""


class OtherTenantError(InputError):
    """A failure is of a tenant that its sender may not send failures of."""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message from the queue trigger. `attempt` is its dequeue count, from 1."""

    text: str
    id: str
    inserted_at: str
    attempt: int = 1

    @classmethod
    def of(cls, message: func.QueueMessage) -> QueueMessage:
        """From the trigger's message. One without a time of insertion was received now."""
        inserted = message.insertion_time
        received_at = from_epoch_ns(int(inserted.timestamp()) * 1_000_000_000) if inserted else now()
        text = message.get_body().decode(errors="replace")
        return cls(text, message.id or uuid4().hex, received_at, message.dequeue_count or 1)


async def accept(
    services: Services, body: bytes, headers: Mapping[str, str], tenants: tuple[str, ...] | None = None
) -> list[QueuedFailure]:
    """Puts the failures of a body on the queue. With `tenants`, each of them must be of one of these.

    IntakeError if the body can't be read or is too large, OtherTenantError if a failure is of another tenant: nothing
    was queued. After one of azure.core's errors some of them may be on the queue.
    """
    with span("Accept") as note:
        accepted = read_body(body, headers)
        queued = queue_failures(services.settings, accepted, delivery=uuid4().hex, received_at=now())
        if tenants is not None:
            _check_tenants(accepted, queued, tenants)
        note(failures=len(queued))
        messages = (failure.encode(one.pointer) for one, failure in zip(accepted, queued, strict=True))
        await services.queue.send(list(within_limit(messages)))
    return queued


def _check_tenants(accepted: list[Accepted], queued: list[QueuedFailure], tenants: tuple[str, ...]) -> None:
    """OtherTenantError if a failure is not of these tenants, or if only Graph could tell of which tenant it is."""
    problems: dict[Problem, None] = {}
    for one, failure in zip(accepted, queued, strict=True):
        if failure.configured_tenant_id not in tenants:
            lacking = failure.configured_tenant_id is None
            detail = "is missing: your app role needs it" if lacking else "is not a tenant of your role"
            problems[Problem(f"{one.pointer}/tenantId", detail)] = None
    if problems:
        raise OtherTenantError("Your app role does not include the tenant.", list(problems)[:MAX_PROBLEMS])


async def retriage(services: Services, finding_ids: Sequence[str]) -> None:
    """Queues stored findings, to be triaged again without cached answers from Graph. Raises azure.core's errors."""
    with span("Retriage", findings=len(finding_ids)):
        await services.queue.send([QueuedRetriage.of(finding_id).encode() for finding_id in finding_ids])


async def handle(services: Services, message: QueueMessage) -> None:
    """Triages the failure in a message, or does what another message of the service asks for.

    A message with several failures is split first.

    TriageIncompleteError asks the host for another try. azure.core's errors do the same; if storage is away at the last
    try, the message is put back on the queue instead of the poison queue.
    """
    if message.attempt == 1 and not isinstance(read_retriage(decode(message.text)), QueuedLook):  # it waits on purpose
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
    if settle := read_settle(decode(message.text)):
        await settle_findings(services, settle)
        return
    for queued, old in await _read_or_reject(services, message, split=True):
        with span("Triage", queued.traceparent, finding_id=queued.finding_id, attempt=message.attempt) as note:
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
            # The id and the cause say nothing about a person.
            _log.info("Finding %s: %s, %s", finding.id, finding.scenario.value, finding.cause.value)
        if not again and _counts(queued):
            _count(kept)


async def _save(services: Services, finding: Finding, queued: QueuedFailure, old: Stored | None) -> Finding:
    """Stores a finding. If no look is on its way already, the next one is a follow-up."""
    if finding.next_look_at is not None:
        return await services.findings.save(finding, queued.delivery, old)
    finding = finding.model_copy(update={"next_look_at": next_look(services.settings, finding)})
    return await services.findings.save(finding, queued.delivery, old, follow_up=True)


async def _put_back(services: Services, message: QueueMessage) -> None:
    """Puts a message on the queue once more. A failure keeps its delivery, so it still counts once."""
    text = decode(message.text)
    messages = [text.encode(errors="surrogatepass")]
    if read_retriage(text) is None:
        with contextlib.suppress(IntakeError):  # what can't be read stays as it is, and so does what is too large
            found = read_message(services.settings, text, message_id=message.id, inserted_at=message.inserted_at)
            messages = list(within_limit(queued.encode() for queued in found))
    await services.queue.send(messages, delay=PUT_BACK_SECONDS)
    _log.warning("Storage is away: a message was put back on the queue.")


async def handle_poison(services: Services, message: QueueMessage) -> None:
    """Takes a message off the poison queue: a readable one leaves a finding, any other a rejected event.

    The service looks again at a failure whose finding is `undetermined`. A message whose finding can't be saved is kept
    as a rejected event as well. Only while storage is away does the message stay on the queue.
    """
    count(Metric.POISONED)
    try:
        for queued, old in await _read_or_reject(services, message, poison=True):
            with span("Poison", queued.traceparent, finding_id=queued.finding_id):
                finding = poison_finding(services.settings, queued)
                finding = await look_again(services, finding, queued.look)
                kept = await _save(services, finding, queued, old)
            if finding.next_look_at is None and _counts(queued):
                _count(kept)
    except Exception as error:
        if is_away(error):
            raise
        _log.error("A poisoned message has no finding: %s", safe_traceback(error))
        detail = f"Its finding could not be saved ({type(error).__name__})."
        await _reject(services, message, RejectedReason.POISON, detail)


def _counts(queued: QueuedFailure) -> bool:
    """Whether a failure counts when no further look is due: a retriage that lacks nothing does not."""
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


async def _read_or_reject(
    services: Services, message: QueueMessage, *, split: bool = False, poison: bool = False
) -> list[tuple[QueuedFailure, Stored | None]]:
    """The failures of a message to triage now, with the findings that were read to know them.

    A message that can't be read has none: it is kept as a rejected event.

    With `split`, several failures are put on the queue one by one instead, except those too large for a message.
    """
    text = decode(message.text)
    if retriage := read_retriage(text):
        last = poison or message.attempt >= services.settings.max_dequeue_count
        return await _stored(services, retriage, last=last)
    try:
        found = read_message(services.settings, text, message_id=message.id, inserted_at=message.inserted_at)
        messages, found = _separate(found) if split and len(found) > 1 else ([], found)
    except IntakeError as error:
        await _reject(services, message, RejectedReason.POISON if poison else RejectedReason(error.reason), str(error))
        return []
    await services.queue.send(messages)
    return [(queued, None) for queued in found]


async def _stored(
    services: Services, retriage: QueuedRetriage, *, last: bool
) -> list[tuple[QueuedFailure, Stored | None]]:
    """The failure of a stored finding, if there is anything left to triage.

    A look can arrive before the finding that it follows is stored: it is tried again, unless this is the `last` try.
    """
    old = await services.findings.stored(retriage.finding_id)
    finding = old.finding if old else await services.findings.get(retriage.finding_id)
    look = retriage if isinstance(retriage, QueuedLook) else None
    if look is not None and not last and is_early(look, finding):
        raise TriageIncompleteError(f"The finding before look {look.number} is not stored yet. It is tried again.")
    if finding is None:
        _log.warning("Finding %s does not exist any more. It is not triaged again.", retriage.finding_id)
        return []
    if look is not None and not is_next(look, finding):
        _log.info("Finding %s was looked at in the meantime: look %d is not needed.", finding.id, look.number)
        return []
    queued = QueuedFailure.of(finding.failure, finding.id, received_at=finding.received_at, fresh=True)
    again = {"traceparent": retriage.traceparent, "look": look or asked_again(finding)}
    return [(queued.model_copy(update=again), old)]


def _separate(found: list[QueuedFailure]) -> tuple[list[bytes], list[QueuedFailure]]:
    """A message for each failure, and the failures that are too large for one. IntakeError (`too_large`)."""
    large: list[QueuedFailure] = []

    def encoded() -> Iterator[bytes]:
        for queued in found:
            try:
                yield queued.encode()
            except IntakeError:
                large.append(queued)

    return list(within_limit(encoded())), large


async def _reject(services: Services, message: QueueMessage, reason: RejectedReason, detail: str) -> None:
    """Stores a whole message as a rejected event."""
    text = decode(message.text)
    await services.rejected.save(rejected_event(text, message.id, message.inserted_at, reason, detail))
    count(Metric.REJECTED, reason=reason.value)
    _log.warning("Rejected a queue message: %s", reason.value)
