"""Every shape of the intake, over HTTP and on the queue: the same failures come of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.service_client import Json, OwnTenant, Service, in_base64

INSTANT = "2026-11-20T10:11:12.123456789Z"


@dataclass
class Shape:
    """A body with the failures that it stands for: those of their fields that are worth a look."""

    body: Any
    failures: list[Json]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)


Make = Callable[[OwnTenant], Shape]
SHAPES: dict[str, Make] = {}


def shape(make: Make) -> Make:
    SHAPES[make.__name__] = make
    return make


def plain(tenant: OwnTenant, **fields: Any) -> Json:
    """A failure of nobody, whom it takes little to look for."""
    return tenant.failure(f"nobody-{uuid.uuid4().hex[:8]}", occurredAt=INSTANT, **fields)


def as_kept(failure: Json, **fields: Any) -> Json:
    return {name: value for name, value in (failure | {"raw": {}} | fields).items() if name != "mailboxes"}


def cloud_event(data: Any, **attributes: Any) -> Json:
    usual = {"specversion": "1.0", "type": "com.example.failed", "source": "/etd/1", "id": str(uuid.uuid4())}
    return usual | {"datacontenttype": "application/json", "data": data} | attributes


def event_grid_event(data: Any) -> Json:
    return {
        "id": str(uuid.uuid4()),
        "topic": "/subscriptions/1",
        "subject": "failures/1",
        "eventType": "Example.RemediationFailed",
        "eventTime": INSTANT,
        "dataVersion": "1",
        "metadataVersion": "1",
        "data": data,
    }


@shape
def one_failure(tenant: OwnTenant) -> Shape:
    failure = plain(tenant)
    return Shape(failure, [as_kept(failure)])


@shape
def only_what_is_required(tenant: OwnTenant) -> Shape:
    names = ("tenantId", "mailbox", "messageId", "error")
    failure = {name: value for name, value in plain(tenant).items() if name in names}
    return Shape(failure, [as_kept(failure, id=None, occurredAt=None, folder=None)])


@shape
def unknown_fields(tenant: OwnTenant) -> Shape:
    failure = plain(tenant)
    more = {"severity": 5, "nested": {"a": [1, None, "ü"]}, "kind": "triage.failure"}
    return Shape(failure | more, [as_kept(failure, raw=more)])


@shape
def an_array(tenant: OwnTenant) -> Shape:
    failures = [plain(tenant), plain(tenant), plain(tenant)]
    return Shape(failures, [as_kept(failure) for failure in failures])


@shape
def several_mailboxes(tenant: OwnTenant) -> Shape:
    failure = plain(tenant)
    one, two = failure.pop("mailbox"), plain(tenant)["mailbox"]
    body = failure | {"mailboxes": [one, two, one.upper()]}
    return Shape(body, [as_kept(failure, mailbox=one), as_kept(failure, mailbox=two)])


@shape
def a_mailbox_and_several(tenant: OwnTenant) -> Shape:
    failure, two = plain(tenant), plain(tenant)["mailbox"]
    return Shape(failure | {"mailboxes": [two]}, [as_kept(failure), as_kept(failure, mailbox=two)])


@shape
def blanks_names_and_case(tenant: OwnTenant) -> Shape:
    failure = plain(tenant, id="  id with blanks ", error=" The requested user is invalid ", errorCode="   ")
    body = failure | {
        "tenantId": tenant.id.upper(),
        "mailbox": f" Nobody, Known <{failure['mailbox'].upper()}> ",
        "occurredAt": "2026-11-20T11:11:12.123456789+01:00",
        "internetMessageId": "without-brackets@mail.example",
    }
    return Shape(
        body,
        [
            as_kept(
                failure,
                id="id with blanks",
                error="The requested user is invalid",
                errorCode=None,
                internetMessageId="<without-brackets@mail.example>",
                raw={"internetMessageId": "without-brackets@mail.example"},
            )
        ],
    )


@shape
def a_unicode_domain(tenant: OwnTenant) -> Shape:
    failure = plain(tenant, mailbox="Jörg@Bücher.example", subject="Ünpaid 請求書 🧾")
    return Shape(failure, [as_kept(failure, mailbox="jörg@xn--bcher-kva.example")])


@shape
def a_code_without_a_text(tenant: OwnTenant) -> Shape:
    failure = plain(tenant, error=None, errorCode="ErrorInvalidUser")
    return Shape(failure, [as_kept(failure)])


@shape
def structured_cloud_event(tenant: OwnTenant) -> Shape:
    failure = plain(tenant)
    event = cloud_event(failure, subject="x", time=INSTANT, traceparent="00-1")
    kept = as_kept(failure, id=event["id"], source="/etd/1", raw={"envelope": {"traceparent": "00-1"}})
    return Shape(event, [kept], {"content-type": "application/cloudevents+json; charset=utf-8"})


@shape
def cloud_event_in_base64(tenant: OwnTenant) -> Shape:
    failure = plain(tenant)
    event = cloud_event(None, data_base64=in_base64(json.dumps(failure)))
    del event["data"]
    return Shape(
        event,
        [as_kept(failure, id=event["id"], source="/etd/1")],
        {"content-type": "application/cloudevents+json"},
    )


@shape
def cloud_event_of_several(tenant: OwnTenant) -> Shape:
    failures = [plain(tenant), plain(tenant)]
    event = cloud_event(failures)
    return Shape(event, [as_kept(failure, id=event["id"], source="/etd/1") for failure in failures])


@shape
def batch_of_cloud_events(tenant: OwnTenant) -> Shape:
    failures = [plain(tenant), plain(tenant)]
    events = [cloud_event(failure) for failure in failures]
    return Shape(
        events,
        [as_kept(f, id=event["id"], source="/etd/1") for f, event in zip(failures, events, strict=True)],
        {"content-type": "application/cloudevents-batch+json"},
    )


@shape
def cloud_event_in_headers(tenant: OwnTenant) -> Shape:
    failure, event_id = plain(tenant), f"ünique {uuid.uuid4()}"
    headers = {"specversion": "1.0", "type": "x", "source": "/etd/1", "id": quote(event_id), "custom": "1"}
    return Shape(
        failure,
        [as_kept(failure, id=event_id, source="/etd/1", raw={"envelope": {"custom": "1"}})],
        {f"ce-{name}": value for name, value in headers.items()},
    )


@shape
def event_grid_events(tenant: OwnTenant) -> Shape:
    failures = [plain(tenant), plain(tenant)]
    events = [event_grid_event(failures[0]), event_grid_event(json.dumps(failures[1]))]
    return Shape(events, [as_kept(f, id=event["id"]) for f, event in zip(failures, events, strict=True)])


@shape
def one_event_grid_event(tenant: OwnTenant) -> Shape:
    failure = plain(tenant)
    event = event_grid_event(failure)
    return Shape(event, [as_kept(failure, id=event["id"])])


def log_export_row(failure: Json, **more: Any) -> Json:
    """A row as Email Threat Defense writes it, in which nothing is said of a tenant or an error."""
    action = {"action": "move", "folder": "quarantine", "remediatedBy": "automatic", "timestamp": INSTANT}
    return more | {
        "logType": "message",
        "message": {
            "id": failure["messageId"],
            "internetMessageId": failure["internetMessageId"],
            "timestamp": "2026-11-20T09:00:00Z",
            "fromAddresses": "billing@attacker.example",
            "mailboxes": [failure["mailbox"]],
            "subject": failure["subject"],
            "direction": "incoming",
            "verdict": {"category": "phishing", "techniques": ["a"]},
            "action": action,
        },
    }


REST = {"message": {"fromAddresses": "billing@attacker.example", "timestamp": "2026-11-20T09:00:00Z", "verdict": {"techniques": ["a"]}}}  # fmt: skip


@shape
def log_export_without_an_error(tenant: OwnTenant) -> Shape:
    failure = plain(tenant)
    kept = as_kept(failure, id=None, tenantId=None, error=None, direction="incoming", raw={"logType": "message"} | REST)
    return Shape(log_export_row(failure), [kept])


@shape
def log_export_with_an_error(tenant: OwnTenant) -> Shape:
    failure = plain(tenant)
    row = log_export_row(failure, error=failure["error"], id=failure["id"], tenantId=tenant.id)
    return Shape(row, [as_kept(failure, direction="incoming", raw={"logType": "message"} | REST)])


@shape
def log_export_in_a_cloud_event(tenant: OwnTenant) -> Shape:
    failure = plain(tenant, error=None, errorCode="ErrorInvalidUser")
    event = cloud_event(log_export_row(failure, errorCode="ErrorInvalidUser", tenantId=tenant.id))
    return Shape(
        event,
        [as_kept(failure, id=event["id"], source="/etd/1", direction="incoming", raw={"logType": "message"} | REST)],
    )


WAYS = ("http", "queue in plain text", "queue in base64")
# A queue message has no headers.
CASES = [(name, way) for name in SHAPES for way in WAYS if way == "http" or name != "cloud_event_in_headers"]


@pytest.fixture(scope="module")
def arrived(service: Service, own_tenants: Iterator[OwnTenant]) -> dict[tuple[str, str], tuple[Shape, list[Json]]]:
    """Each shape by each way, with what was kept of it. All are sent, and then all are waited for."""
    tenant = next(own_tenants)
    sent: dict[tuple[str, str], Shape] = {}
    for name, way in CASES:
        sent[name, way] = made = SHAPES[name](tenant)
        if way == "http":
            answer = service.http.post("/api/failures", content=made.text.encode(), headers=made.headers)
            assert answer.status_code == 202, (name, answer.text)
            accepted = [(one["id"], one["mailbox"]) for one in answer.json()["accepted"]]
            assert accepted == [(kept["id"], kept["mailbox"]) for kept in made.failures]
        else:
            service.send(made.text if way == "queue in plain text" else in_base64(made.text))
    service.drained()
    by_mailbox: dict[str, list[Json]] = {}
    for finding in service.all("findings"):
        by_mailbox.setdefault(finding["failure"]["mailbox"], []).append(finding)
    found: dict[tuple[str, str], tuple[Shape, list[Json]]] = {}
    for key, made in sent.items():
        hits = [by_mailbox.get(kept["mailbox"], []) for kept in made.failures]
        found[key] = made, [finding for findings in hits for finding in findings if _is_of(finding, made)]
    return found


def _is_of(finding: Json, made: Shape) -> bool:
    return finding["failure"]["messageId"] in {kept["messageId"] for kept in made.failures}


@pytest.mark.parametrize(("name", "way"), CASES)
def test_shape(name: str, way: str, arrived: dict[tuple[str, str], tuple[Shape, list[Json]]]) -> None:
    made, findings = arrived[name, way]
    kept = [{field: finding["failure"][field] for field in wanted} for finding, wanted in _pairs(findings, made)]
    assert kept == made.failures
    for finding in findings:
        assert finding["cause"] in ("user_not_found", "domain_unknown"), finding["summary"]
        assert finding["deliveries"] == 1
        assert finding["occurredAt"] == (finding["failure"]["occurredAt"] or finding["receivedAt"])


def _pairs(findings: list[Json], made: Shape) -> Iterator[tuple[Json, Json]]:
    assert len(findings) == len(made.failures)
    return zip(findings, made.failures, strict=True)


def test_a_row_without_an_error_is_unclassified(arrived: dict[tuple[str, str], tuple[Shape, list[Json]]]) -> None:
    for way in WAYS:
        (finding,) = arrived["log_export_without_an_error", way][1]
        assert (finding["scenario"], finding["classifiedBy"]) == ("unclassified", "none")


def test_the_handshake_of_cloud_events(service: Service) -> None:
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
    answer = service.http.options("/api/failures", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert answer.headers["WebHook-Allowed-Rate"] == "120"
    assert service.http.options("/api/failures").headers["Allow"] == "OPTIONS, POST"


@pytest.mark.parametrize("many", [True, False])
def test_the_handshake_of_event_grid(service: Service, many: bool) -> None:
    code = str(uuid.uuid4())
    event = event_grid_event({"validationCode": code, "validationUrl": "https://example.invalid"})
    event["eventType"] = "Microsoft.EventGrid.SubscriptionValidationEvent"
    headers = {"aeg-event-type": "SubscriptionValidation"}
    answer: httpx.Response = service.http.post("/api/failures", json=[event] if many else event, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": code})
