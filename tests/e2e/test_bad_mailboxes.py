"""A mailbox that never answers and one that cuts the connection, in the batches of sixty others."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.e2e.service_client import OwnTenant, Service, StartService, wait_until

HEALTHY = [f"person{number:02d}" for number in range(60)]
LATE = 1.0  # deadlines.GRAPH_LATE: what a batch may take before its mailboxes are asked apart


@pytest.fixture
def tenants(own_tenants: Iterator[OwnTenant]) -> list[OwnTenant]:
    found = [next(own_tenants) for _ in range(2)]
    for tenant in found:
        tenant.change(people={name: {"messages": ["deleteditems"]} for name in (*HEALTHY, "hangs", "cuts")})
    return found


@pytest.fixture
def service(start_service: StartService, tenants: list[OwnTenant]) -> Iterator[Service]:
    """A host in which no failure has a second try as long as the test runs."""
    setting = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:10:00"}
    entries = json.dumps([tenant.entry() for tenant in tenants])
    with start_service(TRIAGE_TENANTS=entries, **setting) as started:
        yield started


def seconds_for_the_healthy(service: Service, tenant: OwnTenant) -> float:
    """How long it takes until each of the sixty has its cause. All but their mailboxes was read before."""
    service.triaged(tenant.failure(mailbox=f"nobody@{tenant.domain}"))
    failures = [tenant.failure(person) for person in (*HEALTHY[:5], "hangs", *HEALTHY[5:10], "cuts", *HEALTHY[10:])]
    begun = time.monotonic()
    healthy = {
        found for found, failure in zip(service.accepted(failures), failures, strict=True)
        if failure["mailbox"].startswith("person")
    }  # fmt: skip
    wait_until(
        lambda: {one["id"] for one in service.all("findings", tenantId=tenant.id, cause="message_deleted")},
        lambda determined: healthy <= determined,
    )
    return time.monotonic() - begun


def test_sixty_failures_do_not_wait_for_two_bad_mailboxes(service: Service, tenants: list[OwnTenant]) -> None:
    usual, bad = tenants
    usual_seconds = seconds_for_the_healthy(service, usual)
    bad.break_with(
        {"path": "hangs@", "delaySeconds": 3600},
        {"path": "cuts@", "dropConnection": True},
    )
    seconds = seconds_for_the_healthy(service, bad)
    # In one batch with a mailbox that hangs, all would wait for 12 seconds (deadlines.GRAPH_REQUEST).
    assert seconds < max(2 * usual_seconds, usual_seconds + 5 * LATE)
    reasons = {
        one["failure"]["mailbox"].partition("@")[0]: {lack["reason"] for lack in one["reasons"]}
        for one in wait_until(
            lambda: service.all("findings", tenantId=bad.id, cause="undetermined"), lambda found: len(found) == 2
        )
    }
    assert reasons == {"hangs": {"timeout"}, "cuts": {"unavailable"}}
