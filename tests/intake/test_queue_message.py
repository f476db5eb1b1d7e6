"""Queue messages: the service reads its own messages, and reads any other message as a body."""

from __future__ import annotations

import base64
import json
from contextlib import nullcontext
from typing import Any

import pytest

from tests.factories import OTHER_TENANT_ID, TENANT_ID, make_failure, make_tenant
from triage.intake.body import Accepted, read_body
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import MAX_DEPTH, IntakeError
from triage.intake.queue_message import MAX_MESSAGE_BYTES, QueuedFailure, QueuedRetriage, decode, read_retriage
from triage.intake.queued_failures import MAX_MESSAGES_BYTES, finding_id, queue_failures, read_message, within_limit
from triage.settings import Settings, Storage

SETTINGS = Settings(storage=Storage(), tenants=(make_tenant(),))
AT = "2026-11-20T10:11:12.123456789Z"
FAILURE = {"messageId": "m-1", "mailbox": "adele@contoso.com", "error": "Resource is Not Found"}


def read(text: str) -> list[QueuedFailure]:
    return read_message(SETTINGS, decode(text), message_id="message", inserted_at=AT)


def queue(failure: RemediationFailure, **fields: Any) -> QueuedFailure:
    """A failure as the intake queues it."""
    return QueuedFailure.of(failure, finding_id(SETTINGS, failure, fields.get("part")), **fields)


@pytest.mark.parametrize("queued", [
    queue(make_failure(raw={"x": [1, None, {"y": "ü€😀"}]}, occurred_at=AT)),
    queue(make_failure(), delivery="d/0", received_at=AT, part="part", configured_tenant_id=TENANT_ID),
])  # fmt: skip
def test_a_message_of_the_service_is_read_back(queued: QueuedFailure) -> None:
    assert read(base64.b64encode(queued.encode()).decode()) == [queued]


def test_a_message_says_what_it_is_and_leaves_out_what_is_not_set() -> None:
    queued = queue(make_failure(), delivery="d/0", received_at=AT, configured_tenant_id=TENANT_ID)
    assert json.loads(queued.encode()) == {
        "kind": "triage.failure",
        "failure": {name: value for name, value in make_failure().wire().items() if value},
        "receivedAt": AT,
        "delivery": "d/0",
        "configuredTenantId": TENANT_ID,
    }


def test_a_message_cannot_name_a_finding_or_a_look() -> None:
    victim = queue(make_failure(), delivery="d/0")
    for change in (
        {"findingId": victim.finding_id},
        {"finding_id": victim.finding_id, "since": 9e9},
        {"configuredTenantId": TENANT_ID},
        {"look": {"findingId": victim.finding_id, "number": 9, "before": 1, "since": AT}},
    ):
        other = make_failure(mailbox="mallory@contoso.com", tenant_id=OTHER_TENANT_ID)
        message = json.loads(queue(other, delivery="d/1").encode()) | change
        (found,) = read(json.dumps(message))
        assert found.finding_id == other.finding_id(OTHER_TENANT_ID) != victim.finding_id
        assert (found.since, found.look) == (0, None)


def test_a_message_cannot_have_a_longer_message_id_than_a_body() -> None:
    for characters, refused in ((2044, False), (2045, True)):
        message = json.loads(queue(make_failure()).encode())
        message["failure"]["internetMessageId"] = f"<{'x' * characters}@b>"
        with pytest.raises(IntakeError) if refused else nullcontext():
            read(json.dumps(message))


def test_a_failure_keeps_its_id_when_the_settings_change_while_it_waits() -> None:
    failure = make_failure(tenant_id=None)
    (accepted,) = queue_failures(SETTINGS, [Accepted("", failure)], delivery="d", received_at=AT)
    assert accepted.configured_tenant_id == TENANT_ID
    several = SETTINGS.model_copy(update={"tenants": (make_tenant(), make_tenant(tenant_id=OTHER_TENANT_ID))})
    assert finding_id(several, failure) != accepted.finding_id
    assert read_message(several, accepted.encode().decode(), message_id="m", inserted_at=AT) == [accepted]


def test_a_failure_keeps_its_part_of_an_event() -> None:
    event = {
        "specversion": "1.0",
        "id": "e",
        "source": "/s",
        "type": "t",
        "data": [FAILURE, FAILURE | {"messageId": "2"}],
    }
    both = queue_failures(SETTINGS, read_body(json.dumps(event).encode()), delivery="d", received_at=AT)
    assert len({queued.finding_id for queued in both}) == 2
    assert [read(queued.encode().decode()) for queued in both] == [[queued] for queued in both]


def test_a_retriage_names_its_finding() -> None:
    text = QueuedRetriage.of("0" * 32).encode().decode()
    assert json.loads(text) == {"kind": "triage.retriage", "findingId": "0" * 32}
    assert read_retriage(text) == QueuedRetriage.of("0" * 32)
    assert read_retriage(queue(make_failure()).encode().decode()) is None


@pytest.mark.parametrize("named", ["", "a", "ab/cd", "A" * 32, "0" * 33, "0" * 32 + "\n", None])
def test_a_retriage_with_a_wrong_id_is_refused(named: Any) -> None:
    text = json.dumps({"kind": "triage.retriage", "findingId": named})
    assert read_retriage(text) is None
    with pytest.raises(IntakeError):
        read(text)


@pytest.mark.parametrize("depth", [1, 50, MAX_DEPTH - 1])
def test_deeply_nested_fields_are_read_back(depth: int) -> None:
    body = json.dumps(FAILURE).encode()[:-1] + b',"deep":' + b"[" * depth + b"]" * depth + b"}"
    queued = queue(read_body(body)[0].failure)
    assert read(queued.encode().decode()) == [queued]


def test_the_messages_of_a_body_have_a_total_limit() -> None:
    assert list(within_limit([b"x" * MAX_MESSAGES_BYTES])) == [b"x" * MAX_MESSAGES_BYTES]
    with pytest.raises(IntakeError) as caught:
        list(within_limit([b"x" * MAX_MESSAGES_BYTES, b"x"]))
    assert caught.value.reason == "too_large"


def test_a_failure_too_large_for_a_message_is_refused_with_its_place() -> None:
    rest = len(QueuedFailure.of(make_failure(subject="x"), "f", received_at=AT).encode()) - 1
    assert len(QueuedFailure.of(make_failure(subject="x" * (MAX_MESSAGE_BYTES - rest)), "f", received_at=AT).encode())
    with pytest.raises(IntakeError) as caught:
        too_large = make_failure(subject="x" * (MAX_MESSAGE_BYTES - rest + 1))
        QueuedFailure.of(too_large, "f", received_at=AT).encode("/3")
    assert caught.value.reason == "too_large"
    assert [problem.pointer for problem in caught.value.problems] == ["/3"]


@pytest.mark.parametrize("encode", [
    lambda text: text,
    lambda text: f"\ufeff \r\n{text}",
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.b64encode(b"\xef\xbb\xbf" + text.encode()).decode(),
], ids=["plain", "with a byte order mark", "base64", "base64 with a byte order mark"])  # fmt: skip
def test_a_body_on_the_queue_is_read_as_its_failures(encode: Any) -> None:
    first, second = read(encode(json.dumps([FAILURE, {**FAILURE, "messageId": "m-2"}])))
    assert (first.failure.message_id, second.failure.message_id) == ("m-1", "m-2")
    assert (first.delivery, second.delivery) == ("message/0", "message/1")
    assert {first.received_at, second.received_at} == {AT}
    assert first.finding_id == finding_id(SETTINGS, first.failure) != second.finding_id


@pytest.mark.parametrize(("text", "reason"), [
    ("nonsense", "not_json"), ("%%%", "not_json"), ("", "not_json"), ('{"kind":"triage.failure"}', "not_a_failure"),
    ('{"kind":"triage.failure","failure":{},"receivedAt":"x"}', "not_a_failure"),
    ('["triage.failure"]', "not_a_failure"), (base64.b64encode(b"\xff\xfe\xfd").decode(), "not_json"),
])  # fmt: skip
def test_a_message_without_failures_is_refused(text: str, reason: str) -> None:
    with pytest.raises(IntakeError) as caught:
        read(text)
    assert caught.value.reason == reason


def test_the_id_of_a_finding_is_made_with_the_configured_tenant() -> None:
    failure = make_failure()
    assert finding_id(SETTINGS, failure) == failure.finding_id(TENANT_ID)
    elsewhere = make_failure(tenant_id=OTHER_TENANT_ID)
    assert finding_id(SETTINGS, elsewhere) == elsewhere.finding_id(OTHER_TENANT_ID)
    (queued,) = queue_failures(SETTINGS, read_body(json.dumps(FAILURE).encode()), delivery="d", received_at=AT)
    assert queued.finding_id == finding_id(SETTINGS, queued.failure)
