"""What people do with incidents, and what an audit means for them."""

from __future__ import annotations

import asyncio
from itertools import islice

from triage.audit.model import Audit, Verdict
from triage.finding.state import resolved_by_hand
from triage.incidents import Incident, IncidentState, ResolveReason, fixed, not_fixed, resolve
from triage.intake.queue_message import QueuedSettle
from triage.operations.follow_up import recheck
from triage.operations.services import Services
from triage.telemetry.instruments import span
from triage.wire import now

# The findings that one message settles: within the time of a function.
_SETTLED_AT_ONCE = 200
_AT_THE_SAME_TIME = 16
# Seconds until the next message: what was settled has left the list of open findings by then.
_NEXT = 5


async def resolve_by_hand(
    services: Services, incident_id: str, by: str, reason: ResolveReason, note: str | None
) -> Incident | None:
    """A person resolves an incident, and with it its open findings; None if there is no such incident.

    Raises StateError or InputError (triage.incidents), and azure.core's errors. The findings are resolved by a message
    that is sent first: if the process ends in between, the message finds an open incident and does nothing.
    """
    await services.looks.send([QueuedSettle(incident_id=incident_id).encode()], delay=_NEXT)
    return await services.incidents.change(incident_id, lambda incident: resolve(incident, now(), by, reason, note))


async def settle_findings(services: Services, settle: QueuedSettle) -> None:
    """Resolves the open findings of an incident that a person has resolved, as many as time allows; then goes on."""
    incident = await services.incidents.get(settle.incident_id)
    if incident is None or incident.state is not IncidentState.RESOLVED or not incident.books.by_person:
        return
    at = incident.resolved_at or now()
    with span("Settle findings") as note:
        found = [one async for one in services.incidents.open_findings(settle.incident_id)]
        limit = asyncio.Semaphore(_AT_THE_SAME_TIME)

        async def settle_one(finding_id: str) -> None:
            async with limit:
                await services.findings.change(finding_id, lambda finding: resolved_by_hand(finding, at))

        await asyncio.gather(*map(settle_one, islice(found, _SETTLED_AT_ONCE)))
        note(findings=len(found))
    if len(found) > _SETTLED_AT_ONCE:
        await services.looks.send([settle.encode()], delay=_NEXT)


async def follow_audit(services: Services, audit: Audit) -> None:
    """Looks again at the findings of each incident whose app an audit finds fixed. What it could not read changes nothing."""
    if audit.verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE):
        return
    broken = {issue.code for issue in audit.issues}
    for incident in await services.incident_lists.open_about_app(audit.tenant_id):
        if incident["cause"] in broken:
            await services.incidents.change(incident["id"], lambda one: (not_fixed(one), []))
            continue
        known = await services.incidents.get(incident["id"])
        after = await services.incidents.change(incident["id"], lambda one: fixed(one, audit.audited_at))
        if known is not None and after is not None and after.books.fixes > known.books.fixes:
            await recheck(services, after.id, after.tenant_id)
