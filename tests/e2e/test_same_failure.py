"""One failure, one finding: however often, in whatever spelling and by whichever way it comes."""

from __future__ import annotations

import json

from tests.e2e.service_client import Json, OwnTenant, Service, in_base64, instant


def findings_of(service: Service, failure: Json) -> list[Json]:
    service.drained()
    return service.all("findings", mailbox=failure["mailbox"])


def test_a_repeated_failure_has_one_finding(service: Service, tenant: OwnTenant) -> None:
    failure = tenant.failure()
    service.send(in_base64(json.dumps(failure)))
    service.send(json.dumps(failure))
    accepted = service.accepted(failure)
    (finding,) = findings_of(service, failure)
    assert (finding["deliveries"], [finding["id"]]) == (3, accepted)
    assert instant(finding["firstSeen"]) <= instant(finding["lastSeen"])


def test_spellings_of_one_failure_share_a_finding(service: Service, tenant: OwnTenant) -> None:
    first = tenant.failure(mailbox="zoë@Bücher.example")
    second = first | {"mailbox": "Zoë <ZOË@xn--bcher-kva.example>"}
    assert service.accepted(first) == service.accepted(second)
    service.drained()
    (finding_id,) = service.accepted(first)
    assert service.settled(finding_id, lambda finding: finding["deliveries"] == 3)


def test_a_different_failure_gets_its_own_finding(service: Service, tenant: OwnTenant) -> None:
    first = tenant.failure(id=None, occurredAt="2026-11-20T10:11:12.123456788Z")
    second = first | {"occurredAt": "2026-11-20T10:11:12.123456789Z"}
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


def test_the_finding_id_is_returned_before_triage(service: Service, tenant: OwnTenant) -> None:
    tenant.break_with({"path": r"^/\$batch", "delaySeconds": 1, "times": 2})
    (finding_id,) = service.accepted(tenant.failure())
    early = service.get(f"findings/{finding_id}")
    assert early.status_code == 404
    assert early.headers["content-type"].startswith("application/problem+json")
    assert service.settled(finding_id)["cause"] == "message_deleted"
