"""What the five-minute timer measures: the queues of a real storage emulator, and the newest verdicts."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from azure.core.exceptions import AzureError

from sandbox.azurite import Azurite
from sandbox.tenant.world import World
from tests.operations.conftest import make_services
from triage.audit.model import Verdict
from triage.feeds.lanes import Lane, LaneState
from triage.intake.queue_message import QueuedLook
from triage.operations import measures
from triage.operations.audits import audit_all
from triage.operations.services import Services
from triage.storage.feeds import Feeds
from triage.telemetry.instruments import Metric
from triage.wire import from_epoch_ns


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[Any, ...], float]:
    found: dict[tuple[Any, ...], float] = {}

    def record(metric: Metric, value: float, **attributes: str) -> None:
        found[(metric, *attributes.values())] = value

    monkeypatch.setattr(measures, "record", record)
    return found


async def test_queues_that_are_not_there_yet_are_empty(
    services: Services, recorded: dict[tuple[Any, ...], float]
) -> None:
    await measures.measure(services)
    for name in ("intake", "looks", "poison"):
        assert recorded[Metric.QUEUE_DEPTH, name] == recorded[Metric.QUEUE_OLDEST, name] == 0
    assert not [metric for metric, *_ in recorded if metric.startswith("triage.feeds")], "there is no feed"
    assert {labels[0] for metric, *labels in recorded if metric is Metric.APPS} == {
        verdict.value for verdict in Verdict
    }


async def test_what_waits_is_measured(services: Services, recorded: dict[tuple[Any, ...], float]) -> None:
    await services.queue.send([b"one", b"another"])
    later = time.time() + 3600
    await services.queue.send([b"not yet"], delay=60)
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(measures.time, "time", lambda: later)
        await measures.measure(services)
    assert recorded[Metric.QUEUE_DEPTH, "intake"] == 3
    assert 3590 < recorded[Metric.QUEUE_OLDEST, "intake"] < 3700


async def test_a_look_waits_on_purpose(services: Services, recorded: dict[tuple[Any, ...], float]) -> None:
    look = QueuedLook.model_validate(LOOK)
    await services.queue.send([look.encode()])
    with pytest.MonkeyPatch.context() as clock:
        later = time.time() + 3600
        clock.setattr(measures.time, "time", lambda: later)
        await measures.measure(services)
    assert (recorded[Metric.QUEUE_DEPTH, "intake"], recorded[Metric.QUEUE_OLDEST, "intake"]) == (1, 0)


LOOK = {"findingId": "0" * 32, "number": 1, "before": 0, "since": "2026-11-20T10:00:00Z"}


async def test_the_newest_verdict_of_each_tenant_counts(
    services: Services, recorded: dict[tuple[Any, ...], float]
) -> None:
    for _ in range(2):
        audits = await audit_all(services, services.settings.tenants)
    await measures.measure(services)
    for verdict in Verdict:
        assert recorded[Metric.APPS, verdict.value] == sum(audit.verdict is verdict for audit in audits)


async def test_the_feeds_are_measured_by_their_state(storage: Azurite, recorded: dict[tuple[Any, ...], float]) -> None:
    tenants = [str(uuid.uuid4()), str(uuid.uuid4())]
    world = World(
        {"tenants": {str(n): {"id": tenant, "domains": [f"m{n}.example"]} for n, tenant in enumerate(tenants)}}
    )
    api = {"endpoint": "http://127.0.0.1:9", "clientId": "c", "clientSecret": "s", "apiKey": "k"}
    apis = json.dumps([{"tenantId": tenant, **api} for tenant in tenants])
    services = make_services("http://127.0.0.1:9", storage.connection_string, "feeds-measured", world, ETD_APIS=apis)
    at = from_epoch_ns(services.clock() - 600_000_000_000)
    failed = LaneState(cursor=at, last_success_at=at, last_error="e", last_error_at=at, fatal=True)
    await Feeds(services.account, tenants[1]).save_lane(Lane.FAST, failed)
    await measures.measure(services)
    states = {labels[0]: value for (metric, *labels), value in recorded.items() if metric is Metric.FEEDS}
    assert states == {"ok": 1, "behind": 0, "failing": 1, "off": 0}
    assert 600 <= recorded[Metric.FEED_AGE,] < 660
    assert recorded[Metric.FEED_REQUESTS,] == 0
    await services.close()


async def test_storage_that_is_away_is_an_error(recorded: dict[tuple[Any, ...], float]) -> None:
    away = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=AAAA;" + "".join(
        f"{kind}Endpoint=http://127.0.0.1:9/a;" for kind in ("Queue", "Table")
    )
    services = make_services("http://127.0.0.1:9", away)
    with pytest.raises(AzureError):
        await measures.measure(services)
    await services.close()
    assert recorded == {}
