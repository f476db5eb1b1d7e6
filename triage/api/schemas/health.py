"""The health of the service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from triage.api.schemas.page import MAY_LACK_FIELDS
from triage.graph.evidence import Reason
from triage.wire import Wire


class LackingPermission(Wire):
    """A permission that the triage identity does not have, and in how many tenants."""

    permission: str
    tenants: int


class StorageHealth(Wire):
    """Whether storage can be reached; `error` is the type of the error if not."""

    model_config = MAY_LACK_FIELDS

    status: Literal["ok", "down"]
    error: str | None = None


class GraphHealth(Wire):
    """Whether Graph answers in every tenant; `reasons` says why not."""

    model_config = MAY_LACK_FIELDS

    status: Literal["ok", "degraded"]
    reasons: list[Reason] = Field(default_factory=list[Reason])


class PermissionHealth(Wire):
    """Whether the triage identity has its permissions in every tenant."""

    status: Literal["ok", "degraded", "unknown"]
    lacking: list[LackingPermission]


class FeedHealth(Wire):
    """Whether failures come by themselves, from Email Threat Defense's API, where they should."""

    status: Literal["ok", "degraded", "unknown"]
    feeds: int
    """The number of feeds: of tenants in `ETD_APIS`."""
    behind: int
    """The number of those that are behind."""
    failing: int
    """The number of those that fail."""


class NotificationHealth(Wire):
    """Whether the channels for notifications take what they are sent."""

    status: Literal["ok", "degraded", "unknown"]
    channels: int
    """The number of channels."""
    failing: int
    """The number of those that do not take it."""


class HealthChecks(Wire):
    """What the health is made of."""

    storage: StorageHealth
    graph: GraphHealth
    permissions: PermissionHealth
    feeds: FeedHealth
    notifications: NotificationHealth


class Health(Wire):
    """The health of the service. It is down if storage is, and degraded if another check is."""

    status: Literal["ok", "degraded", "down"]
    checks: HealthChecks
