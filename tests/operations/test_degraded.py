"""The channels are notified when Graph has been away for a while, and when it answers again."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from sandbox.azurite import Azurite
from sandbox.receiver.channels import settings as receiver_settings
from sandbox.receiver.server import serve as receive
from sandbox.tenant.serve.server import serve
from tests.operations.conftest import WORLD, make_services
from triage.graph import kept
from triage.operations import channel_run, degraded
from triage.operations.degraded import watch
from triage.operations.notify import deliver


async def test_channels_are_told_of_a_graph_outage_and_its_end(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, minutes = (time.monotonic(), time.time_ns()), 0
    monkeypatch.setattr(channel_run, "_PACE", {})
    monkeypatch.setattr(kept, "time", SimpleNamespace(monotonic=lambda: begun[0] + minutes * 60))
    monkeypatch.setattr(degraded, "time", SimpleNamespace(time_ns=lambda: begun[1] + (minutes - 30) * 60 * 10**9))
    async with serve(WORLD) as tenant, receive() as receiver, aiohttp.ClientSession() as http:
        services = make_services(
            tenant.url, storage.connection_string,
            TRIAGE_NOTIFICATIONS=json.dumps(receiver_settings(receiver.url)), TRIAGE_BASE_URL="https://triage.example",
        )  # fmt: skip

        def said() -> list[dict[str, Any]]:
            return [one.wire()["body"] for one in receiver.of("webhook") if "service-graph" in str(one.wire())]

        await http.post(f"{tenant.url}/_sandbox/faults", json={"path": "^/organization", "status": 500})
        for minutes in (0, 5, 11, 16):  # noqa: B007 - the clocks read it
            await watch(services)
        await deliver(services)
        (first,) = said()
        assert first["data"] == {"check": "graph", "degradedSince": first["data"]["degradedSince"], "worksAgain": False}
        await http.delete(f"{tenant.url}/_sandbox/faults")
        minutes = 21
        await watch(services)
        await watch(services)
        await deliver(services)
        _, second = said()
        assert second["data"]["worksAgain"] is True
        alerts = [one.wire()["body"] for one in receiver.of("pagerduty") if "graph:" in str(one.wire())]
        assert [one["event_action"] for one in alerts] == ["trigger", "resolve"]
        assert len({one["dedup_key"] for one in alerts}) == 1
        await services.close()
