"""From a change in a tenant to every channel, through a host: audited, stored, and delivered by the timer's function."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from sandbox.processes import child
from sandbox.receiver import channels
from tests.e2e.service_client import Json, OwnTenant, Service, StartService, wait_until


@pytest.fixture(scope="module")
def receiver() -> Iterator[httpx.Client]:
    with child("receiver", "--port", "0", environ={}) as process:
        url = process.wait_for(r"^Receiver listening at (http://\S+)")[1]
        with httpx.Client(base_url=url) as http:
            yield http


def test_what_an_audit_finds_is_sent_to_every_channel(
    start_service: StartService, own_tenants: Iterator[OwnTenant], receiver: httpx.Client
) -> None:
    tenant = next(own_tenants)
    channel = json.dumps(channels.settings(str(receiver.base_url).rstrip("/")))
    settings = {"TRIAGE_TENANTS": json.dumps([tenant.entry(name="Contoso")]), "TRIAGE_NOTIFICATIONS": channel}
    with start_service(**settings) as service:
        audited(service, "healthy")
        tenant.change(etd={"enabled": False})
        audited(service, "broken")
        service.http.post("/admin/functions/deliver_notifications", json={}).raise_for_status()
        rows = wait_until(
            lambda: [one for one in listed(service) if one["state"] == "delivered"], lambda rows: len(rows) == 4
        )
        assert {(row["event"], row["tenantId"]) for row in rows} == {("audit.changed", tenant.id)}
        shown = {one["kind"]: one["body"] for one in receiver.get("/_sandbox/received").json() if one["kept"]}
        assert shown.keys() == {"teams", "slack", "webhook", "email"}, "an audit is no alert"
        assert shown["slack"]["text"] == "App changed (critical): Contoso: Email Threat Defense's app can't remediate"
        assert shown["webhook"]["data"]["verdict"] == "broken"
        assert service.get("health").json()["checks"]["notifications"] == {"status": "ok", "channels": 5, "failing": 0}
        answer = service.post("notifications/test", {"channel": "PagerDuty"})
        assert (answer.status_code, answer.json()["status"]) == (200, 202)
        receiver.post("/_sandbox/faults", json={"kind": "slack", "fault": 410})
        answer = service.post("notifications/test", {"channel": "Slack"})
        assert (answer.status_code, answer.json()["type"]) == (502, "urn:problem-type:triage:channel-failed")


def audited(service: Service, verdict: str) -> None:
    assert [one["verdict"] for one in service.post("audits", {}).json()["value"]] == [verdict]


def listed(service: Service) -> list[Json]:
    return service.get("notifications").json()["value"]
