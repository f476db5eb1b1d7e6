"""`rejected`: events on the queue that could not be read."""

from __future__ import annotations

import base64
import time

import httpx
from azure.storage.queue import QueueClient

from tests.cli.conftest import Deployment
from tests.cli.program import InProcess


def test_rejected_events(deployment: Deployment, service: httpx.Client, in_process: InProcess) -> None:
    with QueueClient.from_connection_string(deployment.settings["TriageStorage"], "remediation-failures") as queue:
        queue.send_message(base64.b64encode(b"this is \x1b[31m no failure").decode())
    end = time.monotonic() + 20
    while not (events := service.get("/api/rejected").json()["value"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    for settings in (deployment.remote, deployment.settings):
        assert in_process("rejected", "--json", settings=settings).json == {"value": events}
        result = in_process("rejected", settings=settings)
        assert "not_json" in result.out
        assert "\x1b" not in result.out
        assert r"this is \x1b[31m no failure" in result.out
