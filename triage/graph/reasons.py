"""Why something is not known, and whether a later try may know more."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from triage.wire import Wire


class Reason(StrEnum):
    """Why something is not known."""

    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    UNAUTHENTICATED = "unauthenticated"
    UNSUPPORTED = "unsupported"
    TOO_MANY = "too_many"
    NO_AUTH = "no_auth"
    TENANT_NOT_CONFIGURED = "tenant_not_configured"
    POISON = "poison"

    @property
    def passing(self) -> bool:
        """Whether a later try may know more. With `unauthenticated` it depends on why: see Lack."""
        return self in (Reason.THROTTLED, Reason.UNAVAILABLE, Reason.TIMEOUT)


class Lack(Wire):
    """What could not be known, and why."""

    check: str
    """The ID of the check that has no answer."""
    reason: Reason
    permission: str | None = None
    """The permission that the triage identity lacks for it."""
    detail: str | None = Field(default=None, exclude_if=lambda detail: detail is None)
    """What Graph said about it, or which limit was reached."""
    # The seconds that Graph wants to be left alone: for the next try, and not part of a finding.
    retry_after: SkipJsonSchema[float | None] = Field(default=None, exclude=True)
    # Nobody signed in, because the identity service could not be asked.
    away: SkipJsonSchema[bool] = Field(default=False, exclude=True)

    @property
    def passing(self) -> bool:
        """Whether a later try may know more."""
        return self.reason.passing or self.away
