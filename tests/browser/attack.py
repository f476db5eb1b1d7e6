"""A night with an attack, for tests and screenshots: three weeks of failures, audits, and rejected events."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.storage.queue import QueueClient

from sandbox.stack import Stack, stack
from sandbox.tenant.world import World
from sandbox.tenant.world.samples import Sample, load

QUEUE = "remediation-failures"
# One for each state of the app: healthy twice, broken, degraded, unknown, not applicable.
DOMAINS = (
    "contoso.com",
    "fabrikam.com",
    "tailspintoys.com",
    "relecloud.com",
    "humongousinsurance.com",
    "fourthcoffee.com",
)
FEEDS = ("contoso.com", "fabrikam.com")  # those that have a business in Email Threat Defense
SUBJECTS = (
    "Your invoice is overdue",
    "Payroll: confirm your account",
    "Shared document: Q4 forecast",
    "Voicemail (0:42)",
)
# Most failures of an attack leave a message that people can still open.
OFTEN = {"message_present": 9, "message_moved": 9, "message_deleted": 5, "message_remediated": 4, "user_deleted": 3}
OFTEN_SINCE_TONIGHT = {"consent_missing": 6, "message_present": 6, "message_moved": 4}

Json = dict[str, Any]


def failures(number: int = 260, days: int = 20) -> list[Json]:
    """Failures from the samples, the same at each call: a few a day, and a third of them in the last hours."""
    dice = random.Random(7)
    world = World.load()
    ours = {tenant.id for tenant in world.tenants.values() if tenant.domains[0] in DOMAINS}
    samples = [sample for sample in load(world) if sample.failure.get("tenantId") in ours]
    now = datetime.now(UTC)
    found: list[Json] = []
    for index in range(number):
        tonight = index % 3 == 0
        weights = [_weight(sample, OFTEN_SINCE_TONIGHT if tonight else OFTEN) for sample in samples]
        sample = dice.choices(samples, weights)[0]
        hours = dice.uniform(0.1, 9) if tonight else dice.uniform(12, days * 24)
        identifier = hashlib.sha256(f"{index} {sample.name}".encode()).hexdigest()[:32]
        occurred = (now - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found.append({**sample.failure, "id": identifier, "occurredAt": occurred, "subject": dice.choice(SUBJECTS)})
    return found


def _weight(sample: Sample, weights: dict[str, int]) -> float:
    return weights.get(sample.expect["cause"], 0.25)


def post(address: str, path: str, body: Any) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/api/{path}", data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=40) as answer:
        return json.load(answer)


def get(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"{address}/api/{path}", timeout=40) as answer:
        return json.load(answer)


@contextmanager
def small_stack(*, port: int = 0) -> Iterator[Stack]:
    """The service for a few of the sandbox's tenants, one for each state that an app can be in."""
    configured = [tenant for tenant in World.load().triage_tenants() if tenant["domains"][0] in DOMAINS]
    assert len(configured) == len(DOMAINS)
    businesses = [tenant["tenantId"] for tenant in configured if tenant["domains"][0] in FEEDS]
    settings = {"TRIAGE_QUEUE": QUEUE, "TRIAGE_TENANTS": json.dumps(configured)}
    with stack(port=port, businesses=businesses, **settings) as running:
        yield running


def strike(running: Stack, number: int = 260, seconds: float = 240) -> None:
    """Sends everything and waits until it is triaged. Scans, and makes two audits and changes permissions in between."""
    with QueueClient.from_connection_string(running.storage.connection_string, QUEUE) as queue:
        for text in ("{", '{"mailbox": "adele@contoso.com"}', '["not", "a", "failure"]'):
            queue.send_message(base64.b64encode(text.encode()).decode())
    post(running.address, "failures", failures(number))
    post(running.address, "coverage", {})
    post(running.address, "audits", {})
    _grant(running.graph, "fabrikam", ["Mail.ReadWrite", "Organization.Read.All", "Domain.Read.All", "Mail.Send"])
    post(running.address, "audits", {})
    end = time.monotonic() + seconds
    while get(running.address, "summary")["total"] < number or len(get(running.address, "rejected")["value"]) < 3:
        if time.monotonic() > end:
            raise TimeoutError("not everything was triaged in time")
        time.sleep(0.5)


def _grant(graph: str, tenant: str, permissions: list[str]) -> None:
    data = json.dumps({"tenants": {tenant: {"etd": {"granted": permissions}}}}).encode()
    request = urllib.request.Request(
        f"{graph}/_sandbox/state", data, {"content-type": "application/json"}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=20).close()
