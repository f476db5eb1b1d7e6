"""A sample failure of each cause through the whole service: posted, queued, triaged, kept, and read again.

`tests/operations/test_every_sample.py` has each sample in all of its scenarios.
"""

from __future__ import annotations

import pytest

from sandbox.demo.failures import chosen
from sandbox.demo.findings import differences
from sandbox.tenant.world.samples import Sample
from tests.e2e.service_client import Graph, Json, Service, instant

SAMPLES = chosen()


@pytest.fixture(scope="module")
def found(service: Service, graph: Graph) -> dict[str, Json]:
    """The findings of the samples by their names, and that nothing was asked but what Graph has, nothing written."""
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
    assert differences(sample, finding) == [], finding["summary"]
    assert finding["deliveries"] == 1
    assert finding["failure"]["id"] == sample.failure["id"]
    assert finding["occurredAt"] == sample.failure["occurredAt"]
    assert instant(finding["receivedAt"]) <= instant(finding["triagedAt"])
