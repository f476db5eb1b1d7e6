"""How the tenants are, and the summary of findings."""

from __future__ import annotations

from triage.api.schemas.page import Page
from triage.audit.model import Verdict
from triage.settings import Mode
from triage.wire import Guid, Instant, Wire


class AuditState(Wire):
    """The verdict of a tenant's newest audit."""

    tenant_id: Guid
    """The tenant."""
    verdict: Verdict
    audited_at: Instant
    """When the app was audited."""


class TenantCoverage(Wire):
    """The newest complete coverage scan of a tenant: its mailboxes, and those in which a remediation would fail."""

    mailboxes: int
    """The mailboxes of the tenant."""
    uncovered: int
    """Those in which a remediation would fail."""


class TenantState(Wire):
    """A tenant of the deployment, and its state."""

    tenant_id: Guid
    """The tenant's ID."""
    name: str
    """Its name: `name` in `TRIAGE_TENANTS`, or the organization's name, or a domain."""
    mode: Mode
    domains: list[str]
    """Those in `TRIAGE_TENANTS`, or the verified ones."""
    verdict: Verdict | None
    """The verdict of its newest audit; null: there is none."""
    audited_at: Instant | None
    """When it was last audited."""
    open_incidents: int
    """The incidents that are open or acknowledged."""
    exposed: int
    """The messages that can still be opened."""
    coverage: TenantCoverage | None
    """Null: no scan of it was complete."""


TENANT_PAGE = Page(TenantState)


class ExposureCounts(Wire):
    """The messages that can still be opened: each once for a mailbox, however many failures it had."""

    messages: int
    """The messages."""
    read: int
    """Those that were read."""
    mailboxes: int
    """The mailboxes that they are in."""


class ReachTimes(Wire):
    """For how long messages could be opened after their remediation failed, in seconds."""

    p50: int | None
    """Half of the findings of the period were out of reach within this time; null: none has left reach."""
    p90: int | None
    """Nine in ten of them were out of reach within this time; null: none has left reach."""
    still_in_reach: int
    """The messages that can still be opened now."""
    oldest_seconds: int | None
    """The time since the failure of the one that has been exposed the longest."""


class Summary(Wire):
    """The number of findings in a period, in total and by value."""

    since: Instant | None
    """The start of the period; null: from the first finding."""
    until: Instant | None
    """The end of the period; null: to the last finding."""
    total: int
    """The number of findings: one for each failure."""
    by_scenario: dict[str, int]
    """By what Email Threat Defense reported."""
    by_cause: dict[str, int]
    """By why the remediation failed."""
    by_severity: dict[str, int]
    """By how serious the cause is."""
    by_confidence: dict[str, int]
    """By how certain the cause is."""
    by_state: dict[str, int]
    """Open or resolved. Suppressed findings count as open."""
    by_day: dict[str, int]
    """By day in UTC, such as 2026-11-20."""
    exposed: int
    """The number of findings whose message can still be opened."""
    exposures: ExposureCounts
    """Now, whatever the period."""
    open_incidents: int
    """Now, whatever the period."""
    time_in_reach: ReachTimes
    audits: list[AuditState]
    """The newest audit of each tenant."""
