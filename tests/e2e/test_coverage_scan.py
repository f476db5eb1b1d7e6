"""A coverage scan on a running host: it begins at once, and the next one says what has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.service_client import Json, OwnTenant, Service, StartService, wait_until


@pytest.fixture
def service(start_service: StartService, tenant: OwnTenant) -> Iterator[Service]:
    """A service of its own: a list of all tenants would read their names, which other tests count on not being kept."""
    with start_service(TRIAGE_TENANTS=json.dumps([tenant.entry()])) as started:
        yield started


def scanned(service: Service, tenant: OwnTenant) -> Json:
    """A scan from its start to its end."""
    answer = service.post("coverage", {"tenantId": tenant.id})
    assert answer.status_code == 202, answer.text
    (started,) = answer.json()["value"]
    assert started["tenantId"] == tenant.id
    return wait_until(
        lambda: service.get(f"coverage/{started['id']}").json(), lambda scan: scan["state"] != "running", seconds=150
    )


def test_a_scan_and_the_next(service: Service, tenant: OwnTenant) -> None:
    tenant.change(people={"olga": {"synced": True, "mailbox": "MailboxNotEnabledForRESTAPI"}})
    first = scanned(service, tenant)
    assert (first["state"], first["users"], first["covered"], first["changes"]) == ("complete", 5, 4, None)
    assert first["byCause"] == {"mailbox_on_premises": 1}
    tenant.change(people={"olga": {"mailbox": None}, "gona": {"mailbox": "MailboxNotEnabledForRESTAPI"}})
    second = wait_until(lambda: scanned(service, tenant), lambda scan: scan["id"] != first["id"])
    assert second["changes"] == {"since": first["id"], "newlyUncovered": 1, "recovered": 1}
    (uncovered,) = service.all(f"coverage/{second['id']}/mailboxes")
    assert (uncovered["mailbox"], uncovered["since"]) == (f"gona@{tenant.domain}", second["startedAt"])
    (recovered,) = service.all(f"coverage/{second['id']}/mailboxes", changed="recovered")
    assert (recovered["mailbox"], recovered["since"]) == (f"olga@{tenant.domain}", first["startedAt"])
    (described,) = [one for one in service.get("tenants").json()["value"] if one["tenantId"] == tenant.id]
    assert described["coverage"] == {"mailboxes": 5, "uncovered": 1}
