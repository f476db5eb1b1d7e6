"""The notifications of an audit: the verdict or the app has changed, or a credential expires soon."""

from __future__ import annotations

from triage.amounts import amount
from triage.audit.model import Audit, AuditedCredential, Verdict
from triage.diagnosis.causes import Severity
from triage.notifications.notice import Json, severity_rank
from triage.notifications.pending import Occasion
from triage.settings import NotificationEvent

DAYS = (30, 14, 7, 3, 1)
"""A notification is sent when a credential expires in this many days, and when it has expired."""

_EXPIRED = 0
_LINES = 8
_WORDS = {
    Verdict.HEALTHY: "can remediate",
    Verdict.DEGRADED: "can remediate, but something is wrong with it",
    Verdict.BROKEN: "can't remediate",
    Verdict.NOT_APPLICABLE: "is no longer audited",
}
_SEVERITIES = {Verdict.BROKEN: Severity.CRITICAL, Verdict.DEGRADED: Severity.MEDIUM}


def audit_occasions(audit: Audit, earlier: list[Audit]) -> list[Occasion]:
    """The notifications after an audit. `earlier` has the audits before it, newest first."""
    found = [_changed(audit, earlier), *(_expiring(one, audit, earlier) for one in audit.credentials)]
    return [occasion for occasion in found if occasion is not None]


def _changed(audit: Audit, earlier: list[Audit]) -> Occasion | None:
    """The change of the verdict, or of the app. If the audit could not read the app, there is no change."""
    before = next((one.verdict for one in earlier if one.verdict is not Verdict.UNKNOWN), None)
    new_verdict = audit.verdict not in (before, Verdict.UNKNOWN) and before is not None
    drift = None if audit.drift is None or audit.drift.nothing else audit.drift
    if not new_verdict and drift is None:
        return None
    changes = [
        *(f"Granted: {name}" for name in (drift.granted if drift else ())),
        *(f"Revoked: {name}" for name in (drift.revoked if drift else ())),
        *(drift.changed if drift else ()),
        *(f"{one.at[:16].replace('T', ' ')} UTC, {one.who or 'unknown'}: {one.activity}" for one in (drift.by if drift else None) or ()),
    ]  # fmt: skip
    issues = sorted(audit.issues, key=lambda issue: severity_rank(issue.severity.value), reverse=True)
    title = (
        f"Email Threat Defense's app {_WORDS.get(audit.verdict, 'changed')}"
        if new_verdict
        else "Email Threat Defense's app changed"
    )
    steps = [action.title for issue in issues for action in issue.actions]
    document: Json = {
        "title": title,
        "lines": [*changes[:_LINES], *(issue.summary for issue in issues[:3])],
        "step": steps[0] if steps and audit.verdict is not Verdict.HEALTHY else None,
        "view": f"?view=audits&audit={audit.id}",
        "data": audit.wire(),
    }
    known = [issue.severity for issue in issues[:1]]
    known += [_SEVERITIES[audit.verdict]] if audit.verdict in _SEVERITIES else []
    severity = max(known, key=severity_rank, default=None)
    return Occasion(
        NotificationEvent.AUDIT_CHANGED, audit.id, 1, audit.audited_at, document, audit.tenant_id,
        # A better verdict goes to the channels that would have got the worse one.
        severity.value if severity and audit.verdict is not Verdict.HEALTHY else None,
    )  # fmt: skip


def _expiring(credential: AuditedCredential, audit: Audit, earlier: list[Audit]) -> Occasion | None:
    """The notification of a credential that has reached another limit in DAYS since the last audit."""
    limit = _limit(credential)
    if limit is None or credential.key_id is None:
        return None
    known = (one for before in earlier for one in before.credentials if one.key_id == credential.key_id)
    last = next(known, None)
    if last is not None and (reached := _limit(last)) is not None and reached <= limit:
        return None
    others = sum(_outlasts(one, credential) for one in audit.credentials)
    end = (credential.end_date_time or "")[:10]
    name = f"{credential.kind} {credential.display_name or credential.key_id}"
    document: Json = {
        "reason": "Credential expired" if limit == _EXPIRED else None,
        "title": f"The app's {name} {'has expired' if limit == _EXPIRED else f'expires on {end}'}",
        "lines": [
            f"The app has {amount(others, 'other credential')} that {'is' if others == 1 else 'are'} valid for longer."
            if others
            else "The app has no other credential that is valid for longer."
        ],
        "step": "Renew the credential, and give Email Threat Defense the new one",
        "view": f"?view=audits&audit={audit.id}",
        "data": {"tenantId": audit.tenant_id, "auditId": audit.id, "credential": credential.wire()},
    }
    severity = (
        Severity.LOW
        if others
        else Severity.CRITICAL
        if limit == _EXPIRED
        else Severity.HIGH
        if limit <= 7
        else Severity.MEDIUM
    )
    return Occasion(
        NotificationEvent.CREDENTIAL_EXPIRING,
        credential.key_id,
        limit,
        audit.audited_at,
        document,
        audit.tenant_id,
        severity.value,
    )


def _outlasts(other: AuditedCredential, credential: AuditedCredential) -> bool:
    """Whether another credential is valid, and still is when this one has expired."""
    if other.state == "expired" or other.days_left is None or credential.days_left is None:
        return False
    return other.days_left > credential.days_left


def _limit(credential: AuditedCredential) -> int | None:
    """The smallest number in DAYS that is not below the days left; 0 if it has expired; None if it is not due yet."""
    if credential.days_left is None:
        return None
    if credential.state == "expired" or credential.days_left < 0:
        return _EXPIRED
    return min((days for days in DAYS if credential.days_left <= days), default=None)
