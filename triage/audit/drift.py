"""What changed between two audits of a tenant."""

from __future__ import annotations

from triage.audit.model import Audit, Drift
from triage.diagnosis.grants import PermissionState


def drift(audit: Audit, earlier: list[Audit]) -> Drift | None:
    """What changed since the newest earlier audit; None if there is none.

    Permissions of each type are compared with the newest audit that could read them: an audit that could not read
    them shows neither a grant nor a revocation. `since` is the audit that application permissions are compared with.
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
    """The changes of the service principal; none if one of the two audits could not read it."""
    if not (before.knows_principal and after.knows_principal):
        return []
    if before.service_principal is None or after.service_principal is None:
        states = ["present" if audit.service_principal else "absent" for audit in (before, after)]
        return [f"servicePrincipal: {states[0]} -> {states[1]}"] if states[0] != states[1] else []
    old, new = before.service_principal.wire(), after.service_principal.wire()
    return [f"{name}: {_word(old[name])} -> {_word(new[name])}" for name in new if old[name] != new[name]]


def _word(value: object) -> str:
    """A value in the form of JSON; text without its quotes."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
