"""Reads the messages of the queues (queued.py), and makes those of a body.

Any message that the service has not written is a body as `POST /api/failures` accepts it. A message is base64, as Azure
Functions and Event Grid write it, or plain JSON.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterable, Iterator
from typing import TypeVar, cast

from pydantic import ValidationError

from triage.intake.body import Accepted, read_body
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import MAX_DEPTH, IntakeError, Json, parse_json
from triage.intake.message_id import MAX_MESSAGE_ID_CHARACTERS
from triage.intake.queued import (
    AUDIT,
    FAILURE,
    LOOK,
    RETRIAGE,
    SETTLE,
    QueuedAudit,
    QueuedFailure,
    QueuedLook,
    QueuedRetriage,
    QueuedSettle,
)
from triage.problems import Problem
from triage.settings import Settings
from triage.wire import Wire

Message = TypeVar("Message", bound=Wire)

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


def decode(text: str) -> str:
    """The text of a message without its base64, if it has any."""
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8-sig")
    except (binascii.Error, ValueError):
        return text


def read_message(settings: Settings, text: str, *, message_id: str, inserted_at: str) -> list[QueuedFailure]:
    """The failures of a decoded message; IntakeError if it has none. `inserted_at` is when it was put on the queue."""
    body = text.encode(errors="surrogatepass")
    message = _own(FAILURE, body)
    with contextlib.suppress(ValidationError):  # another body that only looks like a message of the service
        if message is not None:
            queued = QueuedFailure.model_validate(message | {"findingId": "", "since": 0.0})
            if len(queued.failure.internet_message_id or "") > MAX_MESSAGE_ID_CHARACTERS:
                raise IntakeError("not_a_failure", [Problem("/failure/internetMessageId", "is too long")])
            return [queued.model_copy(update={"finding_id": _computed_id(settings, queued)})]
    return queue_failures(settings, read_body(body), delivery=message_id, received_at=inserted_at)


def read_retriage(text: str) -> QueuedRetriage | None:
    """The retriage, or the look, that a decoded message asks for; None if it is another message."""
    return _read(RETRIAGE, QueuedRetriage, text) or _read(LOOK, QueuedLook, text)


def read_settle(text: str) -> QueuedSettle | None:
    """The incident in a decoded message whose findings have to be resolved or opened; None if it is another message."""
    return _read(SETTLE, QueuedSettle, text)


def read_audit(text: str) -> QueuedAudit | None:
    """The tenant in a decoded message whose app has to be audited; None if it is another message."""
    return _read(AUDIT, QueuedAudit, text)


def _read(kind: str, model: type[Message], text: str) -> Message | None:
    """A message that says it is of a kind; None for any other message, and for one that lacks something."""
    message = _own(kind, text.encode(errors="surrogatepass"))
    with contextlib.suppress(ValidationError):
        return model.model_validate(message) if message is not None else None
    return None


def _own(kind: str, body: bytes) -> Json | None:
    """The JSON object of a message that says it is of a kind; None for any other message."""
    if f'"{kind}"'.encode() not in body:
        return None
    try:
        value = parse_json(body, MAX_DEPTH + 2)  # `raw` is two levels deeper here than its fields were in the body
    except IntakeError:
        return None
    message = cast("Json", value) if isinstance(value, dict) else {}
    return message if message.get("kind") == kind else None


def _computed_id(settings: Settings, queued: QueuedFailure) -> str:
    """The ID with which the failure was accepted, even if the settings have changed since.

    The tenant in the message is used only if the failure names none. A forged one gains nothing: the sender could have
    named that tenant in the failure.
    """
    failure = queued.failure
    tenant_id = settings.configured_tenant_id(failure.tenant_id or queued.configured_tenant_id, failure.mailbox)
    return failure.finding_id(tenant_id, queued.part)
