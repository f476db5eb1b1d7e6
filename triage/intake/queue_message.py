"""The messages of the intake queue: how the service writes one, and how it reads one.

The service writes four kinds of messages:

    {"kind": "triage.failure", "failure": {...}, "receivedAt", "delivery", "configuredTenantId", "part", "traceparent"}
    {"kind": "triage.retriage", "findingId", "traceparent"}
    {"kind": "triage.look", "findingId", "number", "before", "since", "traceparent"}
    {"kind": "triage.settle", "incidentId", "reopened", "after"}

The first holds one failure in one mailbox. The second asks to triage the failure of a stored finding again, and so does
the third, which the service sends to itself (operations/looks.py). The fourth says that a person has resolved or
reopened an incident, and its findings with it (operations/incidents.py). Any other message is a body as `POST /api/failures`
takes it. A message is base64, as Azure Functions and Event Grid write it, or plain JSON.

Everyone who may send to the queue can write any of these. So a failure never names its finding: the id is computed
from the failure, and a retriage or a look takes the failure that is stored. Neither can change the finding of another
failure, and an incident's findings are resolved or reopened only if the stored incident says so.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Iterable, Iterator
from typing import Annotated, cast

from pydantic import AfterValidator, Field, ValidationError

from triage.addresses import guid
from triage.intake.body import Accepted, read_body
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import MAX_DEPTH, IntakeError, Json, parse_json
from triage.intake.message_id import MAX_MESSAGE_ID_CHARACTERS
from triage.problems import Problem
from triage.settings import Settings
from triage.telemetry.instruments import traceparent
from triage.wire import Instant, Wire, now

# A queue message holds 64 KiB of text, which is base64: 4 characters for 3 bytes
# (https://learn.microsoft.com/azure/storage/queues/scalability-targets).
MAX_MESSAGE_BYTES = 64 * 1024 // 4 * 3
# All messages of one body. Each mailbox of a failure gets a message with all its other fields, so without a limit a
# body of 68 KB could become 48 MB.
MAX_MESSAGES_BYTES = 8 * 1024 * 1024
_FAILURE, _RETRIAGE, _LOOK, _SETTLE = "triage.failure", "triage.retriage", "triage.look", "triage.settle"


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
        return _encode(_RETRIAGE, self)


class QueuedLook(QueuedRetriage):
    """A look that the service makes by itself: its number, and how many looks before it lacked evidence, since when."""

    number: Annotated[int, Field(ge=1)]
    before: Annotated[int, Field(ge=0)]
    since: Instant

    @classmethod
    def after(cls, finding_id: str, number: int, before: int, since: str) -> QueuedLook:
        """A look to queue in the current trace."""
        return cls(finding_id=finding_id, number=number, before=before, since=since, traceparent=traceparent())

    def encode(self) -> bytes:
        """The message, before base64."""
        return _encode(_LOOK, self)


class QueuedSettle(Wire):
    """An incident that a person has resolved: its open findings are to be resolved as well.

    `reopened`: a person has opened it again, and what had been resolved by hand is to be opened with it. `after` is the
    last finding that was opened.
    """

    incident_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    reopened: bool = False
    after: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""

    def encode(self) -> bytes:
        """The message, before base64."""
        return _encode(_SETTLE, self)


class QueuedFailure(Wire):
    """One accepted failure, on its way through the queue.

    `delivery` names the request or message that it came with, so that another try at it does not count as another
    delivery; None counts as no delivery. `configured_tenant_id` and `part` are what the id of its finding is computed
    from besides the failure (docs/api.md, Deduplication). `fresh` reads evidence again instead of using cached answers.
    `traceparent` is the trace that it was accepted in (https://www.w3.org/TR/trace-context/). `look` is the look that asks
    for the failure, if one does.
    """

    # Never read from a message: see above.
    finding_id: Annotated[str, Field(exclude=True)]
    fresh: Annotated[bool, Field(exclude=True)] = False
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
        fresh: bool = False,
    ) -> QueuedFailure:
        """A failure to queue in the current trace. It is received now, unless `received_at` says otherwise."""
        return cls(
            finding_id=finding_id,
            failure=failure,
            received_at=received_at or now(),
            delivery=delivery,
            configured_tenant_id=configured_tenant_id,
            part=part,
            fresh=fresh,
            traceparent=traceparent(),
        )

    def encode(self, pointer: str = "") -> bytes:
        """The message, before base64. IntakeError (`too_large`) at `pointer` if a message can't hold it."""
        message = _encode(_FAILURE, self)
        if len(message) > MAX_MESSAGE_BYTES:
            detail = f"is too large for a queue message: {len(message):,} bytes of at most {MAX_MESSAGE_BYTES:,}"
            raise IntakeError("too_large", [Problem(pointer, detail)])
        return message


def _encode(kind: str, message: Wire) -> bytes:
    fields = message.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return json.dumps({"kind": kind, **fields}, ensure_ascii=False, separators=(",", ":")).encode()


def within_limit(messages: Iterable[bytes]) -> Iterator[bytes]:
    """The messages of one body, one at a time. IntakeError (`too_large`) when they are too large together."""
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
    """The failures of one body, in order. `delivery` is the id of the request or the message that they came with."""
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
    """The failures of a decoded message; IntakeError if it has none. `inserted_at` is when it was put on the queue."""
    body = text.encode(errors="surrogatepass")
    message = _own(_FAILURE, body)
    with contextlib.suppress(ValidationError):  # some other body that only looks like a message of the service
        if message is not None:
            queued = QueuedFailure.model_validate(message | {"findingId": "", "fresh": False})
            if len(queued.failure.internet_message_id or "") > MAX_MESSAGE_ID_CHARACTERS:
                raise IntakeError("not_a_failure", [Problem("/failure/internetMessageId", "is too long")])
            return [queued.model_copy(update={"finding_id": _computed_id(settings, queued)})]
    return queue_failures(settings, read_body(body), delivery=message_id, received_at=inserted_at)


def read_retriage(text: str) -> QueuedRetriage | None:
    """The retriage, or the look, that a decoded message asks for; None if it is another message."""
    body = text.encode(errors="surrogatepass")
    for kind, model in ((_RETRIAGE, QueuedRetriage), (_LOOK, QueuedLook)):
        if (message := _own(kind, body)) is not None:
            with contextlib.suppress(ValidationError):
                return model.model_validate(message)
    return None


def read_settle(text: str) -> QueuedSettle | None:
    """The incident in a decoded message whose findings are to be resolved, or opened; None if it is another message."""
    message = _own(_SETTLE, text.encode(errors="surrogatepass"))
    with contextlib.suppress(ValidationError):
        return QueuedSettle.model_validate(message) if message is not None else None
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
    """The id that the failure was accepted with, also if the settings have changed since.

    The tenant in the message counts only for a failure that names none. Whoever made it up could as well have
    named that tenant in the failure.
    """
    failure = queued.failure
    tenant_id = settings.configured_tenant_id(failure.tenant_id or queued.configured_tenant_id, failure.mailbox)
    return failure.finding_id(tenant_id, queued.part)
