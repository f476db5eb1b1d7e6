"""Graph that throttles, fails, is late or forbids: what a finding says meanwhile, and in the end."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import timedelta

import pytest

from tests.e2e.graph_faults import FAULTS, SECONDS, Outcome
from tests.e2e.service_client import Service, instant


@pytest.fixture(scope="module")
def outcomes(faults_under_way: Future[dict[str, Outcome]]) -> dict[str, Outcome]:
    return faults_under_way.result(SECONDS + 30)


@pytest.mark.parametrize("name", FAULTS)
def test_fault(outcomes: dict[str, Outcome], name: str) -> None:
    fault, outcome = FAULTS[name], outcomes[name]
    wanted = fault.states[:1] if fault.states[0] == fault.states[-1] else fault.states
    assert outcome.states == wanted
    assert outcome.finding["deliveries"] == 1
    if fault.hits is not None:
        assert outcome.tenant.hits() == [fault.hits]
    took = instant(outcome.finding["triagedAt"]) - instant(outcome.finding["receivedAt"])
    assert timedelta(seconds=fault.took) <= took < timedelta(seconds=SECONDS)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.permission])
def test_the_permission_that_is_lacking_is_named(outcomes: dict[str, Outcome], name: str) -> None:
    permission = FAULTS[name].permission
    finding = outcomes[name].finding
    assert {reason["permission"] for reason in finding["reasons"]} == {permission}
    assert permission and permission in finding["summary"]
    unknown = [check for check in finding["checks"] if check["reason"] == "forbidden"]
    assert {check["permission"] for check in unknown} == {permission}
    assert f"Grant {permission} to the triage identity" in [action["title"] for action in finding["actions"]]


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.states[-1][0] == "undetermined"])
def test_what_could_not_be_read_is_among_the_checks(outcomes: dict[str, Outcome], name: str) -> None:
    finding = outcomes[name].finding
    (reason,) = {reason["reason"] for reason in finding["reasons"]}
    lacking = {check["id"] for check in finding["checks"] if check["outcome"] == "unknown"}
    assert {one["check"] for one in finding["reasons"]} <= lacking
    assert reason in {check["reason"] for check in finding["checks"]}


def test_the_queue_is_empty_in_the_end(faulty_service: Service, outcomes: dict[str, Outcome]) -> None:
    assert len(outcomes) == len(FAULTS)
    for queue in (faulty_service.queue, faulty_service.poison):
        assert queue.get_queue_properties().approximate_message_count == 0
