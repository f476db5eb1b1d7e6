"""A notice as a signed webhook: a structured CloudEvent, with the headers of the Standard Webhooks specification.

The signature covers the bytes of the body, so both standards apply
(https://github.com/standard-webhooks/standard-webhooks, https://github.com/cloudevents/spec).
"""

from __future__ import annotations

from datetime import UTC, datetime

from triage.notifications.notice import Json, Notice
from triage.notifications.outgoing import Outgoing, json_bytes
from triage.settings import Channel

MOST_BYTES = 20_000
"""The specification asks for bodies below 20 KB. An incident's log is shortened to fit, the oldest entries first."""


def render(notice: Notice, channel: Channel, source: str) -> Outgoing:
    """The request, signed with the current time: receivers refuse a timestamp that is five minutes off."""
    body = _within_limit(notice, source)
    return Outgoing(channel.address, body, signed_headers(notice.id, body, channel.key))


def signed_headers(identifier: str, body: bytes, secret: str) -> dict[str, str]:
    """The headers of a CloudEvent with this ID that is sent now."""
    from standardwebhooks import Webhook

    at = datetime.now(UTC)  # `sign` accepts only UTC, although its documentation doesn't say so
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": identifier,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(identifier, at, body.decode()),
    }


def _within_limit(notice: Notice, source: str) -> bytes:
    event: Json = {
        "specversion": "1.0",
        "id": notice.id,
        "source": source,
        "type": notice.type,
        "subject": notice.subject_id,
        "time": notice.at,
        "datacontenttype": "application/json",
        "data": notice.data,
    }
    body = json_bytes(event)
    log: list[Json] = notice.data.get("log") or []
    while log and len(body) > MOST_BYTES:
        log = log[len(log) // 2 + 1 :]
        body = json_bytes({**event, "data": {**notice.data, "log": log}})
    return body
