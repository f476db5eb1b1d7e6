"""Is it the service? Email Threat Defense's app in the tenant: there, switched on, allowed, with a valid credential."""

from __future__ import annotations

from collections.abc import Callable

from triage.diagnosis.case import Case, Match, day, listed
from triage.diagnosis.causes import Cause
from triage.diagnosis.credentials import all_expired, credentials
from triage.diagnosis.grants import REQUIRED, Names, PermissionState, granted_roles, permission_state
from triage.graph.evidence import AppEvidence, Evidence, Reason, State, Unread
from triage.graph.models import ServicePrincipal
from triage.graph.permissions import PERMISSIONS
from triage.intake.scenario import names_access_policy
from triage.settings import Mode


def app_not_found(case: Case) -> Match | None:
    app = case.evidence.app
    if app is None or _service_principal(app) is not None or app.deleted_service_principal.get() is not None:
        return None
    return Match(
        f"Email Threat Defense's app {case.evidence.tenant.etd_app_id} is not in the tenant, nor among its deleted "
        "items: it was never consented to here, or the configured app id is another app's."
    )


def app_deleted(case: Case) -> Match | None:
    app = case.evidence.app
    if app is None or _service_principal(app) is not None:
        return None
    deleted = app.deleted_service_principal.get()
    if deleted is None:
        return None
    when = f" on {day(deleted.deleted_date_time)}" if deleted.deleted_date_time else ""
    return Match(f"Email Threat Defense's app ({_name(deleted)}) was deleted from the tenant{when}.")


def app_disabled(case: Case) -> Match | None:
    principal = _there(case.evidence)
    switches = switched_off(principal) if principal else []
    if principal is None or not switches:
        return None
    return Match(f"Email Threat Defense's app ({_name(principal)}) is switched off: {listed(switches)}.")


def switched_off(principal: ServicePrincipal) -> list[str]:
    """Which of the three switches is off, and who turned it."""
    switches: list[str] = []
    if principal.account_enabled is False:
        switches.append("sign-in is disabled in this tenant (accountEnabled is false)")
    if principal.is_disabled:
        switches.append("its owner deactivated the registration (isDisabled is true)")
    if principal.disabled_by_microsoft_status not in (None, "NotDisabled"):
        switches.append(
            f"Microsoft disabled it (disabledByMicrosoftStatus is {principal.disabled_by_microsoft_status})"
        )
    return switches


def _lacking(wanted: PermissionState, text: str) -> Callable[[Case], Match | None]:
    """The rule for required permissions that are all in one state of not being granted."""

    def decide(case: Case) -> Match | None:
        app = case.evidence.app
        if app is None or _there(case.evidence) is None:
            return None
        lacking = [name for name, state in required_states(app, case.evidence.tenant.mode).items() if state is wanted]
        if not lacking:
            return None
        only_read = " Only Mail.Read is granted." if _only_read(app, lacking) else ""
        covered = " Mail.ReadWrite is granted, which includes it." if _covers(app, lacking) else ""
        return Match(f"{listed(lacking)} {'is' if len(lacking) == 1 else 'are'} {text}{only_read}{covered}")

    return decide


consent_missing = _lacking(
    PermissionState.CONSENT_MISSING,
    "asked for by the app's registration with type Application, but an administrator has not consented.",
)
permission_delegated_only = _lacking(
    PermissionState.DELEGATED_ONLY,
    "there with type Delegated only; remediation needs type Application.",
)
permission_missing = _lacking(
    PermissionState.MISSING, "not granted to Email Threat Defense's app with type Application on Microsoft Graph."
)


def required_states(app: AppEvidence, mode: Mode) -> dict[str, PermissionState]:
    """The state of every permission that remediation needs; Unread where what decides could not be read."""
    names = Names.of(app)
    return {name: permission_state(app, name, names) for name in REQUIRED[mode]}


def app_read_mode(case: Case) -> Match | None:
    app, tenant = case.evidence.app, case.evidence.tenant
    if app is None or tenant.mode is not Mode.READ or _there(case.evidence) is None:
        return None
    roles = granted_roles(app)
    if PERMISSIONS["Mail.Read"].role_id not in roles or PERMISSIONS["Mail.ReadWrite"].role_id in roles:
        return None
    return Match(
        "Email Threat Defense is in Read mode in this tenant: it has Mail.Read only, and cannot move messages."
    )


def credential_expired(case: Case) -> Match | None:
    app = case.evidence.app
    if app is None or _there(case.evidence) is None:
        return None
    registration = app.registration.get()
    if registration is None or not all_expired(registration, case.evidence.now):
        return None
    newest = max(credential.end_date_time for credential in credentials(registration) if credential.end_date_time)
    return Match(f"Every secret and certificate of the app's registration has ended, the newest on {day(newest)}.")


def access_policy_blocked(case: Case) -> Match | None:
    if not names_access_policy(case.failure.error) and not names_access_policy(case.failure.error_code):
        return None
    return Match(
        f"Exchange Online keeps Email Threat Defense's app out of {case.failure.mailbox}: an application access "
        "policy (or RBAC for Applications) blocks it."
    )


def app_healthy(case: Case) -> Match | None:
    app = case.evidence.app
    if app is None or _there(case.evidence) is None:
        return None
    app.registration.get()
    return Match(
        "Email Threat Defense's app is in order: there, switched on, with every required permission and no ended "
        "credential. An application access policy that blocks this mailbox, or a fault that has passed, would fit.",
        alternatives=(Cause.ACCESS_POLICY_BLOCKED, Cause.MESSAGE_PRESENT)
        if case.evidence.mailbox.state is State.READ
        else (Cause.ACCESS_POLICY_BLOCKED,),
    )


def sign_in_audience(evidence: Evidence) -> str | None:
    """Whose accounts the app may reach; None where there is no app. Unread where Graph did not say."""
    app = evidence.app
    if app is None:
        return None
    principal = _service_principal(app)
    if principal is None:
        return None
    if principal.sign_in_audience:
        return principal.sign_in_audience
    registration = app.registration.get()
    if registration and registration.sign_in_audience:
        return registration.sign_in_audience
    raise Unread(app.service_principal.unread(Reason.UNAVAILABLE))


def _service_principal(app: AppEvidence) -> ServicePrincipal | None:
    return app.service_principal.get()


def _there(evidence: Evidence) -> ServicePrincipal | None:
    return _service_principal(evidence.app) if evidence.app else None


def _name(principal: ServicePrincipal) -> str:
    return principal.display_name or principal.app_id or "no name"


def _only_read(app: AppEvidence, lacking: list[str]) -> bool:
    return "Mail.ReadWrite" in lacking and PERMISSIONS["Mail.Read"].role_id in granted_roles(app)


def _covers(app: AppEvidence, lacking: list[str]) -> bool:
    return "Mail.Read" in lacking and PERMISSIONS["Mail.ReadWrite"].role_id in granted_roles(app)


RULES = {
    Cause.APP_NOT_FOUND: app_not_found,
    Cause.APP_DELETED: app_deleted,
    Cause.APP_DISABLED: app_disabled,
    Cause.CONSENT_MISSING: consent_missing,
    Cause.PERMISSION_DELEGATED_ONLY: permission_delegated_only,
    Cause.PERMISSION_MISSING: permission_missing,
    Cause.APP_READ_MODE: app_read_mode,
    Cause.CREDENTIAL_EXPIRED: credential_expired,
    Cause.ACCESS_POLICY_BLOCKED: access_policy_blocked,
    Cause.APP_HEALTHY: app_healthy,
}
