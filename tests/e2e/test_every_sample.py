"""Every sample failure through the whole service: posted, queued, triaged, kept, and read again."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.tenant.world import World
from sandbox.tenant.world.samples import Sample, load
from tests.e2e.service_client import Graph, Json, Service, instant
from triage.diagnosis.place import Location

SAMPLES = load(World.load())


@pytest.fixture(scope="module")
def found(service: Service, graph: Graph) -> dict[str, Json]:
    """The findings of all samples by their names, and that nothing was asked but what Graph has, nothing written."""
    before = graph.stats()
    ids = service.accepted([sample.failure for sample in SAMPLES])
    service.drained(180)
    findings = {finding["id"]: finding for finding in service.all("findings")}
    after = graph.stats()
    assert {name: after[name] - before[name] for name in ("writesRefused", "unknownPaths")} == {
        "writesRefused": 0,
        "unknownPaths": 0,
    }
    return {sample.name: findings[id] for sample, id in zip(SAMPLES, ids, strict=True)}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_sample(sample: Sample, found: dict[str, Json]) -> None:
    finding = found[sample.name]
    got = seen(finding)
    for name, wanted in sample.expect.items():
        if name == "locations":
            assert got["location"] in wanted, got
        elif name == "alternatives":
            assert set(wanted) <= set(got[name]), got
        elif name == "reasons":
            assert all(any(reason.items() <= one.items() for one in got[name]) for reason in wanted), got
        else:
            assert got[name] == wanted, (name, got, finding["summary"])
    assert sample.scenario in (None, finding["scenario"])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_what_holds_of_every_finding(sample: Sample, found: dict[str, Json]) -> None:
    finding = found[sample.name]
    assert finding["exposed"] is not True or Location(finding["message"]["location"]).holds_message
    assert (finding["cause"] == "undetermined") == bool(finding["reasons"]) == (finding["confidence"] == "undetermined")
    assert finding["summary"].endswith(".")
    assert finding["actions"] and all(action["title"] and action["detail"] for action in finding["actions"])
    assert finding["deliveries"] == 1
    assert finding["failure"]["id"] == sample.failure["id"]
    assert finding["occurredAt"] == sample.failure["occurredAt"]
    assert instant(finding["receivedAt"]) <= instant(finding["triagedAt"])
    asked = [check for check in finding["checks"] if check["request"]]
    assert bool(asked) is ("tenant_not_configured" not in {reason["reason"] for reason in finding["reasons"]})
    assert all(check["request"].startswith("GET /") for check in asked)
    assert all((check["outcome"] == "unknown") == bool(check["reason"]) for check in asked), asked


def seen(finding: Json) -> dict[str, Any]:
    """What a sample can say of its finding."""
    names = ("cause", "confidence", "severity", "exposed", "alternatives", "reasons")
    return {name: finding[name] for name in names} | finding["message"]
