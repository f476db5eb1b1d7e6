"""Looks at open findings again until they are resolved: by FOLLOW_UP_MINUTES, and when somebody asks.

When a finding is stored, its next look goes into the due index (triage/storage/due.py). Each minute, looks that are due go
to the queue of looks, which has its own function, so a new failure never waits behind looks. LOOKS_PER_MINUTE limits them
to a share of Graph's quotas, whichever instances release them; the rest stays due.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate

from triage.finding import Finding, FindingState
from triage.intake.queue_message import QueuedLook, QueuedRetriage
from triage.operations.services import Services
from triage.settings import Settings
from triage.storage.due import DueLook
from triage.telemetry.instruments import span
from triage.wire import epoch_ns, from_epoch_ns, now

LOOKS_PER_MINUTE = 900
"""The looks at findings of one tenant. At two resource units each, they take less than a tenth of the 3,500 units in 10
seconds that Graph allows an app in a small tenant (https://learn.microsoft.com/graph/throttling-limits)."""

_MINUTE, _DAY = 60 * 1_000_000_000, 86400 * 1_000_000_000
# The delay is up to this much longer, depending on the finding's ID, so that findings of one minute are spread out.
_SPREAD = 0.1


def next_look(settings: Settings, finding: Finding) -> str | None:
    """When an open finding is looked at again: a delay of FOLLOW_UP_MINUTES from now, by the time since it first arrived.

    None if it is resolved, or first arrived more than FOLLOW_UP_DAYS ago.
    """
    waited = epoch_ns(now()) - epoch_ns(finding.first_seen)
    if finding.state is not FindingState.OPEN or waited >= settings.follow_up_days * _DAY:
        return None
    minutes = settings.follow_up_minutes
    passed = sum(end * _MINUTE <= waited for end in accumulate(minutes[:-1]))
    delay = minutes[passed] * (1 + _SPREAD * int(finding.id[:4], 16) / 0xFFFF)
    return from_epoch_ns(epoch_ns(now()) + int(delay * 60) * 1_000_000_000)


async def recheck(services: Services, incident_id: str, tenant_id: str | None) -> int:
    """Looks at the open findings of an incident again, as soon as the share of looks allows. Returns their number."""
    looks = [DueLook(one, tenant_id, None) async for one in services.incidents.open_findings(incident_id)]
    await services.due.add(looks)
    services.start(release(services))
    return len(looks)


async def release(services: Services) -> int:
    """Puts the looks that are due on their queue, spread over a minute. Returns their number.

    Raises azure.core's errors. If a run ends early, or two run at the same time, a look is sent at most twice, and the
    second one is dropped.
    """
    released = 0
    full: set[str] = set()
    with span("Release looks") as note:
        async for row, looks in services.due.rows():
            taken, left = await _within_share(services, looks, full)
            if taken:
                await _send(services, taken)
                await services.due.leave(row, left)
                released += len(taken)
        note(looks=released)
    return released


async def _within_share(
    services: Services, looks: list[DueLook], full: set[str]
) -> tuple[list[tuple[int, DueLook]], list[DueLook]]:
    """The looks that their tenant's share allows in the next minute, each with its delay in seconds, and the other looks.

    `full`: the tenants whose share is used up.
    """
    tenants: defaultdict[str, list[DueLook]] = defaultdict(list[DueLook])
    for look in looks:
        tenants[look.tenant_id or ""].append(look)
    taken: list[tuple[int, DueLook]] = []
    left: list[DueLook] = []
    for tenant_id, wanted in tenants.items():
        delays = [] if tenant_id in full else await services.due.reserve(tenant_id, len(wanted), LOOKS_PER_MINUTE)
        if len(delays) < len(wanted):
            full.add(tenant_id)
        taken += zip(delays, wanted, strict=False)
        left += wanted[len(delays) :]
    return taken, left


async def _send(services: Services, looks: list[tuple[int, DueLook]]) -> None:
    by_delay: defaultdict[int, list[bytes]] = defaultdict(list[bytes])
    since = now()
    for delay, look in looks:
        if look.number is None:
            message = QueuedRetriage.of(look.finding_id).encode()
        else:
            message = QueuedLook.after(look.finding_id, look.number, 0, since).encode()
        by_delay[delay].append(message)
    for delay, messages in by_delay.items():
        await services.looks.send(messages, delay=delay)
