"""Three weeks with few failures, and a night with an attack, so that the pages and lists show work to do.

Failures are made from the samples, so each has the cause of its sample. Times are before now, as far as the service takes
them. Permissions change between two audits, so that there is drift.
"""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.client import ask
from sandbox.stack import Stack
from sandbox.tenant.world import World
from sandbox.tenant.world.samples import Sample, load

# One for each state of the app: healthy twice, broken, degraded, unknown, not applicable.
DOMAINS = (
    "contoso.com",
    "fabrikam.com",
    "tailspintoys.com",
    "relecloud.com",
    "humongousinsurance.com",
    "fourthcoffee.com",
)
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


def failures(number: int, days: int = 20) -> list[Json]:
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


def send(running: Stack, number: int) -> None:
    """Sends the failures, and makes two audits and a coverage scan. What is sent is triaged afterward."""
    _post(running.address, "failures", failures(number))
    _post(running.address, "coverage", {})
    _post(running.address, "audits", {})
    granted = ["Mail.ReadWrite", "Organization.Read.All", "Domain.Read.All", "Mail.Send"]
    state = {"tenants": {"fabrikam": {"etd": {"granted": granted}}}}
    ask(f"{running.graph}/_sandbox/state", state, method="PUT")
    _post(running.address, "audits", {})


def _post(address: str, path: str, body: Any) -> None:
    ask(f"{address}/api/{path}", body, seconds=60)
