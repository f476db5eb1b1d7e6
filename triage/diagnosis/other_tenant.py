"""Is the address in another tenant, or in none that Graph shows?"""

from __future__ import annotations

from triage.addresses import domain_of
from triage.diagnosis.address import nobody, verified
from triage.diagnosis.app_state import SINGLE_TENANT, for_another_tenant_only, principal_of, sign_in_audience
from triage.diagnosis.app_steps import ADD_OTHER_TENANT, CONSENT_IN_OTHER_TENANT, OPEN_TO_OTHER_TENANTS
from triage.diagnosis.case import Case, Match
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.portals import DOMAINS
from triage.diagnosis.rule import rule
from triage.diagnosis.steps import Step
from triage.graph.evidence import Evidence, Reason, Unread
from triage.graph.models.directory import TenantInformation
from triage.settings import Mode

# Other tenants can use an app with these values (https://learn.microsoft.com/graph/api/resources/application).
MULTI_TENANT = ("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount")


@rule(
    Cause.APP_SINGLE_TENANT, Subject.ADDRESS, Confidence.CONFIRMED, Severity.HIGH,
    rests_on=("domain_owner", "app_elsewhere", "service_principal"),
    title="The app can access only its own tenant, and the mailbox is in another",
    meaning="The Email Threat Defense app is registered for one tenant only, and the mailbox is in another tenant.",
    recognized_by="The domain belongs to another tenant, and the `signInAudience` of the app is `AzureADMyOrg`. Or the app "
    "is not in this tenant, but in another configured tenant with that `signInAudience`.",
    remedy=(
        *OPEN_TO_OTHER_TENANTS,
        CONSENT_IN_OTHER_TENANT,
        ADD_OTHER_TENANT,
    ),
)  # fmt: skip
def app_single_tenant(case: Case) -> Match | None:
    if _app_cannot_be_here(case.evidence):
        return Match(
            f"The Email Threat Defense app {case.evidence.tenant.etd_app_id} can access only accounts of its own tenant. "
            "That is another one of the configured tenants, so the app can't be in this tenant."
        )
    owner = _other_owner(case)
    if owner is None or _audience(case.evidence) != SINGLE_TENANT:
        return None
    return Match(
        f"{domain_of(case.failure.mailbox)} belongs to another tenant ({_named(owner)}), and the Email Threat Defense "
        "app can access only accounts of its own tenant."
    )


@rule(
    Cause.DOMAIN_IN_OTHER_TENANT, Subject.ADDRESS, Confidence.CONFIRMED, Severity.HIGH,
    rests_on=("domain_owner", "organization", "service_principal"),
    title="The address is in another tenant",
    meaning="The mailbox is in another tenant, where Email Threat Defense is not authorized.",
    recognized_by="The domain belongs to another tenant, and the `signInAudience` of the app allows other tenants.",
    remedy=(CONSENT_IN_OTHER_TENANT, ADD_OTHER_TENANT),
)  # fmt: skip
def domain_in_other_tenant(case: Case) -> Match | None:
    owner = _other_owner(case)
    if owner is None or _audience(case.evidence) not in MULTI_TENANT:
        return None
    return Match(
        f"{domain_of(case.failure.mailbox)} belongs to another tenant ({_named(owner)}): Email Threat Defense must be "
        "authorized there."
    )


@rule(
    Cause.DOMAIN_UNKNOWN, Subject.ADDRESS, Confidence.PROBABLE, Severity.MEDIUM,
    rests_on=("domain_owner", "organization"),
    title="The domain is in no tenant that Graph shows",
    meaning="Only mailboxes in Exchange Online can be remediated, and no tenant that Graph shows has verified this domain.",
    recognized_by="The domain is not verified in this tenant, and Graph finds no other tenant that has it.",
    could_also_be=("a domain of a tenant that Graph does not show, for example in another national cloud",),
    remedy=(
        Step(
            "Check the domain",
            "{domain} is in no Microsoft 365 tenant that Graph shows. Check whether it is misspelled, was removed, or has "
            "its mail elsewhere. Only mailboxes in Exchange Online can be remediated.",
            DOMAINS,
            "Get-MgDomain | Format-Table Id, IsVerified, IsInitial",
        ),
    ),
)  # fmt: skip
def domain_unknown(case: Case) -> Match | None:
    if not nobody(case.evidence) or verified(case) or case.evidence.domain_owner.get() is not None:
        return None
    return Match(
        f"{domain_of(case.failure.mailbox)} is not verified in this tenant, and it is in no other tenant that Graph shows."
    )


def _app_cannot_be_here(evidence: Evidence) -> bool:
    """Whether the app is not in this tenant, because it is for another of the configured tenants only."""
    app = evidence.app
    if app is None or not for_another_tenant_only(app):
        return False
    return principal_of(evidence) is None and app.deleted_service_principal.get() is None


def _other_owner(case: Case) -> TenantInformation | None:
    """The other tenant that the domain of an address without a user belongs to."""
    if not nobody(case.evidence) or verified(case):
        return None
    return case.evidence.domain_owner.get()


def _audience(evidence: Evidence) -> str | None:
    """The app's audience. With `no_auth` there is no app to ask, and the two causes can't be told apart."""
    if evidence.tenant.mode is Mode.NO_AUTH:
        raise Unread(evidence.domain_owner.unread(Reason.NO_AUTH))
    return sign_in_audience(evidence)


def _named(owner: TenantInformation) -> str:
    return f"{owner.display_name or ''} {owner.tenant_id}".strip()
