"""One failure, one finding: however often, in whatever spelling and by whichever way it comes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.service_client import Json, OwnTenant, Service, in_base64, instant


def deliver(service: Service, way: str, body: Any) -> None:
    if way == "http":
        service.accepted(body)
    else:
        service.send(in_base64(json.dumps(body)) if way == "base64" else json.dumps(body))


def findings_of(service: Service, failure: Json) -> list[Json]:
    service.drained()
    return service.all("findings", mailbox=failure["mailbox"])


@pytest.mark.parametrize(
    "ways", [("http", "http"), ("plain", "plain"), ("http", "base64"), ("base64", "plain", "http")], ids="-".join
)
def test_a_repeated_failure_has_one_finding(service: Service, tenant: OwnTenant, ways: tuple[str, ...]) -> None:
    failure = tenant.failure()
    for way in ways:
        deliver(service, way, failure)
    (finding,) = findings_of(service, failure)
    assert finding["deliveries"] == len(ways)
    assert (finding["id"],) == tuple(service.accepted(failure))
    assert instant(finding["firstSeen"]) <= instant(finding["lastSeen"])


SAME: dict[str, tuple[Json, Json]] = {
    "an instant in another spelling": (
        {"id": None, "occurredAt": "2026-11-20T10:11:12.5Z"},
        {"id": None, "occurredAt": "2026-11-20T11:11:12.500000000+01:00"},
    ),
    "the address in another spelling": ({"mailbox": "zoë@Bücher.example"}, {"mailbox": "Zoë <ZOË@xn--bcher-kva.example>"}),
    "more is known of it": ({}, {"error": "Another text", "verdict": "spam", "occurredAt": "2020-01-01T00:00:00Z"}),
    "its tenant, which the domain tells": ({}, {"tenantId": None}),
}  # fmt: skip
OTHER: dict[str, tuple[Json, Json]] = {
    "another id": ({}, {"id": "another"}),
    "another nanosecond": (
        {"id": None, "occurredAt": "2026-11-20T10:11:12.123456788Z"},
        {"id": None, "occurredAt": "2026-11-20T10:11:12.123456789Z"},
    ),
    "another message": ({"id": None}, {"id": None, "messageId": "another"}),
    "another tenant": ({}, {"tenantId": "00000000-0000-4000-8000-00000000abcd"}),
}


@pytest.mark.parametrize("name", SAME)
def test_spellings_of_one_failure_share_a_finding(service: Service, tenant: OwnTenant, name: str) -> None:
    first, second = (tenant.failure(**SAME[name][0]), None)
    second = {key: value for key, value in (first | SAME[name][1]).items() if value is not None}
    assert service.accepted(first) == service.accepted(second)
    service.drained()
    (finding_id,) = service.accepted(first)
    assert service.settled(finding_id, lambda finding: finding["deliveries"] == 3)


@pytest.mark.parametrize("name", OTHER)
def test_a_different_failure_gets_its_own_finding(service: Service, tenant: OwnTenant, name: str) -> None:
    first = tenant.failure(**OTHER[name][0])
    second = {key: value for key, value in (first | OTHER[name][1]).items() if value is not None}
    assert len(set(service.accepted([first, second]))) == 2
    assert [finding["deliveries"] for finding in findings_of(service, first)] == [1, 1]


def test_two_sources_with_one_id(service: Service, tenant: OwnTenant) -> None:
    event = {"specversion": "1.0", "type": "t", "source": "/a", "id": "7", "data": tenant.failure()}
    assert len(set(service.accepted([event, event | {"source": "/b"}, event]))) == 2
    found = findings_of(service, event["data"])
    assert sorted(finding["deliveries"] for finding in found) == [1, 2]


def test_many_at_the_same_time(service: Service, tenant: OwnTenant) -> None:
    failure = tenant.failure()
    assert len(set(service.accepted([failure] * 12))) == 1
    (finding,) = findings_of(service, failure)
    assert finding["deliveries"] == 12


def test_a_message_that_is_tried_again_counts_once(service: Service, tenant: OwnTenant) -> None:
    tenant.break_with({"path": "mailFolders/inbox", "status": 503, "retryAfter": 9, "times": 2})
    service.send(json.dumps([tenant.failure(), tenant.failure("ines")]))
    service.drained()
    assert tenant.hits() == [2]
    found = service.all("findings", tenantId=tenant.id)
    assert sorted((finding["cause"], finding["deliveries"]) for finding in found) == [
        ("message_deleted", 1),
        ("message_present", 1),
    ]


def test_the_finding_id_is_returned_before_triage(service: Service, tenant: OwnTenant) -> None:
    tenant.break_with({"path": r"^/\$batch", "delaySeconds": 1, "times": 2})
    (finding_id,) = service.accepted(tenant.failure())
    early = service.get(f"findings/{finding_id}")
    assert early.status_code == 404
    assert early.headers["content-type"].startswith("application/problem+json")
    assert service.settled(finding_id)["cause"] == "message_deleted"
