"""The shapes of bodies that have no model of their own elsewhere, for the OpenAPI description."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from pydantic import Field

from triage.audit.model import Audit, Verdict
from triage.finding import Finding
from triage.storage.rejected import RejectedEvent
from triage.wire import Instant, Wire


class Page(NamedTuple):
    """A page of a collection: `value`, and `nextLink` where there is more."""

    item: type[Wire]


FINDING_PAGE = Page(Finding)
AUDIT_PAGE = Page(Audit)
REJECTED_PAGE = Page(RejectedEvent)


class AcceptedFailure(Wire):
    """One failure that was accepted; its finding is there once it has been triaged."""

    id: str | None
    finding_id: str
    mailbox: str


class AcceptedBody(Wire):
    """What was accepted."""

    accepted: list[AcceptedFailure]


class AuditRequest(Wire):
    """Which tenant to audit; all where none is named."""

    tenant_id: UUID | None = None


class AuditState(Wire):
    """The verdict of a tenant's newest audit."""

    tenant_id: str
    verdict: Verdict
    audited_at: Instant


class Summary(Wire):
    """Numbers of findings, by what they say."""

    since: Instant | None
    until: Instant | None
    total: int
    by_scenario: dict[str, int]
    by_cause: dict[str, int]
    by_severity: dict[str, int]
    by_confidence: dict[str, int]
    by_day: dict[str, int]
    exposed: int
    audits: list[AuditState]


class Health(Wire):
    """The state of the service: ok, degraded or down; each check says its own, and what it lacks."""

    status: str
    checks: dict[str, dict[str, Any]]


class ProblemError(Wire):
    """One place that is wrong (a JSON pointer, or a parameter's name)."""

    pointer: str
    detail: str


class ProblemBody(Wire):
    """An RFC 9457 problem."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = Field(default_factory=list[ProblemError])
