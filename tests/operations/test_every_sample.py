"""Every sample failure in every scenario: what the service finds in the simulated tenants, without queue and storage."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sandbox.demo.findings import differences
from sandbox.tenant.serve.server import serve
from sandbox.tenant.world import World
from sandbox.tenant.world.samples import TEXTS, Sample, load
from triage.diagnosis.place import Location
from triage.graph.kept import READ_NOW
from triage.graph.reasons import Reason
from triage.graph.tenants import Tenants
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import QueuedFailure
from triage.operations.triage import triage
from triage.settings import read_settings

WORLD = World.load()
SAMPLES = load(WORLD)
PASSING = (Reason.TIMEOUT, Reason.UNAVAILABLE, Reason.THROTTLED)
AT_ONCE = 32  # host.json: batchSize and newBatchThreshold


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    """The findings of all samples by their names; nothing was asked but what Graph has, and nothing was written."""
    return asyncio.run(_triage_all())


async def _triage_all() -> dict[str, dict[str, Any]]:
    async with serve(WORLD) as graph:
        tenants = json.dumps(WORLD.triage_tenants())
        settings = read_settings({"TRIAGE_TENANTS": tenants, "GRAPH_ENDPOINT": graph.url}, needs_storage=False)
        asked = Tenants(settings)
        turns = asyncio.Semaphore(AT_ONCE)

        async def finding(sample: Sample) -> dict[str, Any]:
            failure = RemediationFailure.model_validate(sample.failure)
            async with turns:
                found = await triage(settings, asked, QueuedFailure.of(failure, "0" * 32))
                for _ in range(2):
                    # A machine that stood still for a moment is no part of a sample.
                    if not any(check.reason in PASSING for check in found.checks):
                        break
                    found = await triage(settings, asked, QueuedFailure.of(failure, "0" * 32, since=READ_NOW))
                return found.wire()

        findings = await asyncio.gather(*map(finding, SAMPLES))
        await asked.close()
        stats = graph.simulator.stats
        assert (stats.writes_refused, stats.unknown_paths) == (0, 0)
    return {sample.name: one for sample, one in zip(SAMPLES, findings, strict=True)}


@pytest.mark.unmeasured
@pytest.mark.parametrize("scenario", [*TEXTS, None])
def test_samples(scenario: str | None, found: dict[str, dict[str, Any]]) -> None:
    samples = [sample for sample in SAMPLES if sample.scenario == scenario]
    wrong = {sample.name: found_wrong for sample in samples if (found_wrong := differences(sample, found[sample.name]))}
    assert wrong == {}
    assert len(samples) > (100 if scenario else 5)
    for sample in samples:
        holds_together(found[sample.name])


def holds_together(finding: dict[str, Any]) -> None:
    assert finding["exposed"] is not True or Location(finding["message"]["location"]).holds_message
    assert (finding["cause"] == "undetermined") == bool(finding["reasons"]) == (finding["confidence"] == "undetermined")
    assert finding["summary"].endswith(".")
    assert finding["actions"] and all(action["title"] and action["detail"] for action in finding["actions"])
    asked = [check for check in finding["checks"] if check["request"]]
    assert bool(asked) is ("tenant_not_configured" not in {reason["reason"] for reason in finding["reasons"]})
    assert all(check["request"].startswith("GET /") for check in asked)
    assert all((check["outcome"] == "unknown") == bool(check["reason"]) for check in asked), asked
