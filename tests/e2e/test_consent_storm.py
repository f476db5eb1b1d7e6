"""Consent is withdrawn, and every failure of a storm comes to the same cause, at the price of asking once."""

from __future__ import annotations

from service_client import OwnTenant, Service

COUNT = 120


def test_a_storm(service: Service, tenant: OwnTenant) -> None:
    declared = ["Mail.ReadWrite", "Organization.Read.All"]
    people = {f"person{number}": {"messages": ["inbox"]} for number in range(COUNT)}
    tenant.change(people=people, etd={"granted": declared, "registration": {"application": declared}})
    storm = [tenant.failure(person, error="Remediation Failed - Unknown Reason") for person in people]
    calm = service.triaged(storm[0])
    assert calm["cause"] == "app_healthy"

    tenant.change(etd={"granted": ["Organization.Read.All"]})
    (audit,) = service.post("audits", {"tenantId": tenant.id}).json()["value"]
    assert (audit["verdict"], [issue["code"] for issue in audit["issues"]][:1]) == ("broken", ["consent_missing"])
    before = tenant.graph.stats()["byPath"]
    service.accepted(storm)
    service.drained()
    after = tenant.graph.stats()["byPath"]
    found = service.all("findings", tenantId=tenant.id)
    assert len(found) == COUNT
    assert {(one["cause"], one["confidence"], one["severity"]) for one in found} == {
        ("consent_missing", "confirmed", "critical")
    }
    assert {(one["message"]["location"], one["exposed"]) for one in found} == {("inbox", True)}
    asked = {path: after[path] - before.get(path, 0) for path in after}
    assert asked["/users/{}"] == COUNT
    assert not any(count for path, count in asked.items() if path.startswith(("/servicePrincipals", "/applications")))

    tenant.change(etd={"granted": declared})
    (audit,) = service.post("audits", {"tenantId": tenant.id}).json()["value"]
    assert audit["drift"]["granted"] == ["Mail.ReadWrite"]
    assert service.triaged(tenant.failure("person1", error=storm[0]["error"]))["cause"] == "app_healthy"
