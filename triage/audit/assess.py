"""What is wrong with the app, from what an audit read about it: issues and verdict. A pure function."""

from __future__ import annotations

from datetime import datetime

from triage.audit.contents import audited_credentials, audited_permissions, audited_principal, unreadable
from triage.audit.model import Audit, Issue, Verdict
from triage.diagnosis.app_state import SINGLE_TENANT
from triage.diagnosis.app_steps import OPEN_TO_OTHER_TENANTS, REMOVE_GRANTS
from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause, Severity, Subject
from triage.diagnosis.grants import PermissionState
from triage.diagnosis.precedence import causes_of
from triage.diagnosis.remedy import Action, app_actions, app_steps
from triage.diagnosis.rule import RULES
from triage.graph.evidence import AppEvidence, Evidence, State, Unread
from triage.graph.permissions import TAKES_OVER
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario
from triage.settings import Tenant
from triage.wire import as_datetime

# A rule needs a failure, and an audit has none; nobody can have this address.
_NOBODY = "nobody@invalid.invalid"


def assess(audit: Audit, tenant: Tenant, app: AppEvidence | None, warning_days: int, *, several: bool) -> Audit:
    """The audit with what was read in it; without an app (`no_auth`) it stays not applicable.

    A credential that expires within `warning_days` is expiring. `several` says that more than one tenant is configured.
    """
    if app is None:
        return audit
    moment = as_datetime(audit.audited_at)
    audit = audit.model_copy(
        update={
            "service_principal": audited_principal(app),
            "permissions": audited_permissions(app, tenant),
            "credentials": audited_credentials(app, moment, warning_days),
            "unreadable": unreadable(app.answers()),
        }
    )
    causes, undecided = _causes(tenant, app, moment)
    issues = [*causes, *_further_issues(audit, tenant, app, several=several)]
    return audit.model_copy(update={"issues": issues, "verdict": _verdict(audit, app, issues, undecided=undecided)})


def _causes(tenant: Tenant, app: AppEvidence, now: datetime) -> tuple[list[Issue], bool]:
    """The causes about the ETD app as issues, and whether one of them could not be decided."""
    case = Case(RemediationFailure(mailbox=_NOBODY), Scenario.UNKNOWN_REASON, Evidence(tenant, now, app=app))
    issues: list[Issue] = []
    undecided = False
    for cause in causes_of(Subject.ETD_APP):
        try:
            match = RULES[cause].find(case)
        except Unread:
            undecided = True
            continue
        if match is not None:
            actions = app_actions(cause, tenant, app, now)
            issues.append(_issue(cause.value, RULES[cause].severity, match.summary, actions))
    return issues, undecided


def _further_issues(audit: Audit, tenant: Tenant, app: AppEvidence, *, several: bool) -> list[Issue]:
    moment = as_datetime(audit.audited_at)
    issues: list[Issue] = []
    there = audit.service_principal is not None
    missing = [p for p in audit.permissions if p.need == "documented" and _is_missing(p.state)] if there else []
    if missing:
        names = ", ".join(permission.name for permission in missing)
        summary = f"Cisco documents these permissions for this mode, and they are not granted: {names}."
        roles = tuple(permission.name for permission in missing if permission.type == "application")
        remedy = app_actions(Cause.PERMISSION_MISSING, tenant, app, moment, roles)
        issues.append(_issue("documented_permission_missing", Severity.MEDIUM, summary, remedy))
    excess = [p.name for p in audit.permissions if p.need == "extra" and (p.privilege_level or 0) >= TAKES_OVER]
    if excess:
        summary = (
            "Email Threat Defense does not need these permissions, and they are enough to take over much of the tenant: "
            f"{', '.join(excess)}."
        )
        remedy = app_steps(REMOVE_GRANTS, tenant, app, moment, tuple(excess))
        issues.append(_issue("excess_privilege", Severity.HIGH, summary, remedy))
    # A federated credential has no end.
    if _newest_credential_state(audit) == "expiring" and not app.federated_credentials.value:
        summary = "The newest secret or certificate of the app's registration expires soon."
        remedy = app_actions(Cause.CREDENTIAL_EXPIRED, tenant, app, moment)
        issues.append(_issue("credential_expiring", Severity.MEDIUM, summary, remedy))
    principal, elsewhere = audit.service_principal, app.app_elsewhere.value
    single = (principal is not None and principal.sign_in_audience == SINGLE_TENANT) or (
        app.service_principal.state is State.ABSENT
        and elsewhere is not None
        and elsewhere.sign_in_audience == SINGLE_TENANT
    )
    if single:
        severity = Severity.MEDIUM if several else Severity.INFO
        summary = "The app can only access accounts of its own tenant: mailboxes of another tenant can't be remediated."
        if principal is None:
            summary = "The app is for another of the configured tenants only, so it can't be in this tenant."
        remedy = app_steps(OPEN_TO_OTHER_TENANTS, tenant, app, moment)
        issues.append(_issue(Cause.APP_SINGLE_TENANT.value, severity, summary, remedy))
    return issues


def _verdict(audit: Audit, app: AppEvidence, issues: list[Issue], *, undecided: bool) -> Verdict:
    codes = {issue.code for issue in issues}
    required = [permission.state for permission in audit.permissions if permission.need == "required"]
    gone = app.service_principal.state is State.ABSENT
    breaking = {Cause.APP_DISABLED.value, Cause.CREDENTIAL_EXPIRED.value}
    if gone or codes & breaking or any(_is_missing(state) for state in required):
        return Verdict.BROKEN
    if undecided or PermissionState.UNKNOWN in required:
        return Verdict.UNKNOWN
    if codes & {"documented_permission_missing", "excess_privilege", "credential_expiring"}:
        return Verdict.DEGRADED
    return Verdict.HEALTHY


def _is_missing(state: PermissionState) -> bool:
    return not (state.allows or state is PermissionState.UNKNOWN)


def _newest_credential_state(audit: Audit) -> str | None:
    """The state of the credential that expires last; one without an end never expires."""
    if not audit.credentials:
        return None
    newest = max(audit.credentials, key=lambda c: (c.end_date_time is None, c.days_left or 0, c.end_date_time or ""))
    return newest.state


def _issue(code: str, severity: Severity, summary: str, actions: list[Action]) -> Issue:
    return Issue(code=code, severity=severity, summary=summary, actions=actions)
