"""A triage ends in time, whatever Graph and storage do."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import serve
from tests.e2e.storage_proxy import storage_proxy
from tests.operations.conftest import WORLD, make_services
from triage import deadlines
from triage.graph.evidence import Reason
from triage.graph.tenants import Tenants
from triage.intake.failure import RemediationFailure
from triage.intake.queue_message import QueuedFailure
from triage.operations.deliveries import handle
from triage.operations.messages import QueueMessage, TriageIncompleteError
from triage.operations.triage import triage
from triage.wire import now


async def test_a_search_for_the_tenant_ends_in_time_and_leaves_no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "OWNER", 0.2)
    failure = RemediationFailure(mailbox="a@three.example", message_id="m", error="Resource is Not Found")
    queued = QueuedFailure.of(failure, "f")
    async with serve(WORLD, latency=30.0) as served:
        settings = make_services(served.url, "UseDevelopmentStorage=true").settings
        tenants = Tenants(settings)
        before = asyncio.all_tasks()
        begun = time.monotonic()
        finding = await triage(settings, tenants, queued)
        assert time.monotonic() - begun < 5
        assert [(each.check, each.reason) for each in finding.reasons] == [("organization", Reason.TIMEOUT)]
        assert finding.passing
        # Tasks of the simulated tenant do not count.
        theirs = ("RequestHandler", str(Path("sandbox", "tenant")))
        for _ in range(200):
            left = [task for task in asyncio.all_tasks() - before if not any(word in repr(task) for word in theirs)]
            if not left:
                break
            await asyncio.sleep(0.01)
        assert not left
        await tenants.close()


@pytest.mark.parametrize("graph_seconds", [0.0, 30.0], ids=["a quick Graph", "a slow Graph"])
async def test_a_triage_ends_in_time_when_storage_does_not_answer(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch, graph_seconds: float
) -> None:
    monkeypatch.setattr(deadlines, "EVIDENCE", 0.5)
    monkeypatch.setattr(deadlines, "TRIAGE", 1.5)
    failure = {"mailbox": "ines@one.example", "messageId": "m", "error": "Resource is Not Found"}
    message = QueueMessage(json.dumps(failure), "message", now(), attempt=5)
    async with serve(WORLD, latency=graph_seconds) as served:
        with storage_proxy(storage.table_port) as tables:
            connection = storage.connection_string.replace(f":{storage.table_port}/", f":{tables.port}/")
            services = make_services(served.url, connection)
            tables.fall_silent()
            begun = time.monotonic()
            with pytest.raises(TriageIncompleteError, match="took too long"):
                await handle(services, message)
            assert time.monotonic() - begun < 5
            await services.close()
