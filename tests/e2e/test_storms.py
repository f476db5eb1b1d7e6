"""Many failures at once: what is the same for all is asked once, and Graph's limits are kept to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.service_client import Graph, OwnTenant, Service

COUNT = 60


def test_consent_is_withdrawn(service: Service, tenant: OwnTenant) -> None:
    declared = ["Mail.ReadWrite", "Organization.Read.All"]
    people = {f"person{number}": {"messages": ["inbox"]} for number in range(COUNT)}
    tenant.change(people=people, etd={"granted": declared, "registration": {"application": declared}})
    storm = [tenant.failure(person, error="Remediation Failed - Unknown Reason") for person in people]
    calm = service.triaged(storm[0])
    assert calm["cause"] == "app_healthy"

    tenant.change(etd={"granted": ["Organization.Read.All"]})
    (audit,) = service.post("audits", {"tenantId": tenant.id}).json()["value"]
    assert (audit["verdict"], [issue["code"] for issue in audit["issues"]][:1]) == ("broken", ["consent_missing"])
    # Rules that change nothing but count.
    tenant.break_with(
        *({"path": path, "delaySeconds": 0} for path in ("^/servicePrincipals|^/app", r"^/users/[^/]+\?"))
    )
    service.accepted(storm)
    service.drained()
    found = service.all("findings", tenantId=tenant.id)
    assert len(found) == COUNT
    assert {(one["cause"], one["confidence"], one["severity"]) for one in found} == {
        ("consent_missing", "confirmed", "critical")
    }
    assert {(one["message"]["location"], one["exposed"]) for one in found} == {("inbox", True)}
    assert tenant.hits() == [0, COUNT]

    tenant.change(etd={"granted": declared})
    (audit,) = service.post("audits", {"tenantId": tenant.id}).json()["value"]
    assert audit["drift"]["granted"] == ["Mail.ReadWrite"]
    assert service.triaged(tenant.failure("person1", error=storm[0]["error"]))["cause"] == "app_healthy"


@pytest.fixture
def limits(graph: Graph) -> Iterator[None]:
    """Exchange's own: requests at one time for an app and a mailbox."""
    graph.put("settings", {"outlookConcurrent": 4, "itemLatencyMs": 20})
    yield
    graph.put("settings", {"outlookConcurrent": None, "itemLatencyMs": 0})


@pytest.mark.usefixtures("limits")
def test_one_mailbox_is_not_asked_too_much_at_once(service: Service, tenant: OwnTenant) -> None:
    before = tenant.graph.stats()["throttled"]
    service.accepted([tenant.failure(internetMessageId=f"<{number}@mail.example>") for number in range(30)])
    service.drained()
    assert tenant.graph.stats()["throttled"] == before
    assert {one["cause"] for one in service.all("findings", tenantId=tenant.id)} == {"message_gone"}


def test_a_storm_that_is_throttled_is_triaged_all_the_same(service: Service, tenant: OwnTenant) -> None:
    tenant.break_with({"path": "^/users", "status": 429, "retryAfter": 1, "times": COUNT})
    service.accepted([tenant.failure(f"ghost{number}") for number in range(COUNT)])
    service.drained()
    assert tenant.hits() == [COUNT]
    found = service.all("findings", tenantId=tenant.id)
    assert [(one["cause"], one["deliveries"]) for one in found] == [("user_not_found", 1)] * COUNT
