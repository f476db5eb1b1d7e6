"""The messages that the service writes to its queues, and reads from them.

There are five kinds:

    {"kind": "triage.failure", "failure": {...}, "receivedAt", "delivery", "configuredTenantId", "part", "traceparent"}
    {"kind": "triage.retriage", "findingId", "traceparent"}
    {"kind": "triage.look", "findingId", "number", "before", "since", "traceparent"}
    {"kind": "triage.settle", "incidentId", "reopened", "after"}
    {"kind": "triage.audit", "tenantId"}

The first has one failure in one mailbox. The second asks to triage the failure of a stored finding again, and so does the
third, which the service sends to itself (operations/looks.py). The fourth says that a person has resolved or reopened an
incident, and its findings with it (operations/incidents.py). The fifth has the app of a tenant audited
(operations/audits.py).

A message is base64, as Azure Functions and Event Grid write it, or plain JSON. Any other message is a body as
`POST /api/failures` accepts it (queued_failures.py).

Everyone who may send to the queue can write any of these. So a failure never names its finding: the ID is computed from the
failure, and a retriage or a look takes the failure that is stored. Neither can change the finding of another failure. The
findings of an incident are resolved or reopened only if the stored incident says so, and only a configured tenant is audited.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, Field, ValidationError

from triage.addresses import guid
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import MAX_DEPTH, IntakeError, Json, parse_json
from triage.problems import Problem
from triage.telemetry.instruments import traceparent
from triage.wire import Instant, Wire, now

Message = TypeVar("Message", bound=Wire)

# A queue message holds 64 KiB of text, which is base64: 4 characters for 3 bytes
# (https://learn.microsoft.com/azure/storage/queues/scalability-targets).
MAX_MESSAGE_BYTES = 64 * 1024 // 4 * 3
FAILURE, RETRIAGE, LOOK, SETTLE = "triage.failure", "triage.retriage", "triage.look", "triage.settle"
AUDIT = "triage.audit"


class QueuedRetriage(Wire):
    """A stored finding whose failure is to be triaged again."""

    finding_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    traceparent: str | None = None

    @classmethod
    def of(cls, finding_id: str) -> QueuedRetriage:
        """A retriage to queue in the current trace."""
        return cls(finding_id=finding_id, traceparent=traceparent())

    def encode(self) -> bytes:
        """The message, before base64."""
        return _encode(RETRIAGE, self)


class QueuedLook(QueuedRetriage):
    """A look that the service makes by itself: its number, and how many looks before it lacked evidence, and since when."""

    number: Annotated[int, Field(ge=1)]
    before: Annotated[int, Field(ge=0)]
    since: Instant

    @classmethod
    def after(cls, finding_id: str, number: int, before: int, since: str) -> QueuedLook:
        """A look to queue in the current trace."""
        return cls(finding_id=finding_id, number=number, before=before, since=since, traceparent=traceparent())

    def encode(self) -> bytes:
        """The message, before base64."""
        return _encode(LOOK, self)


class QueuedSettle(Wire):
    """An incident that a person has resolved, so that its open findings have to be resolved too.

    `reopened`: a person has reopened it, so that findings that were resolved by hand have to be opened. `after` is the last
    finding that was opened.
    """

    incident_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    reopened: bool = False
    after: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""

    def encode(self) -> bytes:
        """The message, before base64."""
        return _encode(SETTLE, self)


class QueuedAudit(Wire):
    """A tenant whose app has to be audited."""

    tenant_id: Annotated[str, AfterValidator(guid)]

    def encode(self) -> bytes:
        """The message, before base64."""
        return _encode(AUDIT, self)


class QueuedFailure(Wire):
    """One accepted failure, on its way through the queue.

    `delivery` names the request or message that it came with, so that a retry doesn't count as another delivery; None doesn't
    count. The ID of its finding is computed from the failure, `configured_tenant_id` and `part` (docs/api.md#deduplication).
    `since` is when the tenant and the app may have been read at the earliest (Kept.get). `traceparent` is the trace in which
    it was accepted (https://www.w3.org/TR/trace-context/). `look` is the look that asks for the failure, if there is one.
    """

    # Never read from a message: everyone who may send to the queue could set them.
    finding_id: Annotated[str, Field(exclude=True)]
    since: Annotated[float, Field(exclude=True)] = 0.0
    look: Annotated[QueuedLook | None, Field(exclude=True)] = None

    failure: RemediationFailure
    received_at: Instant
    delivery: Annotated[str, Field(max_length=100)] | None = None
    configured_tenant_id: Annotated[str, AfterValidator(guid)] | None = None
    part: str | None = None
    traceparent: str | None = None

    @classmethod
    def of(  # noqa: PLR0913 - each is a field
        cls,
        failure: RemediationFailure,
        finding_id: str,
        *,
        received_at: str | None = None,
        delivery: str | None = None,
        configured_tenant_id: str | None = None,
        part: str | None = None,
        since: float = 0.0,
    ) -> QueuedFailure:
        """A failure to queue in the current trace. It is received now, unless `received_at` says otherwise."""
        return cls(
            finding_id=finding_id,
            failure=failure,
            received_at=received_at or now(),
            delivery=delivery,
            configured_tenant_id=configured_tenant_id,
            part=part,
            since=since,
            traceparent=traceparent(),
        )

    def encode(self, pointer: str = "") -> bytes:
        """The message, before base64. IntakeError (`too_large`) at `pointer` if a message can't hold it."""
        message = _encode(FAILURE, self)
        if len(message) > MAX_MESSAGE_BYTES:
            detail = f"is too large for a queue message: {len(message):,} bytes of at most {MAX_MESSAGE_BYTES:,}"
            raise IntakeError("too_large", [Problem(pointer, detail)])
        return message


def decode(text: str) -> str:
    """The text of a message without its base64, if it has any."""
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8-sig")
    except (binascii.Error, ValueError):
        return text


def read_failure(text: str) -> QueuedFailure | None:
    """The failure in a decoded message, without the ID of its finding; None if it is another message."""
    return _read(FAILURE, QueuedFailure, text, findingId="", since=0.0, look=None)


def read_retriage(text: str) -> QueuedRetriage | None:
    """The retriage, or the look, that a decoded message asks for; None if it is another message."""
    return _read(RETRIAGE, QueuedRetriage, text) or _read(LOOK, QueuedLook, text)


def read_settle(text: str) -> QueuedSettle | None:
    """The incident in a decoded message whose findings have to be resolved or opened; None if it is another message."""
    return _read(SETTLE, QueuedSettle, text)


def read_audit(text: str) -> QueuedAudit | None:
    """The tenant in a decoded message whose app has to be audited; None if it is another message."""
    return _read(AUDIT, QueuedAudit, text)


def _encode(kind: str, message: Wire) -> bytes:
    fields = message.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return json.dumps({"kind": kind, **fields}, ensure_ascii=False, separators=(",", ":")).encode()


def _read(kind: str, model: type[Message], text: str, **instead: Any) -> Message | None:
    """A message that says it is of a kind; None for any other message, and for one that lacks something.

    `instead`: the fields that are never read from a message.
    """
    message = _fields(kind, text)
    with contextlib.suppress(ValidationError):
        return model.model_validate(message | instead) if message is not None else None
    return None


def _fields(kind: str, text: str) -> Json | None:
    """The JSON object of a message that says it is of a kind; None for any other message."""
    if f'"{kind}"' not in text:
        return None
    body = text.encode(errors="surrogatepass")
    try:
        value = parse_json(body, MAX_DEPTH + 2)  # `raw` is two levels deeper here than its fields were in the body
    except IntakeError:
        return None
    message = cast("Json", value) if isinstance(value, dict) else {}
    return message if message.get("kind") == kind else None
