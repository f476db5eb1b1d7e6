"""The shape of an audit (docs/api.md)."""

from __future__ import annotations

from enum import StrEnum
from uuid import uuid4

from pydantic import Field

from triage.diagnosis.causes import Severity
from triage.diagnosis.grants import PermissionState
from triage.diagnosis.remedy import Action
from triage.graph.evidence import Lack
from triage.settings import Mode, Tenant
from triage.wire import Instant, Wire, epoch_ns, newest_first, now


class Verdict(StrEnum):
    """Whether the app can remediate."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class AuditedPrincipal(Wire):
    """The app's service principal, as Graph has it."""

    id: str | None = None
    display_name: str | None = None
    account_enabled: bool | None = None
    is_disabled: bool | None = None
    disabled_by_microsoft_status: str | None = None
    sign_in_audience: str | None = None
    app_owner_organization_id: str | None = None


class AuditedPermission(Wire):
    """One permission on Microsoft Graph: whether it is needed, and whether it is granted.

    `type` is application or delegated; `need` is required, documented or extra. `includedIn` is the granted permission that
    includes one in the state `included`.
    """

    name: str
    id: str | None
    type: str
    need: str
    state: PermissionState
    included_in: str | None = None
    privilege_level: int | None = None


class AuditedCredential(Wire):
    """A secret or certificate of the app's registration. `daysLeft` is negative once it has expired.

    `kind` is secret or certificate; `state` is valid, expiring or expired.
    """

    kind: str
    key_id: str | None
    display_name: str | None
    end_date_time: Instant | None
    days_left: int | None
    state: str


class Issue(Wire):
    """Something to fix."""

    code: str
    severity: Severity
    summary: str
    actions: list[Action] = Field(default_factory=list[Action])


class Change(Wire):
    """An entry of Entra's audit log about the app: when, what, and who did it."""

    at: Instant
    activity: str
    who: str | None


class Drift(Wire):
    """What changed since an earlier audit, and what Entra's audit log says of it, the newest first.

    `by` is null if the log could not be read. The log is kept for 7 to 30 days, and an entry can be an hour late.
    """

    since: str
    granted: list[str] = Field(default_factory=list[str])
    revoked: list[str] = Field(default_factory=list[str])
    changed: list[str] = Field(default_factory=list[str])
    by: list[Change] | None = None

    @property
    def nothing(self) -> bool:
        """Whether nothing changed."""
        return not (self.granted or self.revoked or self.changed)


class Unreadable(Lack):
    """A question that Graph did not answer. `check` is empty in an audit that was stored before the field was added."""

    check: str = ""
    question: str


class Audit(Wire):
    """One audit of one tenant."""

    id: str
    tenant_id: str
    etd_app_id: str | None
    mode: Mode
    audited_at: Instant
    verdict: Verdict
    service_principal: AuditedPrincipal | None = None
    permissions: list[AuditedPermission] = Field(default_factory=list[AuditedPermission])
    credentials: list[AuditedCredential] = Field(default_factory=list[AuditedCredential])
    issues: list[Issue] = Field(default_factory=list[Issue])
    drift: Drift | None = None
    unreadable: list[Unreadable] = Field(default_factory=list[Unreadable])

    def knows(self, kind: str) -> bool:
        """Whether the granted permissions of a type (application, delegated) were read."""
        return all(p.state is not PermissionState.UNKNOWN for p in self.permissions if p.type == kind)

    @property
    def knows_principal(self) -> bool:
        """Whether the service principal was read. While it is unread, so are the application permissions."""
        return self.service_principal is not None or self.knows("application")


def audit_id(tenant_id: str, audited_at: str, unique: str) -> str:
    """An audit's id: its partition and its row in the table."""
    return f"{tenant_id}.{newest_first(epoch_ns(audited_at))}.{unique}"


def new_audit(tenant: Tenant) -> Audit:
    """A new audit, with nothing in it yet."""
    audited_at = now()
    return Audit(
        id=audit_id(tenant.tenant_id, audited_at, uuid4().hex[:8]),
        tenant_id=tenant.tenant_id,
        etd_app_id=tenant.etd_app_id,
        mode=tenant.mode,
        audited_at=audited_at,
        verdict=Verdict.NOT_APPLICABLE,
    )
