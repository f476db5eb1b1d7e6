"""What the evidence says about the ETD app, for its causes, its checks and its audit."""

from __future__ import annotations

from datetime import datetime

from triage.graph.evidence import AppEvidence, Evidence, Reason, State, Unread
from triage.graph.models.applications import ServicePrincipal

# https://learn.microsoft.com/graph/api/resources/application (signInAudience)
SINGLE_TENANT = "AzureADMyOrg"


def principal_of(evidence: Evidence) -> ServicePrincipal | None:
    """The app's service principal; None without an app or without one in the tenant. Raises Unread."""
    return evidence.app.service_principal.get() if evidence.app else None


def for_another_tenant_only(app: AppEvidence) -> bool:
    """Whether another configured tenant has the app, and it is for that tenant only. Raises Unread if nothing says so."""
    if app.app_elsewhere.state is State.NOT_ASKED:
        return False
    elsewhere = app.app_elsewhere.get()
    return elsewhere is not None and elsewhere.sign_in_audience == SINGLE_TENANT


def no_credential_left(app: AppEvidence, now: datetime) -> bool:
    """Whether every secret and certificate of the registration has expired, and no federated credential replaces them."""
    registration = app.registration.get()
    return bool(registration and registration.all_expired(now) and not app.federated_credentials.get())


def switched_off(principal: ServicePrincipal) -> list[str]:
    """Which of the three switches is off, and who turned it off."""
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


def sign_in_audience(evidence: Evidence) -> str | None:
    """Whose accounts the app can access; None without an app in the tenant. Raises Unread if Graph did not say."""
    principal = principal_of(evidence)
    if evidence.app is None or principal is None:
        return None
    if principal.sign_in_audience:
        return principal.sign_in_audience
    registration = evidence.app.registration.get()
    if registration and registration.sign_in_audience:
        return registration.sign_in_audience
    raise Unread(evidence.app.service_principal.unread(Reason.UNAVAILABLE))
