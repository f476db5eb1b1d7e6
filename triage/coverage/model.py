"""The shape of a coverage scan, and of the mailboxes that it lists (docs/api.md)."""

from __future__ import annotations

from enum import StrEnum
from uuid import uuid4

from pydantic import Field

from triage.diagnosis.causes import Cause, Confidence
from triage.graph.reasons import Lack
from triage.wire import Guid, Instant, Wire, epoch_ns, newest_first, now


class ScanState(StrEnum):
    """How far a scan is. A partial one ended before it had seen all users, or read no mailbox; its `reasons` say why."""

    RUNNING = "running"
    COMPLETE = "complete"
    PARTIAL = "partial"


class MailboxChange(StrEnum):
    """What has changed about a mailbox since the last complete scan."""

    NEW = "new"
    RECOVERED = "recovered"


class CoverageChanges(Wire):
    """What changed since the last complete scan. A mailbox that is gone has not recovered."""

    since: str
    """The scan that this one is compared with."""
    newly_uncovered: int = 0
    """The mailboxes that were covered before, or did not exist."""
    recovered: int = 0
    """The mailboxes that are covered again."""


class CoverageScan(Wire):
    """One scan of one tenant."""

    id: str
    """The scan's ID."""
    tenant_id: Guid
    """The tenant."""
    started_at: Instant
    """When it started."""
    finished_at: Instant | None = None
    """When it ended; null: it is still running."""
    state: ScanState = ScanState.RUNNING
    progress: float = 0.0
    """The part of the users that the scan has seen, from 0 to 1."""
    users: int = 0
    """The users that it has seen."""
    mailboxes: int = 0
    """Those of the users who can have a mailbox: covered, uncovered and unknown."""
    covered: int = 0
    """The mailboxes in which a remediation would work."""
    uncovered: int = 0
    """The mailboxes in which it would fail."""
    by_cause: dict[Cause, int] = Field(default_factory=dict[Cause, int])
    """The number of uncovered mailboxes by cause."""
    unknown: int = 0
    """Mailboxes that could not be read."""
    reasons: list[Lack] = Field(default_factory=list[Lack])
    """What could not be read, and why."""
    changes: CoverageChanges | None = None
    """Null in a tenant's first scan, and in a partial one."""

    def begun_again(self) -> CoverageScan:
        """The scan with all counts reset."""
        changes = self.changes and CoverageChanges(since=self.changes.since)
        return CoverageScan(id=self.id, tenant_id=self.tenant_id, started_at=self.started_at, changes=changes)


class UncoveredMailbox(Wire):
    """A mailbox in which a remediation would fail today, or that has recovered since the last complete scan."""

    mailbox: str
    """The address of the mailbox."""
    cause: Cause
    confidence: Confidence
    summary: str
    """What is wrong with it, in a sentence."""
    since: Instant
    """The start of the first scan since which it has been uncovered in every scan."""
    change: MailboxChange | None = None


def new_scan(tenant_id: str) -> CoverageScan:
    """A scan that starts now. Its ID is its partition and its row in the table."""
    started_at = now()
    unique = f"{newest_first(epoch_ns(started_at))}.{uuid4().hex[:8]}"
    return CoverageScan(id=f"{tenant_id}.{unique}", tenant_id=tenant_id, started_at=started_at)
