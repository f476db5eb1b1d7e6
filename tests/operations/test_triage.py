"""A triage has an end, whatever Graph does: also while it is not yet known whose the failure is."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from sandbox.tenant.serve.server import serve
from sandbox.tenant.world import World
from triage.graph.evidence import Reason
from triage.graph.tenants import Tenants
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import QueuedFailure
from triage.operations import triage as pipeline
from triage.operations.triage import triage
from triage.settings import read_settings

WORLD = World({"tenants": {"one": {"domains": ["one.example"]}, "two": {"domains": ["two.example"]}}})


async def test_a_search_for_the_tenant_ends_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "OWNER_SECONDS", 0.2)
    failure = RemediationFailure(mailbox="a@three.example", message_id="m", error="Resource is Not Found")
    queued = QueuedFailure.of(failure, "f")
    async with serve(WORLD, latency=30.0) as served:
        environ = {
            "GRAPH_ENDPOINT": served.url,
            "TRIAGE_TENANTS": json.dumps(WORLD.triage_tenants()),
            "TriageStorage": "UseDevelopmentStorage=true",
        }
        settings = read_settings(environ)
        tenants = Tenants(settings)
        before = asyncio.all_tasks()
        begun = time.monotonic()
        finding = await triage(settings, tenants, queued)
        assert time.monotonic() - begun < 5
        assert [(each.check, each.reason) for each in finding.reasons] == [("organization", Reason.TIMEOUT)]
        assert finding.passing
        # The tenant's side of each connection, and what it works at, is not the service's to end.
        theirs = ("RequestHandler", str(Path("sandbox", "tenant")))
        for _ in range(200):
            left = [task for task in asyncio.all_tasks() - before if not any(word in repr(task) for word in theirs)]
            if not left:
                break
            await asyncio.sleep(0.01)
        assert not left
        await tenants.close()
