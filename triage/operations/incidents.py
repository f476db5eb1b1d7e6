"""What people do with incidents, and what an audit changes about them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from triage.audit.model import Audit, Verdict
from triage.diagnosis.causes import Cause
from triage.finding import Finding, IncidentKey, Scope, reopened_by_hand, resolved_by_hand, scope_of
from triage.incidents import Incident, IncidentState, ResolveReason, fixed, not_fixed, reopen, resolve
from triage.intake.queue_message import QueuedSettle
from triage.operations.follow_up import recheck
from triage.operations.services import Services
from triage.telemetry.instruments import span
from triage.wire import now

# The findings that one message settles, so that it ends within the time of a function.
_SETTLED_AT_ONCE = 200
_AT_THE_SAME_TIME = 16
# Seconds until the next message: by then, settled findings have left the list of open findings.
_NEXT = 5
# Seconds until findings that were opened are in the list of open findings.
_LISTED = 10.0


async def resolve_by_hand(
    services: Services, incident_id: str, by: str, reason: ResolveReason, note: str | None
) -> Incident | None:
    """A person resolves an incident, and with it its open findings; None if there is no such incident.

    Raises StateError or InputError (triage.incidents), and azure.core's errors. The findings are resolved by a message
    that is sent first: if the process ends in between, the message finds an open incident and does nothing.
    """
    await services.looks.send([QueuedSettle(incident_id=incident_id).encode()], delay=_NEXT)
    return await services.incidents.change(incident_id, lambda incident: resolve(incident, now(), by, reason, note))


async def reopen_by_hand(services: Services, incident_id: str, by: str, note: str | None) -> Incident | None:
    """A person opens an incident again, and with it the findings that were resolved by hand; None if there is none.

    Raises StateError or InputError (triage.incidents), and azure.core's errors. The message is sent first, as above.
    """
    known = await services.incidents.get(incident_id)
    if known is not None and known.books.by_person:
        await services.looks.send([QueuedSettle(incident_id=incident_id, reopened=True).encode()], delay=_NEXT)
    return await services.incidents.change(incident_id, lambda incident: reopen(incident, now(), by, note))


async def settle_findings(services: Services, settle: QueuedSettle) -> None:
    """Resolves or opens findings of an incident that a person resolved or reopened, a part at a time."""
    incident = await services.incidents.get(settle.incident_id)
    if incident is None:
        return
    resolved = incident.state is IncidentState.RESOLVED
    with span("Settle findings") as note:
        if settle.reopened and not resolved:
            note(findings=await _open_again(services, incident, settle))
        elif not settle.reopened and resolved and incident.books.by_person:
            note(findings=await _resolve(services, incident, settle))


async def _resolve(services: Services, incident: Incident, settle: QueuedSettle) -> int:
    at = incident.resolved_at or now()
    found = [one async for one in services.incidents.open_findings(incident.id)]
    await _change(services, found[:_SETTLED_AT_ONCE], lambda finding: resolved_by_hand(finding, at))
    if len(found) > _SETTLED_AT_ONCE:
        await services.looks.send([settle.encode()], delay=_NEXT)
    return len(found)


async def _open_again(services: Services, incident: Incident, settle: QueuedSettle) -> int:
    """Opens findings again. They were not looked at while they were resolved, so they are looked at afterward."""
    at = incident.opened_at or now()
    found = [one async for one in services.incidents.other_findings(incident.id, settle.after)]
    part = found[:_SETTLED_AT_ONCE]
    await _change(services, part, lambda finding: reopened_by_hand(finding, at))
    if len(found) > _SETTLED_AT_ONCE:
        await services.looks.send([settle.model_copy(update={"after": part[-1]}).encode()], delay=_NEXT)
    else:
        await services.projector.run(_LISTED)
        await recheck(services, incident.id, incident.tenant_id)
    return len(part)


async def _change(services: Services, finding_ids: Iterable[str], step: Callable[[Finding], Finding]) -> None:
    limit = asyncio.Semaphore(_AT_THE_SAME_TIME)

    async def change(finding_id: str) -> None:
        async with limit:
            await services.findings.change(finding_id, step)

    await asyncio.gather(*map(change, finding_ids))


async def follow_audit(services: Services, audit: Audit) -> None:
    """Looks again at the findings of incidents that an audit finds fixed, including suppressed ones.

    What the audit could not read changes nothing.
    """
    if audit.verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE):
        return
    broken = {issue.code for issue in audit.issues}
    causes = [cause for cause in Cause if scope_of(cause) is Scope.APP]
    ids = [IncidentKey(audit.tenant_id, Scope.APP, None, cause).id for cause in causes]
    for cause, known in zip(causes, await asyncio.gather(*map(services.incidents.get, ids)), strict=True):
        if known is None or known.state is IncidentState.RESOLVED:
            continue
        if cause in broken:
            await services.incidents.change(known.id, lambda one: (not_fixed(one), []))
            continue
        after = await services.incidents.change(known.id, lambda one: fixed(one, audit.audited_at))
        # Also if an earlier audit found it fixed, and ended before this.
        if after is not None and after.books.fixed_at is not None and after.books.to_look_at:
            await recheck(services, after.id, after.tenant_id)
