"""What the intake refuses: with the place of each mistake, and with nothing of the body on the queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.service_client import Json, OwnTenant, Service, StartService, in_base64

GOOD = {"mailbox": "a@refused.example", "messageId": "1", "error": "Resource is Not Found"}
TYPES = {400: ("invalid-body", "invalid-failure"), 413: ("too-large",)}
EVENT = {"specversion": "1.0", "type": "t", "source": "/s", "id": "1", "data": GOOD}
GRID = {"id": "1", "eventType": "t", "data": GOOD}
ROW = {"logType": "message", "message": {"id": "1", "mailboxes": ["a@refused.example"]}}


def without(value: Json, *names: str, **fields: Any) -> Json:
    return {name: value for name, value in (value | fields).items() if name not in names}


# Bodies, each with the pointers of all that is wrong.
REFUSED: dict[str, tuple[Any, list[str]]] = {
    "nothing": (b"", [""]),
    "no JSON": (b"{", [""]),
    "not UTF-8": (b'{"mailbox": "\xff"}', [""]),
    "NaN": (b'{"messageId": NaN}', [""]),
    "half a character": (b'{"messageId": "\\ud800"}', [""]),
    "nested too deeply": (b"[" * 100_000, [""]),
    "a number": (7, [""]),
    "a text": ("failure", [""]),
    "null": (b"null", [""]),
    "an empty array": ([], [""]),
    "an array in an array": ([[GOOD]], ["/0"]),
    "no mailbox": (without(GOOD, "mailbox"), ["/mailbox"]),
    "no error": (without(GOOD, "error"), ["/error"]),
    "no message": (without(GOOD, "messageId"), ["/messageId"]),
    "blank text": (without(GOOD, error="  ", messageId=""), ["/error", "/messageId"]),
    "all of it": ({}, ["/mailbox", "/error", "/messageId"]),
    "no address": (without(GOOD, mailbox="nobody"), ["/mailbox"]),
    "two addresses": (without(GOOD, mailbox="a@refused.example, b@refused.example"), ["/mailbox"]),
    "no domain": (without(GOOD, mailbox="a@localhost"), ["/mailbox"]),
    "a mailbox that is no text": (without(GOOD, mailbox=7), ["/mailbox"]),
    "an error that is no text": (without(GOOD, error={"code": "x"}), ["/error"]),
    "no GUID": (without(GOOD, tenantId="contoso"), ["/tenantId"]),
    "no offset": (without(GOOD, occurredAt="2026-11-20T10:11:12"), ["/occurredAt"]),
    "no such day": (without(GOOD, occurredAt="2026-02-30T10:11:12Z"), ["/occurredAt"]),
    "mailboxes that are none": (without(GOOD, "mailbox", mailboxes=["a@refused.example", "b"]), ["/mailboxes/1"]),
    "mailboxes that are no array": (without(GOOD, "mailbox", mailboxes="a@refused.example"), ["/mailboxes"]),
    "no mailboxes": (without(GOOD, "mailbox", mailboxes=[]), ["/mailboxes"]),
    "the third of an array": ([GOOD, GOOD, without(GOOD, "error"), GOOD], ["/2/error"]),
    "several of an array": ([without(GOOD, "error"), 7, without(GOOD, mailbox="b")], ["/0/error", "/1", "/2/mailbox"]),
    "another CloudEvents": (without(EVENT, specversion="0.3"), ["/specversion"]),
    "a CloudEvent without its id": (without(EVENT, "id", "source"), ["/id", "/source"]),
    "a CloudEvent without data": (without(EVENT, "data"), ["/data"]),
    "a CloudEvent of no failure": (without(EVENT, data=without(GOOD, "mailbox")), ["/data/mailbox"]),
    "a batch with a bad one": ([EVENT, without(EVENT, data=[GOOD, {}])],
                               ["/1/data/1/mailbox", "/1/data/1/error", "/1/data/1/messageId"]),
    "base64 that is none": (without(EVENT, "data", data_base64="***"), ["/data_base64"]),
    "base64 of no JSON": (without(EVENT, "data", data_base64=in_base64("{")), ["/data_base64"]),
    "Event Grid of no failure": ([without(GRID, data={**GOOD, "error": None})], ["/0/data/error"]),
    "Event Grid without its id": ([without(GRID, "id")], ["/0/id"]),
    "a row without a message": (without(ROW, message={"mailboxes": ["a@refused.example"]}), ["/message/id"]),
    "a row of nobody": (without(ROW, message={"id": "1"}), ["/message/mailboxes"]),
    "a row of no address": (without(ROW, message={"id": "1", "mailboxes": ["b"]}), ["/message/mailboxes/0"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(service: Service, name: str) -> None:
    body, pointers = REFUSED[name]
    problem = check_problem(service.post("failures", body), 400)
    assert [error["pointer"] for error in problem["errors"]] == pointers
    assert all(error["detail"] for error in problem["errors"])


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"ce-specversion": "0.3", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}, "ce-specversion"),
        ({"ce-specversion": "1.0", "ce-source": "/s", "ce-type": "t"}, "ce-id"),
    ],
)
def test_a_cloud_event_whose_headers_are_wrong(service: Service, headers: dict[str, str], words: str) -> None:
    problem = check_problem(service.post("failures", GOOD, **headers), 400)
    (error,) = problem["errors"]
    assert error["pointer"] == "" and words in error["detail"]


def test_at_most_a_hundred_mistakes_are_listed(service: Service) -> None:
    problem = check_problem(service.post("failures", [{}] * 500), 400)
    assert len(problem["errors"]) == 100


TOO_LARGE: dict[str, tuple[Any, str]] = {
    "over 1 MiB": (json.dumps([GOOD]).encode() + b" " * 1024 * 1024, ""),
    "over 1,000 failures": ([GOOD] * 1001, ""),
    "over 1,000 failures in an event": (EVENT | {"data": [GOOD] * 1001}, "/data"),
    "over 1,000 mailboxes": (GOOD | {"mailboxes": [f"m{n}@refused.example" for n in range(1000)]}, ""),
    "more than a queue message holds": ([GOOD, GOOD | {"more": "x" * 50_000}, GOOD], "/1"),
    "more than that in base64": ([GOOD, GOOD, GOOD | {"subject": "ü" * 25_000}], "/2"),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_too_large(service: Service, name: str) -> None:
    body, pointer = TOO_LARGE[name]
    problem = check_problem(service.post("failures", body), 413)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_body_at_the_size_limits_is_accepted(start_service: StartService, own_tenants: Iterator[OwnTenant]) -> None:
    """One failure that just fits into a message; then 1,000, on a host that ends before it has triaged them."""
    tenant = next(own_tenants)
    with start_service(TRIAGE_TENANTS=json.dumps([tenant.entry()])) as brief:
        large = tenant.failure(more="x" * 48_300)
        assert brief.triaged(large)["failure"]["raw"] == {"more": large["more"]}
        ids = brief.accepted([tenant.failure(f"m{number}") for number in range(1000)])
        assert len(set(ids)) == 1000


def test_a_refused_body_queues_nothing(service: Service, tenant: OwnTenant) -> None:
    """Runs after all that was refused: a failure that comes behind is triaged, and nothing before it was."""
    check_problem(service.post("failures", [GOOD | {"mailbox": f"first@{tenant.domain}"}, {}]), 400)
    assert service.triaged(tenant.failure())["cause"] == "message_deleted"
    service.drained()
    assert not [f for f in service.all("findings") if f["failure"]["mailbox"].endswith("@refused.example")]
    assert service.all("findings", mailbox=f"first@{tenant.domain}") == []


def check_problem(answer: Any, status: int) -> Json:
    """RFC 9457, and no traceback in it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].removeprefix("urn:problem-type:triage:") in TYPES[status]
    assert problem["title"] and problem["detail"] and "Traceback" not in answer.text
    return problem
