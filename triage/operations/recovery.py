"""Looks at waiting failures as soon as an outage of Graph is over.

The delays of RETRY_SECONDS grow to hours, and an outage can be over a minute after a look. So each minute, one waiting
failure of each tenant is looked at early: the probe. When a retry finds its evidence, whether it is a probe or not, all
other waiting failures of its tenant are released. A released look is the next one of its finding. The message that waits
on the intake queue arrives later, is no longer the next one, and is dropped (looks.py).

A failure whose look is an hour late has lost it (somebody cleared the queue), and is also chosen.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from triage.diagnosis.causes import Cause
from triage.graph.evidence import Lack, Reason
from triage.graph.throttling import PROBE_SECONDS
from triage.intake.queue_message import QueuedFailure, QueuedLook
from triage.operations.looks import LONGEST
from triage.operations.services import Services
from triage.storage.documents import unpack_compressed
from triage.storage.finding_rows import SUMMARY
from triage.storage.query import Query
from triage.telemetry.instruments import span
from triage.wire import epoch_ns, now

RELEASE_SECONDS = 300.0
"""The shortest time between two releases of a tenant by an instance: in this time, most failures are looked at."""

_SECOND = 1_000_000_000
# A look that is due this soon is not released.
_SOON = 60 * _SECOND
# A look that is this late was lost.
_LOST = 3600 * _SECOND
# The probe is chosen from this many of the newest findings without a cause. Some of them may lack a permission.
_CHOICE = 1000
_SENT_AT_ONCE = 500

Json = dict[str, Any]


async def probe(services: Services) -> int:
    """Looks at one waiting failure of each tenant. Returns their number. Raises azure.core's errors."""
    tenants: defaultdict[str | None, list[Json]] = defaultdict(list[Json])
    async for found in _waiting(services, {}, most=_CHOICE):
        tenants[found["tenantId"]].append(found)
    # At random, because one of them may be in a mailbox that never answers.
    chosen = [random.choice(each) for each in tenants.values()]  # noqa: S311
    await services.looks.send([_look(one) for one in chosen])
    return len(chosen)


def answered(services: Services, queued: QueuedFailure, tenant_id: str | None) -> None:
    """Called when Graph answered for a failure. If it was a retry, others of its tenant are released."""
    if queued.look is None or queued.look.before == 0:
        return
    last = services.released.get(tenant_id)
    if last is None or time.monotonic() - last >= RELEASE_SECONDS:
        services.released[tenant_id] = time.monotonic()
        services.start(release_waiting(services, tenant_id))


async def release_waiting(services: Services, tenant_id: str | None) -> int:
    """Looks at all waiting failures of a tenant. Returns their number. Raises azure.core's errors."""
    filters = {"tenantId": (tenant_id,)} if tenant_id is not None else {}
    released = 0
    part: list[bytes] = []
    with span("Release retries") as note:
        async for found in _waiting(services, filters):
            if found["tenantId"] == tenant_id:
                part.append(_look(found))
            if len(part) == _SENT_AT_ONCE:
                await services.looks.send(part)
                released, part = released + len(part), []
        await services.looks.send(part)
        released += len(part)
        note(looks=released)
    return released


async def _waiting(
    services: Services, filters: dict[str, tuple[str, ...]], *, most: int | None = None
) -> AsyncIterator[Json]:
    """The failures of the last day that wait for a retry, among the `most` newest findings without a cause."""
    at = epoch_ns(now())
    query = Query({"cause": (Cause.UNDETERMINED.value,)} | filters, since=at - LONGEST * _SECOND)
    number = 0
    async for row in services.finding_lists.rows(query, None, most or 1000):
        found = unpack_compressed(SUMMARY, row)
        if _waits(found, at):
            yield found
        number += 1
        if number == most:
            return


def _waits(found: Json, at: int) -> bool:
    """Whether a finding (JSON) waits for its retry. One that Graph throttled isn't looked at for PROBE_SECONDS."""
    lacks = [Lack.model_validate(reason) for reason in found["reasons"]]
    if found["nextLookAt"] is None or not any(lack.passing for lack in lacks):
        return False
    throttled = any(lack.reason is Reason.THROTTLED for lack in lacks)
    asked = epoch_ns(found["triagedAt"]) + int(PROBE_SECONDS * _SECOND) if throttled else 0
    due = epoch_ns(found["nextLookAt"])
    return (due > at + _SOON or due < at - _LOST) and asked <= at


def _look(found: Json) -> bytes:
    looks = found["looks"]
    return QueuedLook.after(found["id"], looks + 1, looks, found["lastSeen"]).encode()
