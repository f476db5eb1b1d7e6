"""Audits a tenant: reads its app afresh, says what is wrong with it, and what changed since the last audit."""

from __future__ import annotations

import asyncio
import logging
from uuid import uuid4

from triage.audit.model import (
    Audit,
    Issue,
    Verdict,
    audited_credentials,
    audited_permissions,
    audited_principal,
    drift,
    evidence_of,
    unreadable,
)
from triage.diagnosis import etd_app
from triage.diagnosis.case import Case
from triage.diagnosis.causes import FACTS, Cause, Severity
from triage.diagnosis.grants import PermissionState
from triage.diagnosis.remedies import Action
from triage.diagnosis.remedy import app_actions
from triage.graph.etd_app import read_app
from triage.graph.evidence import AppEvidence, Evidence, Reason, State, Unread, not_asked
from triage.graph.tenants import TenantGraph, Tenants
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario
from triage.operations.services import Services
from triage.settings import Settings, Tenant
from triage.storage.audits import audit_id
from triage.telemetry.instruments import Metric, count, span
from triage.wire import now

# An audit asks a handful of questions of one tenant; an HTTP request ends within 30 s (contract, section 2).
DEADLINE_SECONDS = 20.0
_TENANTS_AT_ONCE = 8

_log = logging.getLogger(__name__)


async def audit_all(services: Services, tenants: tuple[Tenant, ...]) -> list[Audit]:
    """Audits tenants, a few at a time, and keeps what was found."""
    limit = asyncio.Semaphore(_TENANTS_AT_ONCE)

    async def one(tenant: Tenant) -> Audit:
        async with limit:
            return await audit_tenant(services, tenant)

    return list(await asyncio.gather(*(one(tenant) for tenant in tenants)))


async def audit_tenant(services: Services, tenant: Tenant) -> Audit:
    """Audits one tenant and keeps the audit. Never raises for what Graph does; storage's errors it does raise."""
    with span("Audit") as note:
        earlier = await services.audits.earlier(tenant.tenant_id)
        audit = await audit_without_storage(services.settings, services.tenants, tenant)
        audit = audit.model_copy(update={"drift": drift(audit, earlier)})
        await services.audits.save(audit)
        note(verdict=audit.verdict.value)
    count(Metric.AUDITS, verdict=audit.verdict.value)
    _log.info("Audited a tenant: %s", audit.verdict.value)
    return audit


async def audit_without_storage(settings: Settings, tenants: Tenants, tenant: Tenant) -> Audit:
    """Audits one tenant. There is no earlier audit, so there is no drift, and nothing is kept."""
    app = await _read(tenants.graph(tenant)) if tenant.app_id else None
    return make_audit(tenant, app, settings.credential_warning_days, several=len(settings.tenants) > 1)


async def _read(graph: TenantGraph) -> AppEvidence:
    """The app, read afresh, checked to be of the tenant that was meant; what is read replaces what was kept."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            organization, app = await asyncio.gather(
                graph.organization.get(fresh=True), read_app(graph.session, graph.tenant.app_id or "", names=True)
            )
    except TimeoutError:
        return AppEvidence(not_asked("service_principal")).all_unread(Reason.TIMEOUT)
    if organization.value is not None and organization.value.id not in (None, graph.tenant.tenant_id):
        return app.all_unread(Reason.UNAUTHENTICATED)
    graph.app.keep(app)
    return app


def make_audit(tenant: Tenant, app: AppEvidence | None, warning_days: int, *, several: bool) -> Audit:
    """The audit of what was read; without an app (`no_auth`) there is nothing to audit."""
    audited_at = now()
    blank = Audit(
        id=audit_id(tenant.tenant_id, audited_at, uuid4().hex[:8]),
        tenant_id=tenant.tenant_id,
        etd_app_id=tenant.etd_app_id,
        mode=tenant.mode,
        audited_at=audited_at,
        verdict=Verdict.NOT_APPLICABLE,
    )
    if app is None:
        return blank
    evidence = evidence_of(tenant, app)
    audit = blank.model_copy(
        update={
            "service_principal": audited_principal(app),
            "permissions": audited_permissions(app, tenant),
            "credentials": audited_credentials(app, evidence.now, warning_days),
            "unreadable": unreadable(app),
        }
    )
    causes, undecided = _service_causes(evidence)
    issues = [*causes, *_further_issues(audit, tenant, app, several=several)]
    return audit.model_copy(update={"issues": issues, "verdict": _verdict(audit, app, issues, undecided=undecided)})


def _service_causes(evidence: Evidence) -> tuple[list[Issue], bool]:
    """The service's causes as issues, and whether one of them could not be decided."""
    failure = RemediationFailure(mailbox=evidence.mailbox)
    case = Case(failure, Scenario.UNKNOWN_REASON, evidence)
    issues: list[Issue] = []
    undecided = False
    for cause, rule in etd_app.RULES.items():
        if cause in (Cause.APP_HEALTHY, Cause.ACCESS_POLICY_BLOCKED):
            continue
        try:
            match = rule(case)
        except Unread:
            undecided = True
            continue
        if match is not None and evidence.app is not None:
            remedy = app_actions(cause, evidence.tenant, evidence.app)
            issues.append(
                Issue(code=cause.value, severity=FACTS[cause].severity, summary=match.summary, actions=remedy)
            )
    return issues, undecided


def _further_issues(audit: Audit, tenant: Tenant, app: AppEvidence, *, several: bool) -> list[Issue]:
    issues: list[Issue] = []
    there = audit.service_principal is not None
    lacking = [p.name for p in audit.permissions if p.need == "documented" and _is_lacking(p.state)] if there else []
    if lacking:
        summary = f"Documented by Cisco for this mode, and not granted: {', '.join(lacking)}."
        roles = tuple(p.name for p in audit.permissions if p.name in lacking and p.type == "application")
        remedy = app_actions(Cause.PERMISSION_MISSING, tenant, app, roles)
        issues.append(_issue("documented_permission_missing", Severity.MEDIUM, summary, remedy))
    excess = [p.name for p in audit.permissions if p.need == "extra" and (p.privilege_level or 0) >= 4]
    if excess:
        summary = (
            f"More than Email Threat Defense needs, and enough to take over much of the tenant: {', '.join(excess)}."
        )
        detail = "Find out who granted it and why, and remove it: Enterprise applications > Permissions > Review."
        issues.append(
            _issue("excess_privilege", Severity.HIGH, summary, [Action(title="Remove the permission", detail=detail)])
        )
    newest = _newest_credential_state(audit)
    if newest == "expiring":
        summary = "The newest secret or certificate of the app's registration ends soon."
        remedy = app_actions(Cause.CREDENTIAL_EXPIRED, tenant, app)
        issues.append(_issue("credential_expiring", Severity.MEDIUM, summary, remedy))
    if audit.service_principal is not None and audit.service_principal.sign_in_audience == "AzureADMyOrg":
        severity = Severity.MEDIUM if several else Severity.INFO
        summary = "The app may reach accounts of its own tenant only: mailboxes of another tenant can't be remediated."
        detail = "Registration > Authentication > Supported account types: Accounts in any organizational directory."
        remedy = [Action(title="Let the app reach other tenants, if there are any", detail=detail)]
        issues.append(_issue(Cause.APP_SINGLE_TENANT.value, severity, summary, remedy))
    return issues


def _verdict(audit: Audit, app: AppEvidence, issues: list[Issue], *, undecided: bool) -> Verdict:
    codes = {issue.code for issue in issues}
    required = [permission.state for permission in audit.permissions if permission.need == "required"]
    gone = app.service_principal.state is State.ABSENT
    breaking = {Cause.APP_DISABLED.value, Cause.CREDENTIAL_EXPIRED.value}
    if gone or codes & breaking or any(_is_lacking(state) for state in required):
        return Verdict.BROKEN
    if undecided or PermissionState.UNKNOWN in required:
        return Verdict.UNKNOWN
    if codes & {"documented_permission_missing", "excess_privilege", "credential_expiring"}:
        return Verdict.DEGRADED
    return Verdict.HEALTHY


def _is_lacking(state: PermissionState) -> bool:
    return state not in (PermissionState.GRANTED, PermissionState.UNKNOWN)


def _newest_credential_state(audit: Audit) -> str | None:
    """The state of the credential that ends last; one without an end outlasts all."""
    if not audit.credentials:
        return None
    newest = max(audit.credentials, key=lambda c: (c.end_date_time is None, c.days_left or 0, c.end_date_time or ""))
    return newest.state


def _issue(code: str, severity: Severity, summary: str, actions: list[Action]) -> Issue:
    return Issue(code=code, severity=severity, summary=summary, actions=actions)
