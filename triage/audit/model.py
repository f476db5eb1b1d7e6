"""The permission audit: what Email Threat Defense's app may do in a tenant, what it needs, and what changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from triage.diagnosis.causes import Severity
from triage.diagnosis.grants import Names, PermissionState, granted_roles, granted_scopes, permission_state
from triage.diagnosis.remedies import Action
from triage.graph.evidence import AppEvidence, Evidence, Reason, State, Unread
from triage.graph.permissions import DOCUMENTED, DOCUMENTED_DELEGATED, PERMISSIONS, REQUIRED
from triage.settings import Mode, Tenant
from triage.wire import Instant, Wire, from_epoch_ns


class Verdict(StrEnum):
    """How the app is."""

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
    """One permission on Microsoft Graph: whether it is needed, and whether it is there."""

    name: str
    id: str | None
    type: str
    need: str
    state: PermissionState
    privilege_level: int | None = None


class AuditedCredential(Wire):
    """A secret or certificate of the app's registration. `daysLeft` is negative once it has ended."""

    kind: str
    key_id: str | None
    display_name: str | None
    end_date_time: Instant | None
    days_left: int | None
    state: str


class Issue(Wire):
    """Something to mend."""

    code: str
    severity: Severity
    summary: str
    actions: list[Action] = Field(default_factory=list[Action])


class Drift(Wire):
    """What changed since an earlier audit."""

    since: str
    granted: list[str] = Field(default_factory=list[str])
    revoked: list[str] = Field(default_factory=list[str])
    changed: list[str] = Field(default_factory=list[str])


class Unreadable(Wire):
    """A question that Graph did not answer."""

    question: str
    reason: Reason
    permission: str | None = None


class Audit(Wire):
    """One audit of one tenant (contract, section 7)."""

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


_WORDS = {
    "service_principal": "service principal",
    "deleted_service_principal": "deleted service principals",
    "graph_service_principal": "Microsoft Graph's service principal",
    "permissions": "application permissions",
    "delegated_grants": "delegated grants",
    "registration": "app registration",
}


def unreadable(app: AppEvidence) -> list[Unreadable]:
    """The questions about the app that were not answered."""
    return [
        Unreadable(
            question=_WORDS[answer.check], reason=answer.reason or Reason.UNAVAILABLE, permission=answer.permission
        )
        for answer in app.answers()
        if answer.state is State.UNREAD
    ]


def audited_principal(app: AppEvidence) -> AuditedPrincipal | None:
    """The service principal, where it was read."""
    principal = app.service_principal.value
    return (
        AuditedPrincipal(**{name: getattr(principal, name) for name in AuditedPrincipal.model_fields})
        if principal
        else None
    )


def audited_permissions(app: AppEvidence, tenant: Tenant) -> list[AuditedPermission]:
    """Every permission that is needed, documented or granted, with its state."""
    names = Names.of(app)
    required = REQUIRED[tenant.mode]
    documented = [name for name in dict.fromkeys((*DOCUMENTED, *tenant.expected_permissions)) if name not in required]
    found = [_application(app, names, name, "required") for name in required]
    found += [_application(app, names, name, "documented") for name in documented]
    listed = {permission.id for permission in found}
    for role_id in sorted(_read(app, granted_roles) - listed):
        name = names.roles.get(role_id, role_id)
        found.append(_permission(name, role_id, "application", "extra", PermissionState.GRANTED))
    scopes = _read(app, granted_scopes)
    for name in DOCUMENTED_DELEGATED:
        found.append(_permission(name, names.scope_ids.get(name), "delegated", "documented", _delegated(app, name)))
    for name in sorted(scopes - set(DOCUMENTED_DELEGATED)):
        found.append(_permission(name, names.scope_ids.get(name), "delegated", "extra", PermissionState.GRANTED))
    return found


def audited_credentials(app: AppEvidence, now: datetime, warning_days: int) -> list[AuditedCredential]:
    """The registration's secrets and certificates, where it is in this tenant and was read."""
    registration = app.registration.value
    if registration is None:
        return []
    kinds = (("secret", registration.password_credentials), ("certificate", registration.key_credentials))
    found: list[AuditedCredential] = []
    for kind, credentials in kinds:
        for credential in credentials:
            end = credential.end_date_time
            left = end - now if end else None
            state = "valid"
            if left is not None and left <= timedelta(0):
                state = "expired"
            elif left is not None and left < timedelta(days=warning_days):
                state = "expiring"
            found.append(
                AuditedCredential(
                    kind=kind,
                    key_id=credential.key_id,
                    display_name=credential.display_name,
                    end_date_time=from_epoch_ns(int(end.timestamp()) * 1_000_000_000) if end else None,
                    days_left=left.days if left is not None else None,
                    state=state,
                )
            )
    return found


def drift(audit: Audit, earlier: list[Audit]) -> Drift | None:
    """What changed since the newest earlier audit; None where there was none.

    Grants of each type are compared with the newest audit that could read them: one that could not neither grants
    nor revokes. `since` is the one that application permissions are compared with.
    """
    if not earlier:
        return None
    before, after = set[str](), set[str]()
    for kind in ("application", "delegated"):
        old = _last_that_knows(kind, earlier)
        if old is not None and audit.knows(kind):
            before |= _granted(old, kind)
            after |= _granted(audit, kind)
    previous = (_last_that_knows("application", earlier) if audit.knows("application") else None) or earlier[0]
    return Drift(
        since=previous.id,
        granted=sorted(after - before),
        revoked=sorted(before - after),
        changed=_changed(previous, audit),
    )


def _last_that_knows(kind: str, earlier: list[Audit]) -> Audit | None:
    return next((old for old in earlier if old.knows(kind)), None)


def _granted(audit: Audit, kind: str) -> set[str]:
    return {
        permission.name if kind == "application" else f"{permission.name} (delegated)"
        for permission in audit.permissions
        if permission.type == kind and permission.state is PermissionState.GRANTED
    }


def _changed(before: Audit, after: Audit) -> list[str]:
    """The service principal's changes; it is not compared with one that could not be read."""
    if any(
        question.question == _WORDS["service_principal"] for audit in (before, after) for question in audit.unreadable
    ):
        return []
    if before.service_principal is None or after.service_principal is None:
        states = ["present" if audit.service_principal else "absent" for audit in (before, after)]
        return [f"servicePrincipal: {states[0]} -> {states[1]}"] if states[0] != states[1] else []
    old, new = before.service_principal.wire(), after.service_principal.wire()
    return [f"{name}: {_word(old[name])} -> {_word(new[name])}" for name in new if old[name] != new[name]]


def _word(value: Any) -> str:
    return {True: "true", False: "false", None: "null"}.get(value, str(value))


def _application(app: AppEvidence, names: Names, name: str, need: str) -> AuditedPermission:
    try:
        gone = app.service_principal.get() is None
        state = PermissionState.MISSING if gone else permission_state(app, name, names)
    except Unread:
        state = PermissionState.UNKNOWN
    return _permission(name, names.role_ids.get(name), "application", need, state)


def _delegated(app: AppEvidence, name: str) -> PermissionState:
    try:
        if app.service_principal.get() is None:
            return PermissionState.MISSING
        return PermissionState.GRANTED if name in granted_scopes(app) else PermissionState.MISSING
    except Unread:
        return PermissionState.UNKNOWN


def _read(app: AppEvidence, what: Any) -> set[str]:
    """The granted permissions, or none where they could not be read (which the needed ones then say)."""
    try:
        return what(app) if app.service_principal.get() else set()
    except Unread:
        return set()


def _permission(name: str, identifier: str | None, kind: str, need: str, state: PermissionState) -> AuditedPermission:
    known = PERMISSIONS.get(name) if kind == "application" else None
    return AuditedPermission(
        name=name, id=identifier, type=kind, need=need, state=state, privilege_level=known.level if known else None
    )


def evidence_of(tenant: Tenant, app: AppEvidence) -> Evidence:
    """The app's evidence as that of a failure of nobody's, for the rules about the ETD app."""
    return Evidence(tenant, "nobody@invalid.invalid", app=app)
