"""What Graph answered about the app, as an audit shows it: principal, permissions, credentials, what was unreadable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from triage.audit.model import AuditedCredential, AuditedPermission, AuditedPrincipal, Unreadable
from triage.diagnosis.grants import (
    DOCUMENTED,
    DOCUMENTED_DELEGATED,
    REQUIRED,
    Names,
    PermissionState,
    granted_roles,
    granted_scopes,
    included_in,
    permission_state,
)
from triage.graph.evidence import Answer, AppEvidence, State, Unread
from triage.graph.permissions import PERMISSIONS
from triage.graph.questions import QUESTIONS
from triage.settings import Tenant
from triage.wire import from_datetime


def unreadable(answers: Iterable[Answer[Any]]) -> list[Unreadable]:
    """The questions that Graph did not answer."""
    return [
        Unreadable(**answer.lack.model_dump(), question=QUESTIONS[answer.check].text)
        for answer in answers
        if answer.state is State.UNREAD
    ]


def audited_principal(app: AppEvidence) -> AuditedPrincipal | None:
    """The service principal, if it was read."""
    principal = app.service_principal.value
    if principal is None:
        return None
    return AuditedPrincipal(**{name: getattr(principal, name) for name in AuditedPrincipal.model_fields})


def audited_permissions(app: AppEvidence, tenant: Tenant) -> list[AuditedPermission]:
    """Every permission that is required, documented or granted, with its state."""
    names = Names.of(app)
    required = REQUIRED[tenant.mode]
    documented = [name for name in dict.fromkeys((*DOCUMENTED, *tenant.expected_permissions)) if name not in required]
    found = [_application(app, names, name, "required") for name in required]
    found += [_application(app, names, name, "documented") for name in documented]
    listed = {permission.id for permission in found}
    for role_id in sorted(_granted(app, granted_roles) - listed):
        name = names.roles.get(role_id, role_id)
        found.append(_permission(name, role_id, "application", "extra", PermissionState.GRANTED))
    for name in DOCUMENTED_DELEGATED:
        found.append(_permission(name, names.scope_ids.get(name), "delegated", "documented", _delegated(app, name)))
    for name in sorted(_granted(app, granted_scopes) - set(DOCUMENTED_DELEGATED)):
        found.append(_permission(name, names.scope_ids.get(name), "delegated", "extra", PermissionState.GRANTED))
    return found


def _application(app: AppEvidence, names: Names, name: str, need: str) -> AuditedPermission:
    try:
        gone = app.service_principal.get() is None
        state = PermissionState.MISSING if gone else permission_state(app, name, names)
    except Unread:
        state = PermissionState.UNKNOWN
    found = _permission(name, names.role_ids.get(name), "application", need, state)
    if state is PermissionState.INCLUDED:
        found = found.model_copy(update={"included_in": included_in(app, name, names)})
    return found


def _delegated(app: AppEvidence, name: str) -> PermissionState:
    try:
        granted = app.service_principal.get() is not None and name in granted_scopes(app)
    except Unread:
        return PermissionState.UNKNOWN
    return PermissionState.GRANTED if granted else PermissionState.MISSING


def _granted(app: AppEvidence, read: Callable[[AppEvidence], set[str]]) -> set[str]:
    """The granted permissions, or none if they could not be read (the state of the needed ones then says so)."""
    try:
        return read(app) if app.service_principal.get() else set()
    except Unread:
        return set()


def _permission(name: str, identifier: str | None, kind: str, need: str, state: PermissionState) -> AuditedPermission:
    known = PERMISSIONS.get(name) if kind == "application" else None
    return AuditedPermission(
        name=name, id=identifier, type=kind, need=need, state=state, privilege_level=known.level if known else None
    )


def audited_credentials(app: AppEvidence, now: datetime, warning_days: int) -> list[AuditedCredential]:
    """The secrets and certificates of the registration, if it is in this tenant and was read."""
    registration = app.registration.value
    if registration is None:
        return []
    found: list[AuditedCredential] = []
    for kind, of_kind in (
        ("secret", registration.password_credentials),
        ("certificate", registration.key_credentials),
    ):
        for credential in of_kind:
            end = credential.end_date_time
            left = end - now if end else None
            state = "valid"
            if credential.expired(now):
                state = "expired"
            elif left is not None and left < timedelta(days=warning_days):
                state = "expiring"
            found.append(
                AuditedCredential(
                    kind=kind,
                    key_id=credential.key_id,
                    display_name=credential.display_name,
                    end_date_time=from_datetime(end) if end else None,
                    days_left=left.days if left is not None else None,
                    state=state,
                )
            )
    return found
