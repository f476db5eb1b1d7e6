"""The remedy of a diagnosis, filled in for one failure."""

from __future__ import annotations

import os
import re

from triage.addresses import domain_of
from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause
from triage.diagnosis.diagnose import Diagnosis, Lack
from triage.diagnosis.etd_app import required_states
from triage.diagnosis.grants import PermissionState
from triage.diagnosis.remedies import RETRY, STEPS, Action, Step
from triage.graph.evidence import AppEvidence, Reason, Unread
from triage.settings import Tenant

_GRANT_TO_TRIAGE = (
    "$me = Get-MgServicePrincipal -Filter \"displayName eq '<the function app''s identity>'\"; "
    "$graph = Get-MgServicePrincipal -Filter \"appId eq '00000003-0000-0000-c000-000000000000'\"; "
    "New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $me.Id -PrincipalId $me.Id -ResourceId $graph.Id "
    "-AppRoleId ($graph.AppRoles | Where-Object Value -eq '{permission}').Id"
)
_RETRIAGE = "Triage it again: POST /api/findings/<id>/retriage."

# PowerShell takes each of these for a single quote.
_QUOTES = re.compile("(['‘’‚‛])")


def actions(diagnosis: Diagnosis, case: Case | None) -> list[Action]:
    """The steps of the remedy, in order. Without a case (a tenant that is not ours) only what lacks can be mended."""
    if diagnosis.cause is Cause.UNDETERMINED or case is None:
        return [lack_action(lack) for lack in diagnosis.lacks]
    return [fill(step, _values(case)) for step in STEPS[diagnosis.cause]]


def app_actions(cause: Cause, tenant: Tenant, app: AppEvidence, lacking: tuple[str, ...] | None = None) -> list[Action]:
    """The remedy of a cause, without the steps that are about a mailbox or a message.

    `lacking` are the permissions to grant, where they are others than those that remediation needs.
    """
    values = _app_values(tenant, app)
    if lacking is not None:
        values["lacking"] = _names(lacking)
    return [fill(step, values) for step in STEPS[cause] if step is not RETRY and "{mailbox}" not in str(step)]


def fill(step: Step, values: dict[str, str]) -> Action:
    """A step with its placeholders filled: as text in sentences and links, quoted in commands."""
    quoted = {name: _quoted(name, value) for name, value in values.items()}
    return Action(
        title=step.title,
        detail=step.detail.format_map(values),
        url=step.url.format_map(values) if step.url else None,
        command=step.command.format_map(quoted) if step.command and not _grants_nothing(step, values) else None,
    )


def _quoted(name: str, value: str) -> str:
    """A PowerShell string; `*_bare` stands inside quotes already, `lacking` is a list of names of our own."""
    if name == "lacking":
        return value
    doubled = _QUOTES.sub(r"\1\1", value)
    return doubled if name.endswith("_bare") else f"'{doubled}'"


def _names(permissions: tuple[str, ...]) -> str:
    """Names as a PowerShell array."""
    return f"@({', '.join(_quoted('', name) for name in permissions)})"


def _grants_nothing(step: Step, values: dict[str, str]) -> bool:
    """Whether a command would grant an empty list of permissions."""
    return "{lacking}" in (step.command or "") and values["lacking"] == _names(())


def _values(case: Case) -> dict[str, str]:
    evidence, tenant = case.evidence, case.evidence.tenant
    person = evidence.user.value or evidence.alias.value
    user = (person.user_principal_name if person else None) or case.failure.mailbox
    owner, group, deleted = evidence.domain_owner.value, evidence.group.value, evidence.deleted_user.value
    app = evidence.app
    return {
        **(_app_values(tenant, app) if app else _tenant_values(tenant)),
        "mailbox": case.failure.mailbox,
        "mail_filter": "mail eq '" + case.failure.mailbox.replace("'", "''") + "'",
        "domain": domain_of(case.failure.mailbox),
        "user": user,
        "user_text": user,
        "internet_message_id": case.failure.internet_message_id or "",
        "owner_tenant_id": owner.tenant_id if owner else "",
        "group_id": (group.id if group else None) or "",
        "deleted_user_id": (deleted.id if deleted else None) or "",
    }


def _tenant_values(tenant: Tenant) -> dict[str, str]:
    authority = os.environ.get("AZURE_AUTHORITY_HOST") or "login.microsoftonline.com"
    return {
        "tenant_id": tenant.tenant_id,
        "app_id": tenant.etd_app_id or "",
        "app_id_bare": tenant.etd_app_id or "",
        "authority": f"https://{authority.removeprefix('https://').rstrip('/')}",
        "sp_id": "",
        "deleted_sp_id": "",
        "lacking": _names(()),
    }


def _app_values(tenant: Tenant, app: AppEvidence) -> dict[str, str]:
    principal, deleted = app.service_principal.value, app.deleted_service_principal.value
    try:
        states = required_states(app, tenant.mode)
    except Unread:
        states = {}
    lacking = tuple(name for name, state in states.items() if state is not PermissionState.GRANTED)
    return {
        **_tenant_values(tenant),
        "sp_id": (principal.id if principal else None) or "",
        "deleted_sp_id": (deleted.id if deleted else None) or "",
        "lacking": _names(lacking),
    }


def lack_action(lack: Lack) -> Action:
    """What makes a thing known that is not."""
    match lack.reason:
        case Reason.FORBIDDEN if lack.permission:
            return Action(
                title=f"Grant {lack.permission} to the triage identity",
                detail="The service may not read what decides here. Grant its identity the permission with type "
                f"Application on Microsoft Graph. {_RETRIAGE}",
                command=_GRANT_TO_TRIAGE.replace("{permission}", lack.permission),
            )
        case Reason.UNAUTHENTICATED:
            return Action(
                title="Check the triage identity's sign-in",
                detail="It got no token for this tenant, or one of another tenant. In Azure check the managed identity "
                "or the app that AZURE_CLIENT_ID names, and its consent in this tenant.",
            )
        case Reason.TENANT_NOT_CONFIGURED:
            return Action(
                title="List the tenant",
                detail="Add the tenant with its Email Threat Defense app to TRIAGE_TENANTS, or correct the tenantId of "
                f"the sender. {_RETRIAGE}",
            )
        case Reason.NO_AUTH:
            return Action(
                title="Remediate by hand",
                detail="In this tenant Email Threat Defense runs without Microsoft 365 authentication: it sees messages "
                "and can't move them. Authorize it in Administration > Business to have it remediate, and set the mode.",
            )
        case Reason.POISON:
            return Action(
                title="See why triage failed",
                detail=f"The function's log names the error of each try. {_RETRIAGE}",
            )
        case _:
            return Action(title="Triage again later", detail=f"Graph could not answer at the time. {_RETRIAGE}")
