"""The state of a feed, as `GET /api/feeds` gives it (docs/api.md)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from triage.wire import Guid, Instant, Wire, from_epoch_ns


class FeedState(StrEnum):
    """Whether a tenant's feed works. `off`: the tenant is not in ETD_APIS."""

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
    """The end of the last hour that is complete, together with all hours before it."""


class FeedLanes(Wire):
    """The two ways in which actions are found."""

    search: SearchLane = SearchLane()
    log_export: LogExportLane = LogExportLane()


class FeedGap(Wire):
    """A time that could not be read completely, and why."""

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
    """How far the feed is behind the newest messages in Message Search."""
    lanes: FeedLanes = FeedLanes()
    candidates: int = 0
    """Actions on a message in one mailbox that were found."""
    verified: int = 0
    """Actions that worked: the message is where the action put it, or out of the person's reach."""
    failures_found: int = 0
    """Actions that did not work. Each became a failure."""
    not_verified: int = 0
    """Actions that could not be checked, or whose message was nowhere in the mailbox."""
    mailboxes_unknown: int = 0
    """Actions whose mailbox Email Threat Defense did not name."""
    gaps: list[FeedGap] = Field(default_factory=list[FeedGap])
    """The times that could not be read completely."""
    requests_today: int = 0
    """The requests to the API today (UTC)."""
    request_share: int = 0
    """The maximum number of requests of the feed in a day (UTC)."""
    last_error: str | None = None
    """The last error; null: nothing is wrong."""
