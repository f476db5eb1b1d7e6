"""From failures to work: one incident for what must be fixed, which ends by itself when it is fixed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.service_client import OwnTenant, Service, wait_until

ALL = ["Mail.ReadWrite", "Organization.Read.All"]
ONE_CAUSE = 110


def in_days(number: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=number):%Y-%m-%dT%H:%M:%SZ}"


def incidents(service: Service, tenant: OwnTenant, **filters: str) -> list[dict[str, Any]]:
    return service.all("incidents", tenantId=tenant.id, **filters)


def of_the_app(service: Service, tenant: OwnTenant, state: str, findings: int = 0) -> dict[str, Any]:
    """The only incident about the app, once it is in a state and has at least this number of open findings."""

    def holds(found: list[dict[str, Any]]) -> bool:
        return len(found) == 1 and found[0]["state"] == state and found[0]["openFindings"] >= findings

    (found,) = wait_until(lambda: incidents(service, tenant, scope="app"), holds, seconds=120)
    return found


def post_failures(service: Service, tenant: OwnTenant, count: int) -> None:
    service.accepted([tenant.failure("ines", error="It failed") for _ in range(count)])


def test_a_withdrawn_consent_is_one_incident_until_it_is_granted_again(service: Service, tenant: OwnTenant) -> None:
    tenant.change(etd={"granted": ["Organization.Read.All"]})
    post_failures(service, tenant, ONE_CAUSE)
    opened = of_the_app(service, tenant, "open", ONE_CAUSE)
    assert (opened["findings"], opened["mailboxes"], opened["severity"]) == (ONE_CAUSE, 1, "critical")
    assert opened["actions"]
    assert opened["url"].endswith(f"?incident={opened['id']}")
    listed = service.get("findings", incidentId=opened["id"], fields="summary", top=1000).json()["value"]
    assert len(listed) == ONE_CAUSE
    assert {finding["incidentId"] for finding in listed} == {opened["id"]}
    exposures = service.all("exposures", tenantId=tenant.id)
    assert len(exposures) == 1, "one message in one mailbox, however many failures it had"

    tenant.change(etd={"granted": ALL})
    assert service.post("audits", {"tenantId": tenant.id}).status_code == 200
    resolved = of_the_app(service, tenant, "resolved")
    assert (resolved["openFindings"], resolved["findings"], resolved["reopened"]) == (0, 0, 0)
    assert [entry["what"] for entry in resolved["log"]] == ["opened", "resolved"]
    (message,) = incidents(service, tenant, scope="message")
    assert (message["state"], message["openFindings"]) == ("open", ONE_CAUSE), "the message can still be opened"

    tenant.change(etd={"granted": ["Organization.Read.All"]})
    assert service.post("audits", {"tenantId": tenant.id}).status_code == 200  # else the app is that of the last audit
    post_failures(service, tenant, 1)
    reopened = of_the_app(service, tenant, "open", 1)
    assert (reopened["id"], reopened["reopened"]) == (opened["id"], 1)


def test_a_message_that_leaves_reach_resolves_what_it_was_about(service: Service, tenant: OwnTenant) -> None:
    finding = service.triaged(tenant.failure("ines"))
    assert (finding["state"], finding["exposed"]) == ("open", True)
    (incident,) = wait_until(lambda: incidents(service, tenant), lambda found: found)
    assert (incident["scope"], incident["exposed"], incident["mailboxes"]) == ("message", 1, 1)
    tenant.change(people={"ines": {"messages": [{"in": "recoverableitemsdeletions"}]}})
    answer = service.post(f"incidents/{incident['id']}/recheck")
    assert (answer.status_code, answer.json()) == (202, {"queued": 1})
    after = service.settled(finding["id"], lambda found: found["state"] == "resolved")
    assert (after["resolution"], after["exposed"], after["nextLookAt"]) == ("out_of_reach", False, None)
    assert [entry["state"] for entry in after["history"]] == ["open", "resolved"]
    assert 0 <= after["timeInReach"]["atLeast"] <= after["timeInReach"]["atMost"]
    wait_until(lambda: incidents(service, tenant), lambda found: found[0]["state"] == "resolved")
    wait_until(lambda: service.all("exposures", tenantId=tenant.id), lambda found: not found)
    summary = service.get("summary", tenantId=tenant.id).json()
    assert summary["exposures"] == {"messages": 0, "read": 0, "mailboxes": 0}
    assert (summary["byState"], summary["openIncidents"]) == ({"resolved": 1}, 0)
    assert summary["timeInReach"]["stillInReach"] == 0


def test_people_work_on_an_incident(service: Service, tenant: OwnTenant) -> None:
    finding = service.triaged(tenant.failure("ines"))
    (incident,) = wait_until(lambda: incidents(service, tenant), lambda found: found)

    def act(action: str, **body: Any) -> dict[str, Any]:
        answer = service.post(f"incidents/{incident['id']}/{action}", {"by": "adele", **body})
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert act("acknowledge", note="on it")["acknowledgedBy"] == "adele"
    refused = service.post(f"incidents/{incident['id']}/acknowledge", {"by": "bo"})
    assert refused.status_code == 409
    assert "adele" in refused.json()["detail"]
    assert act("suppress", reason="A test mailbox", until=in_days(30))["state"] == "suppressed"
    shown = wait_until(lambda: service.finding(finding["id"]), lambda found: found and found["state"] == "suppressed")
    assert shown
    assert [one["id"] for one in service.all("findings", tenantId=tenant.id, state="suppressed")] == [finding["id"]]
    assert service.all("findings", tenantId=tenant.id, state="open") == []
    assert act("reopen")["state"] in ("open", "acknowledged")
    resolved = act("resolve", reason="accepted", note="We know")
    assert (resolved["state"], resolved["resolvedAt"] is not None) == ("resolved", True)
    after = service.settled(finding["id"], lambda found: found["state"] == "resolved")
    assert after["resolution"] == "by_hand"
    assert next(entry["what"] for entry in resolved["log"]) == "opened"
    assert service.post("incidents/" + "0" * 32 + "/acknowledge", {}).status_code == 404
