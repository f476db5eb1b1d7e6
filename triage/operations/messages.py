"""The failures in a queue message, or the failure of the stored finding that it names. Other messages are rejected."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from uuid import uuid4

import azure.functions as func

from triage.intake.json_text import IntakeError
from triage.intake.queue_message import QueuedFailure, QueuedLook, QueuedRetriage, decode, read_retriage
from triage.intake.queued_failures import read_message, within_limit
from triage.operations.looks import asked_again, is_early, is_next
from triage.operations.services import Services
from triage.storage.finding_rows import Stored
from triage.storage.rejected import RejectedReason, rejected_event
from triage.telemetry.errors import PlainError
from triage.telemetry.instruments import Metric, count
from triage.wire import epoch_ns, from_datetime, now

_log = logging.getLogger(__name__)


EARLY_SECONDS = 30
"""How long a look waits on the queue if its finding is not stored yet and its tries are used up."""
EARLY_FOR = 3600.0
"""How long after the first look without evidence a finding may still not be stored, in seconds."""
_AFRESH_SECONDS = 60.0
# Times of the queue are whole seconds, and its clock may be late.
_CLOCKS_SECONDS = 2.0


class TriageIncompleteError(PlainError):
    """Time is up, or the message arrived too early. It goes back to the queue and is retried."""


@dataclass(frozen=True)
class QueueMessage:
    """A message from the queue trigger. `attempt` is its dequeue count, from 1."""

    text: str
    id: str
    inserted_at: str
    attempt: int = 1

    @classmethod
    def of(cls, message: func.QueueMessage) -> QueueMessage:
        """From the trigger's message. If it has no time of insertion, it is received now."""
        inserted = message.insertion_time
        received_at = from_datetime(inserted) if inserted else now()
        text = message.get_body().decode(errors="replace")
        return cls(text, message.id or uuid4().hex, received_at, message.dequeue_count or 1)

    @cached_property
    def decoded(self) -> str:
        """The text without its base64, if it has any."""
        return decode(self.text)


async def read_or_reject(
    services: Services, message: QueueMessage, *, split: bool = False, poison: bool = False
) -> list[tuple[QueuedFailure, Stored | None]]:
    """The failures of a message to triage now, each with its stored finding if that was read.

    A message that can't be read has none, and is stored as a rejected event.

    With `split`, several failures are put on the queue one by one instead, except those too large for a message.
    """
    text = message.decoded
    if retriage := read_retriage(text):
        last = poison or message.attempt >= services.settings.max_dequeue_count
        return await _stored(services, retriage, since=afresh(message.inserted_at), last=last)
    try:
        found = read_message(services.settings, text, message_id=message.id, inserted_at=message.inserted_at)
        messages, found = _separate(found) if split and len(found) > 1 else ([], found)
    except IntakeError as error:
        await reject(services, message, RejectedReason.POISON if poison else RejectedReason(error.reason), str(error))
        return []
    await services.queue.send(messages)
    return [(queued, None) for queued in found]


async def _stored(
    services: Services, retriage: QueuedRetriage, *, since: float, last: bool
) -> list[tuple[QueuedFailure, Stored | None]]:
    """The failure of a stored finding, if there is anything left to triage.

    A look can arrive before its finding is stored. It is then retried, and put back on the queue at the `last` try.
    """
    old = await services.findings.stored(retriage.finding_id)
    finding = old.finding if old else await services.findings.get(retriage.finding_id)
    look = retriage if isinstance(retriage, QueuedLook) else None
    if look is not None and is_early(look, finding):
        if not last:
            raise TriageIncompleteError(f"The finding before look {look.number} is not stored yet. It is tried again.")
        if abs(time.time() - epoch_ns(look.since) / 1e9) < EARLY_FOR:  # a forged time in the future would never end
            await services.queue.send([look.encode()], delay=EARLY_SECONDS)
            return []
    if finding is None:
        _log.warning("Finding %s no longer exists. It is not triaged again.", retriage.finding_id)
        return []
    if look is not None and not is_next(look, finding):
        _log.info("Finding %s was looked at in the meantime: look %d is not needed.", finding.id, look.number)
        return []
    queued = QueuedFailure.of(finding.failure, finding.id, received_at=finding.received_at, since=since)
    again = {"traceparent": retriage.traceparent, "look": look or asked_again(finding)}
    return [(queued.model_copy(update=again), old)]


def afresh(inserted_at: str) -> float:
    """The earliest time (time.monotonic) at which a look may have read the tenant and its app.

    That is after its message was put on the queue, and in the last minute. So looks of a minute share a reading: each
    reading of its own would double what they take of Graph's quotas.
    """
    age = time.time() - epoch_ns(inserted_at) / 1e9
    return time.monotonic() - min(age - _CLOCKS_SECONDS, _AFRESH_SECONDS)


def _separate(found: list[QueuedFailure]) -> tuple[list[bytes], list[QueuedFailure]]:
    """A message for each failure, and the failures that are too large for a message. Raises IntakeError (`too_large`)."""
    large: list[QueuedFailure] = []

    def encoded() -> Iterator[bytes]:
        for queued in found:
            try:
                yield queued.encode()
            except IntakeError:
                large.append(queued)

    return list(within_limit(encoded())), large


async def reject(services: Services, message: QueueMessage, reason: RejectedReason, detail: str) -> None:
    """Stores a whole message as a rejected event."""
    await services.rejected.save(rejected_event(message.decoded, message.id, message.inserted_at, reason, detail))
    count(Metric.REJECTED, reason=reason.value)
    _log.warning("Rejected a queue message: %s", reason.value)
