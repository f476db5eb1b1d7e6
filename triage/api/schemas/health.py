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
    """The permission."""
    tenants: int
    """The number of tenants that lack it."""


class StorageHealth(Wire):
    """Whether storage can be reached; `error` is the type of the error if not."""

    model_config = MAY_LACK_FIELDS

    status: Literal["ok", "down"]
    """Whether it can be reached."""
    error: str | None = None
    """The type of the error, if not."""


class GraphHealth(Wire):
    """Whether Graph answers in every tenant; `reasons` says why not."""

    model_config = MAY_LACK_FIELDS

    status: Literal["ok", "degraded"]
    """Whether it answers in every tenant."""
    reasons: list[Reason] = Field(default_factory=list[Reason])
    """Why it does not."""


class PermissionHealth(Wire):
    """Whether the triage identity has its permissions in every tenant."""

    status: Literal["ok", "degraded", "unknown"]
    """Whether those that matter are granted; `unknown`: Graph did not say."""
    lacking: list[LackingPermission]
    """Those that are not granted everywhere."""


class FeedHealth(Wire):
    """Whether the feeds work, which find failures in Email Threat Defense's API."""

    status: Literal["ok", "degraded", "unknown"]
    """Whether all of them work; `unknown`: storage could not be read."""
    feeds: int
    """The number of feeds, which is that of tenants in `ETD_APIS`."""
    behind: int
    """The number of those that are behind."""
    failing: int
    """The number of those that fail."""


class NotificationHealth(Wire):
    """Whether the channels accept notifications."""

    status: Literal["ok", "degraded", "unknown"]
    """Whether all of them do; `unknown`: storage could not be read."""
    channels: int
    """The number of channels."""
    failing: int
    """The number of channels that fail."""


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
    """The worst of the checks, except that only storage takes the service down."""
    checks: HealthChecks
