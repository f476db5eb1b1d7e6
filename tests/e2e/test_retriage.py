"""POST /api/findings/{id}/retriage: from the stored failure, with what Graph says now."""

from __future__ import annotations

import pytest

from tests.e2e.service_client import Json, OwnTenant, Service

UNKNOWN_REASON = {"error": "Remediation Failed - Unknown Reason"}


def retriage(service: Service, finding: Json) -> Json:
    answer = service.post(f"findings/{finding['id']}/retriage")
    assert answer.status_code == 202
    failure = finding["failure"]
    accepted = {"id": failure["id"], "findingId": finding["id"], "mailbox": failure["mailbox"]}
    assert answer.json() == {"accepted": [accepted]}
    again = service.settled(finding["id"], lambda one: one["triagedAt"] != finding["triagedAt"])
    service.drained()
    return service.finding(finding["id"]) or again


def test_the_message_has_moved(service: Service, tenant: OwnTenant) -> None:
    before = service.triaged(tenant.failure("ines"))
    tenant.change(people={"ines": {"messages": ["recoverableitemsdeletions"]}})
    after = retriage(service, before)
    assert (before["cause"], before["exposed"]) == ("message_present", True)
    assert (after["cause"], after["exposed"]) == ("message_recoverable", False)
    kept = ("id", "tenantId", "failure", "occurredAt", "receivedAt", "firstSeen", "lastSeen", "deliveries")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert service.all("findings", tenantId=tenant.id) == [after], "and it is found under what it is now"
    assert service.all("findings", tenantId=tenant.id, cause="message_present") == []
    assert service.all("findings", tenantId=tenant.id, exposed="false") == [after]


def test_the_app_is_read_again(service: Service, tenant: OwnTenant) -> None:
    """It may be kept for 15 minutes otherwise; what a retriage reads replaces that."""
    before = service.triaged(tenant.failure("ines", **UNKNOWN_REASON))
    tenant.change(etd={"enabled": False})
    kept = service.triaged(tenant.failure("ines", **UNKNOWN_REASON))
    after = retriage(service, before)
    later = service.triaged(tenant.failure("ines", **UNKNOWN_REASON))
    causes = [one["cause"] for one in (before, kept, after, later)]
    assert causes == ["app_healthy", "app_healthy", "app_disabled", "app_disabled"]


def test_what_was_determined_stays_while_graph_is_away(service: Service, tenant: OwnTenant) -> None:
    before = service.triaged(tenant.failure())
    tenant.break_with({"path": "mailFolders/inbox", "status": 503, "retryAfter": 1, "times": 2})
    again = retriage(service, before)
    assert (again["cause"], tenant.hits()) == ("message_deleted", [2]), "the third try could read it"
    tenant.break_with({"path": "mailFolders/inbox", "status": 503, "retryAfter": 0})
    assert service.post(f"findings/{before['id']}/retriage").status_code == 202
    service.drained()
    after = service.finding(before["id"])
    assert after and after["triagedAt"] > again["triagedAt"]
    assert [after[name] for name in ("cause", "exposed", "message")] == [
        again[name] for name in ("cause", "exposed", "message")
    ]
    tenant.mend()
    assert retriage(service, after)["cause"] == "message_deleted"


def test_all_that_match_are_triaged_again(service: Service, tenant: OwnTenant) -> None:
    before = [service.triaged(tenant.failure("ines")) for _ in range(5)]
    other = service.triaged(tenant.failure())
    tenant.change(people={"ines": {"messages": ["recoverableitemsdeletions"]}})
    path: str | None = f"findings/retriage?tenantId={tenant.id}&cause=message_present&top=2"
    queued = []
    while path:
        answer = service.post(path)
        assert answer.status_code == 202
        queued.append(answer.json()["queued"])
        path = (answer.json().get("nextLink") or "").partition("/api/")[2]
    assert queued == [2, 2, 1]
    for one in before:
        again = service.settled(one["id"], lambda finding, one=one: finding["triagedAt"] != one["triagedAt"])
        assert again["cause"] == "message_recoverable"
    assert service.finding(other["id"]) == other


@pytest.mark.parametrize("query", ["?top=0", "?cause=nothing", "?cause=message_present&token=x"])
def test_a_query_that_is_wrong_queues_nothing(service: Service, query: str) -> None:
    answer = service.post(f"findings/retriage{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
