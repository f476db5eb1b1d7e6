"""The state of a feed, as `GET /api/feeds` gives it (docs/api.md)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from triage.wire import Guid, Instant, Wire, from_epoch_ns


class FeedState(StrEnum):
    """Whether a tenant's feed works. `off`: ETD_APIS does not have the tenant."""

    OK = "ok"
    BEHIND = "behind"
    FAILING = "failing"
    OFF = "off"


class SearchLane(Wire):
    """Message Search."""

    cursor: Instant | None = None
    """Messages up to this time have been read."""
    last_success_at: Instant | None = None
    """When it was last read; null: never."""


class LogExportLane(Wire):
    """Log Export, the ledger."""

    cursor: Instant | None = None
    """The end of the last hour whose files were listed."""
    last_success_at: Instant | None = None
    """When it was last read; null: never."""
    settled_until: Instant | None = None
    """The end of the last hour of which nothing more is expected, with all hours before it."""


class FeedLanes(Wire):
    """The two ways in which actions are found."""

    search: SearchLane = SearchLane()
    log_export: LogExportLane = LogExportLane()


class FeedGap(Wire):
    """A time of which not everything could be read, and why."""

    begin: Instant = Field(alias="from")
    """Its start."""
    end: Instant = Field(alias="to")
    """Its end."""
    why: str
    """Why it could not be read."""

    @classmethod
    def of(cls, start: int, end: int, why: str) -> FeedGap:
        """The gap between two times, in nanoseconds since 1970."""
        return cls(**{"from": from_epoch_ns(start), "to": from_epoch_ns(end), "why": why})


class Feed(Wire):
    """One tenant's feed. The numbers are those of the last 14 days."""

    tenant_id: Guid
    """The tenant."""
    state: FeedState
    last_success_at: Instant | None = None
    """When Email Threat Defense's API was last read; null: never."""
    behind_seconds: int = 0
    """How far Message Search is behind the newest messages that it gives."""
    lanes: FeedLanes = FeedLanes()
    candidates: int = 0
    """Actions on a message in one mailbox that were found."""
    verified: int = 0
    """Messages that are where the action put them, or out of the person's reach."""
    failures_found: int = 0
    """Those that did not work: each became a failure."""
    not_verified: int = 0
    """What could not be read, or was nowhere in the mailbox."""
    mailboxes_unknown: int = 0
    """Actions of which Email Threat Defense did not tell the mailbox."""
    gaps: list[FeedGap] = Field(default_factory=list[FeedGap])
    """The times of which not everything could be read."""
    requests_today: int = 0
    """The requests to the API today (UTC)."""
    request_share: int = 0
    """How many requests the feed makes in a day at most (UTC)."""
    last_error: str | None = None
    """What went wrong last; null: nothing is wrong."""
