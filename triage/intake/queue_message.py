"""The messages of the intake queue: how the service writes one, and how it reads one.

A message of the service's own is `{"kind": "triage.failure", "findingId", "failure": {...}, "receivedAt", "delivery",
"fresh", "traceparent"}`, one failure in one mailbox. A message of anybody else is a body as `POST /api/failures` takes
it. Both come as base64, as Azure Functions and Event Grid write it, or as plain JSON.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, cast

from pydantic import ValidationError

from triage.intake.body import Accepted, read_body
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import IntakeError
from triage.problems import Problem
from triage.settings import Settings
from triage.telemetry.instruments import traceparent
from triage.wire import Instant, Wire, now

# A queue message holds 64 KiB of text, which is base64: 4 characters for 3 bytes
# (https://learn.microsoft.com/azure/storage/queues/scalability-targets).
MAX_MESSAGE_BYTES = 64 * 1024 // 4 * 3
_KIND = "triage.failure"


class QueuedFailure(Wire):
    """One accepted failure, on its way through the queue.

    `delivery` names the delivery that it came with, so that another try at it is not counted as another delivery. It
    is empty where there is none. `fresh` asks for evidence that is read again, without cached answers. `traceparent`
    is the trace that it was accepted in (https://www.w3.org/TR/trace-context/).
    """

    finding_id: str
    failure: RemediationFailure
    received_at: Instant
    delivery: str
    fresh: bool = False
    traceparent: str | None = None

    @classmethod
    def of(
        cls,
        failure: RemediationFailure,
        finding_id: str,
        *,
        delivery: str = "",
        received_at: str | None = None,
        fresh: bool = False,
    ) -> QueuedFailure:
        """A failure to be queued in the trace that is under way; received now, unless the caller knows better."""
        return cls(
            finding_id=finding_id,
            failure=failure,
            received_at=received_at or now(),
            delivery=delivery,
            fresh=fresh,
            traceparent=traceparent(),
        )

    def encode(self, pointer: str = "") -> bytes:
        """The message, before base64. IntakeError (`too_large`), which points at the failure, if no message holds it."""
        fields = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        message = json.dumps({"kind": _KIND, **fields}, ensure_ascii=False, separators=(",", ":")).encode()
        if len(message) > MAX_MESSAGE_BYTES:
            detail = f"is too large for a queue message: {len(message):,} bytes of at most {MAX_MESSAGE_BYTES:,}"
            raise IntakeError("too_large", [Problem(pointer, detail)])
        return message


def queue_failures(
    settings: Settings, accepted: list[Accepted], *, delivery: str, received_at: str
) -> list[QueuedFailure]:
    """The failures of one body, in order. `delivery` is the id of the request or the message that they came with."""
    return [
        QueuedFailure.of(
            one.failure,
            finding_id(settings, one.failure, one.part),
            delivery=f"{delivery}/{index}",
            received_at=received_at,
        )
        for index, one in enumerate(accepted)
    ]


def finding_id(settings: Settings, failure: RemediationFailure, part: str | None = None) -> str:
    """The id of a failure's finding, from the event and the settings alone: Graph has not been asked yet."""
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
    """The failures of a decoded message; IntakeError if it has none. `inserted_at` is when it came on the queue."""
    body = text.encode(errors="surrogatepass")
    own = _own(body)
    if own is not None:
        return [own]
    return queue_failures(settings, read_body(body), delivery=message_id, received_at=inserted_at)


def _own(body: bytes) -> QueuedFailure | None:
    """The failure of a message that this service wrote. None: somebody else wrote it."""
    if f'"{_KIND}"'.encode() not in body:
        return None
    try:
        value: Any = json.loads(body)
        if isinstance(value, dict) and cast("dict[str, Any]", value).get("kind") == _KIND:
            return QueuedFailure.model_validate(value)
    except (ValueError, ValidationError, RecursionError):
        pass
    return None
