"""Queues failures for triage: those of a body, and those of stored findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

from triage.intake.body import Accepted, read_body
from triage.intake.problem_list import MAX_PROBLEMS
from triage.intake.queue_message import QueuedFailure, QueuedRetriage
from triage.intake.queued_failures import queue_failures, within_limit
from triage.operations.services import Services
from triage.problems import InputError, Problem
from triage.telemetry.instruments import span
from triage.wire import now


class OtherTenantError(InputError):
    """A failure belongs to a tenant for which its sender may not send failures."""


async def accept(
    services: Services, body: bytes, headers: Mapping[str, str], tenants: tuple[str, ...] | None = None
) -> list[QueuedFailure]:
    """Puts the failures of a body on the queue. With `tenants`, each failure must belong to one of these.

    IntakeError if the body can't be read or is too large, OtherTenantError if a failure belongs to another tenant; then
    nothing was queued. After one of azure.core's errors, some failures may be on the queue.
    """
    with span("Accept") as note:
        accepted = read_body(body, headers)
        queued = queue_failures(services.settings, accepted, delivery=uuid4().hex, received_at=now())
        if tenants is not None:
            _check_tenants(accepted, queued, tenants)
        note(failures=len(queued))
        messages = (failure.encode(one.pointer) for one, failure in zip(accepted, queued, strict=True))
        await services.queue.send(list(within_limit(messages)))
    return queued


def _check_tenants(accepted: list[Accepted], queued: list[QueuedFailure], tenants: tuple[str, ...]) -> None:
    """OtherTenantError if a failure doesn't belong to these tenants, or if only Graph could say to which it belongs."""
    problems: dict[Problem, None] = {}
    for one, failure in zip(accepted, queued, strict=True):
        if failure.configured_tenant_id not in tenants:
            lacking = failure.configured_tenant_id is None
            detail = "is missing: your app role needs it" if lacking else "is not a tenant of your role"
            problems[Problem(f"{one.pointer}/tenantId", detail)] = None
    if problems:
        raise OtherTenantError("Your app role does not include the tenant.", list(problems)[:MAX_PROBLEMS])


async def retriage(services: Services, finding_ids: Sequence[str]) -> None:
    """Queues stored findings to be triaged again, without cached answers from Graph. Raises azure.core's errors."""
    with span("Retriage", findings=len(finding_ids)):
        await services.queue.send([QueuedRetriage.of(finding_id).encode() for finding_id in finding_ids])
