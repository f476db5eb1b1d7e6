"""What people ask the service to do, and its answers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from triage.api.schemas.page import MAY_LACK_FIELDS
from triage.incidents import ResolveReason
from triage.wire import Guid, Instant, Url, Wire


class Queued(Wire):
    """How many failures were queued, and where to send the next POST if more match."""

    model_config = MAY_LACK_FIELDS

    queued: int
    """The number of failures."""
    next_link: Url | None = None
    """The URL for the rest; left out at the end."""


class TenantRequest(Wire):
    """The tenant; every tenant if it is missing."""

    tenant_id: UUID | None = None
    """A tenant in `TRIAGE_TENANTS`."""


class StartedScan(Wire):
    """A running coverage scan."""

    id: str
    """The scan's ID."""
    tenant_id: Guid
    """The tenant."""


class StartedScans(Wire):
    """The running scans: each was started now, or was already running."""

    value: list[StartedScan]
    """One entry for each tenant."""


class PolledFeed(Wire):
    """A feed that is polled."""

    tenant_id: Guid
    """The tenant."""


class PolledFeeds(Wire):
    """The feeds that are polled now."""

    value: list[PolledFeed]
    """One entry for each tenant."""


class ChannelTest(Wire):
    """A channel to send a test to."""

    channel: str
    """The name of a channel in `TRIAGE_NOTIFICATIONS`."""


class ChannelTested(Wire):
    """The receiver's answer to a test."""

    channel: str
    """The name of the channel."""
    status: int
    """The HTTP status of the answer."""
    answer: str
    """The status and the beginning of the answer."""
    note: str | None
    """What the answer does not say, and how to find out."""


class Noted(Wire):
    """What people say when they acknowledge or reopen an incident."""

    note: str | None = None
    """Why; it is kept in the log of the incident."""
    by: Annotated[str, Field(max_length=200)] | None = None
    """The caller's name. It is used only with function keys; otherwise it is who is signed in."""


class Resolved(Noted):
    """Why nothing is left to do about an incident."""

    reason: ResolveReason


class Suppressed(Noted):
    """Why nobody is notified of an incident, and until when: at most a year from now."""

    reason: str
    """Why; it is kept with the incident."""
    until: Instant
    """When the suppression ends."""
