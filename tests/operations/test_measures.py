"""What the five-minute timer measures: the queues of a real storage emulator, and the newest verdicts."""

from __future__ import annotations

import time
from typing import Any

import pytest
from azure.core.exceptions import AzureError

from tests.operations.conftest import make_services
from triage.audit.model import Verdict
from triage.intake.queue_message import QueuedLook
from triage.operations import measures
from triage.operations.audits import audit_all
from triage.operations.services import Services
from triage.telemetry.instruments import Metric


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


async def test_storage_that_is_away_is_an_error(recorded: dict[tuple[Any, ...], float]) -> None:
    away = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=AAAA;" + "".join(
        f"{kind}Endpoint=http://127.0.0.1:9/a;" for kind in ("Queue", "Table")
    )
    services = make_services("http://127.0.0.1:9", away)
    with pytest.raises(AzureError):
        await measures.measure(services)
    await services.close()
    assert recorded == {}
