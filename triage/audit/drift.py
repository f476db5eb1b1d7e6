"""What changed between two audits of a tenant."""

from __future__ import annotations

from triage.audit.model import Audit, Change, Drift
from triage.diagnosis.grants import PermissionState
from triage.graph.directory_audits import DirectoryAudit
from triage.graph.evidence import Answer, State
from triage.wire import from_datetime


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
    previous = compared_with(earlier) if audit.knows("application") else earlier[0]
    return Drift(
        since=previous.id,
        granted=sorted(after - before),
        revoked=sorted(before - after),
        changed=_changed(previous, audit),
    )


def compared_with(earlier: list[Audit]) -> Audit:
    """The earlier audit that an audit is compared with, if it can read the app."""
    return _last_that_knows("application", earlier) or earlier[0]


def culprits(audit: Audit, earlier: list[Audit], log: Answer[list[DirectoryAudit]]) -> list[Change] | None:
    """What the log says about changes of the app, the newest first; None if the log was not read.

    Without the service principal the answers may come from another tenant, and then so would the log.
    """
    if log.state is not State.READ or not audit.knows_principal:
        return None
    principals = [one.service_principal for one in (audit, compared_with(earlier))]
    known = (audit.etd_app_id, *(principal.id for principal in principals if principal))
    ids = frozenset(identifier.lower() for identifier in known if identifier)
    entries = sorted(log.value or [], key=lambda entry: entry.activity_date_time, reverse=True)
    return [
        Change(
            at=from_datetime(entry.activity_date_time),
            activity=entry.activity_display_name,
            who=entry.who,
        )
        for entry in entries
        if entry.changed(ids)
    ]


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
