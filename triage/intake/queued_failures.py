"""The failures of a body as messages of the queue, and the failures of a message.

A message that the service has not written is a body as `POST /api/failures` accepts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from triage.intake.body import Accepted, read_body
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import IntakeError
from triage.intake.message_id import MAX_MESSAGE_ID_CHARACTERS
from triage.intake.queue_message import QueuedFailure, read_failure
from triage.problems import Problem
from triage.settings import Settings

# All messages of one body. Each mailbox of a failure gets a message with all its other fields, so without a limit a
# body of 68 KB could become 48 MB.
MAX_MESSAGES_BYTES = 8 * 1024 * 1024


def within_limit(messages: Iterable[bytes]) -> Iterator[bytes]:
    """The messages of one body, one at a time. IntakeError (`too_large`) if they are too large together."""
    size = 0
    for message in messages:
        size += len(message)
        if size > MAX_MESSAGES_BYTES:
            detail = f"makes queue messages of more than {MAX_MESSAGES_BYTES:,} bytes; send it in parts"
            raise IntakeError("too_large", [Problem("", detail)])
        yield message


def queue_failures(
    settings: Settings, accepted: list[Accepted], *, delivery: str, received_at: str
) -> list[QueuedFailure]:
    """The failures of one body, in order. `delivery` is the ID of the request or the message that they came with."""
    return [
        QueuedFailure.of(
            one.failure,
            finding_id(settings, one.failure, one.part),
            received_at=received_at,
            delivery=f"{delivery}/{index}",
            configured_tenant_id=settings.configured_tenant_id(one.failure.tenant_id, one.failure.mailbox),
            part=one.part,
        )
        for index, one in enumerate(accepted)
    ]


def finding_id(settings: Settings, failure: RemediationFailure, part: str | None = None) -> str:
    """The ID of a failure's finding, from the event and the settings only: Graph has not been asked yet."""
    return failure.finding_id(settings.configured_tenant_id(failure.tenant_id, failure.mailbox), part)


def read_message(settings: Settings, text: str, *, message_id: str, inserted_at: str) -> list[QueuedFailure]:
    """The failures of a decoded message; IntakeError if it has none. `inserted_at` is when it was put on the queue."""
    if (queued := read_failure(text)) is not None:
        if len(queued.failure.internet_message_id or "") > MAX_MESSAGE_ID_CHARACTERS:
            raise IntakeError("not_a_failure", [Problem("/failure/internetMessageId", "is too long")])
        return [queued.model_copy(update={"finding_id": _computed_id(settings, queued)})]
    body = text.encode(errors="surrogatepass")
    return queue_failures(settings, read_body(body), delivery=message_id, received_at=inserted_at)


def _computed_id(settings: Settings, queued: QueuedFailure) -> str:
    """The ID with which the failure was accepted, even if the settings have changed since.

    The tenant in the message is used only if the failure names none. A forged one gains nothing: the sender could have
    named that tenant in the failure.
    """
    failure = queued.failure
    tenant_id = settings.configured_tenant_id(failure.tenant_id or queued.configured_tenant_id, failure.mailbox)
    return failure.finding_id(tenant_id, queued.part)
