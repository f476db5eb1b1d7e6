"""A night with an attack, for tests and screenshots: three weeks of failures, audits, and rejected events."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.storage.queue import QueueClient

from sandbox.client import ask
from sandbox.demo import history
from sandbox.demo.history import DOMAINS
from sandbox.stack import Stack, stack
from sandbox.tenant.world import World

QUEUE = "remediation-failures"
FEEDS = ("contoso.com", "fabrikam.com")  # those that have a business in Email Threat Defense
Json = dict[str, Any]


def post(address: str, path: str, body: Any) -> Any:
    return ask(f"{address}/api/{path}", body, seconds=40)


def get(address: str, path: str) -> Any:
    return ask(f"{address}/api/{path}", seconds=40)


@contextmanager
def small_stack(*, port: int = 0) -> Iterator[Stack]:
    """The service for a few of the sandbox's tenants, one for each state that an app can be in."""
    configured = [tenant for tenant in World.load().triage_tenants() if tenant["domains"][0] in DOMAINS]
    assert len(configured) == len(DOMAINS)
    businesses = [tenant["tenantId"] for tenant in configured if tenant["domains"][0] in FEEDS]
    settings = {
        "TRIAGE_QUEUE": QUEUE,
        "TRIAGE_TENANTS": json.dumps(configured),
        "AUDIT_SCHEDULE": "0 0 0 29 2 *",  # an audit in the middle of a test would find no change any more
        "COVERAGE_SCHEDULE": "off",
    }
    with stack(port=port, businesses=businesses, **settings) as running:
        yield running


def settled(running: Stack, seconds: float = 120) -> None:
    """Waits until the scans are over, and the incidents have all findings."""
    end = time.monotonic() + seconds
    while True:
        running_scans = [one for one in get(running.address, "coverage/latest")["value"] if one["state"] == "running"]
        counted = sum(one["findings"] for one in get(running.address, "incidents?top=1000")["value"])
        if not running_scans and counted >= get(running.address, "summary")["total"]:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"{len(running_scans)} scans run, and incidents have {counted} findings")
        time.sleep(0.5)


def strike(running: Stack, number: int = 260, seconds: float = 240) -> None:
    """Sends everything and waits until it is triaged. Scans, and makes two audits and changes permissions in between."""
    with QueueClient.from_connection_string(running.storage.connection_string, QUEUE) as queue:
        for text in ("{", '{"mailbox": "adele@contoso.com"}', '["not", "a", "failure"]'):
            queue.send_message(base64.b64encode(text.encode()).decode())
    history.send(running, number)
    end = time.monotonic() + seconds
    while (
        get(running.address, "summary")["total"] < number
        or len(get(running.address, "rejected")["value"]) < 3
        or not derived(running)
    ):
        if time.monotonic() > end:
            raise TimeoutError("not everything was triaged in time")
        time.sleep(0.5)


def derived(running: Stack) -> bool:
    """Whether the incidents have all findings, and the messages in reach are all there."""
    found = get(running.address, "findings?top=1000")["value"]
    counted = sum(one["findings"] for one in get(running.address, "incidents?top=1000")["value"])
    in_reach = {
        (one["tenantId"], one["failure"]["mailbox"], one["failure"]["internetMessageId"])
        for one in found
        if one["exposed"]
    }
    return counted == len(found) and len(get(running.address, "exposures?top=1000")["value"]) == len(in_reach)
