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
from triage.wire import Guid, Instant, Wire, epoch_ns, newest_first, now


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
    """Its object ID."""
    display_name: str | None = None
    """Its name in Entra."""
    account_enabled: bool | None = None
    """Whether the app can sign in with it."""
    is_disabled: bool | None = None
    """Whether its owner deactivated the registration."""
    disabled_by_microsoft_status: str | None = None
    """Whether Microsoft disabled the app; `NotDisabled` or null: it did not."""
    sign_in_audience: str | None = None
    """Which tenants can use the app: `AzureADMyOrg` is its own alone."""
    app_owner_organization_id: Guid | None = None
    """The tenant that the app is registered in."""


class AuditedPermission(Wire):
    """One permission on Microsoft Graph: whether it is needed, and whether it is granted."""

    name: str
    """The permission, such as `Mail.ReadWrite`."""
    id: str | None
    """The ID of the app role; null if there is none."""
    type: str
    """`application` or `delegated`."""
    need: str
    """`required`, `documented` or `extra`."""
    state: PermissionState
    included_in: str | None = None
    """The granted permission that includes one in the state `included`."""
    privilege_level: int | None = None
    """How much it allows, as Microsoft rates it: 1 is the least, 5 the most."""


class AuditedCredential(Wire):
    """A secret or certificate of the app's registration."""

    kind: str
    """`secret` or `certificate`."""
    key_id: str | None
    """Its ID in the registration."""
    display_name: str | None
    """Its name in Entra."""
    end_date_time: Instant | None
    """When it expires."""
    days_left: int | None
    """The days until then; negative once it has expired."""
    state: str
    """`valid`, `expiring` or `expired`."""


class Issue(Wire):
    """Something to fix."""

    code: str
    """What is wrong, as a word that stays the same."""
    severity: Severity
    summary: str
    """What is wrong, in a sentence."""
    actions: list[Action] = Field(default_factory=list[Action])
    """What to do, in order."""


class Change(Wire):
    """An entry of Entra's audit log about the app: when, what, and who did it."""

    at: Instant
    """When."""
    activity: str
    """What was done, as Entra calls it."""
    who: str | None
    """Who did it: a person or an app."""


class Drift(Wire):
    """What changed since an earlier audit. Entra keeps its log for 7 to 30 days, and an entry can be an hour late."""

    since: str
    """The ID of the audit that this one is compared with."""
    granted: list[str] = Field(default_factory=list[str])
    """The permissions that were granted since."""
    revoked: list[str] = Field(default_factory=list[str])
    """The permissions that were revoked since."""
    changed: list[str] = Field(default_factory=list[str])
    """What else changed."""
    by: list[Change] | None = None
    """What Entra's audit log says of it, newest first; null: the log could not be read."""

    @property
    def nothing(self) -> bool:
        """Whether nothing changed."""
        return not (self.granted or self.revoked or self.changed)


class Unreadable(Lack):
    """A question that Graph did not answer. `check` is empty in an audit that was stored before the field was added."""

    check: str = ""
    """The ID of the check that has no answer."""
    question: str
    """What was asked, for people."""


class Audit(Wire):
    """One audit of one tenant."""

    id: str
    """The audit's ID."""
    tenant_id: Guid
    """The tenant."""
    etd_app_id: Guid | None
    """The app (client) ID of Email Threat Defense; null: it has no app here."""
    mode: Mode
    audited_at: Instant
    """When the app was read."""
    verdict: Verdict
    service_principal: AuditedPrincipal | None = None
    """Null: there is none, or it could not be read."""
    permissions: list[AuditedPermission] = Field(default_factory=list[AuditedPermission])
    """What the app needs, and what it has been granted."""
    credentials: list[AuditedCredential] = Field(default_factory=list[AuditedCredential])
    """The secrets and certificates of the registration, if it is in this tenant."""
    issues: list[Issue] = Field(default_factory=list[Issue])
    """What is to be fixed."""
    drift: Drift | None = None
    """Null: there is no audit before."""
    unreadable: list[Unreadable] = Field(default_factory=list[Unreadable])
    """What could not be read."""

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
