"""Is it the address? Whose it is: nobody's, someone deleted, a group, a contact, a guest, another tenant's."""

from __future__ import annotations

from triage.addresses import domain_of
from triage.diagnosis.case import Case, Match, day
from triage.diagnosis.causes import Cause
from triage.diagnosis.etd_app import sign_in_audience
from triage.graph.evidence import Evidence, Reason, State, Unread
from triage.graph.models import TenantInformation
from triage.settings import Mode

# signInAudience: the values with which an app may be used from other tenants (Graph, application resource).
MULTI_TENANT = ("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount")


def user_deleted(case: Case) -> Match | None:
    evidence = case.evidence
    if evidence.person() is not None:
        return None
    deleted = evidence.deleted_user.get()
    if deleted is None:
        return None
    when = f" on {day(deleted.deleted_date_time)}" if deleted.deleted_date_time else ""
    return Match(f"{case.failure.mailbox} was deleted{when}; its mailbox went with it.")


def recipient_is_group(case: Case) -> Match | None:
    group = case.evidence.group.get() if _nobody(case) else None
    if group is None:
        return None
    kind = "a Microsoft 365 group" if "Unified" in group.group_types else "a distribution or security group"
    return Match(f"{case.failure.mailbox} is the address of {kind}, not of a person's mailbox.")


def recipient_is_contact(case: Case) -> Match | None:
    if not _nobody(case) or case.evidence.contact.get() is None:
        return None
    return Match(f"{case.failure.mailbox} is a mail contact: its mailbox is elsewhere.")


def guest_user(case: Case) -> Match | None:
    person = case.evidence.person()
    if person is None:
        return None
    if (person.user_type or "").lower() != "guest" and "#ext#" not in (person.user_principal_name or "").lower():
        return None
    return Match(f"{case.failure.mailbox} is a guest in this tenant: its mailbox is in its own organization.")


def app_single_tenant(case: Case) -> Match | None:
    owner = _other_owner(case)
    if owner is None or _audience(case.evidence) != "AzureADMyOrg":
        return None
    return Match(
        f"{domain_of(case.failure.mailbox)} belongs to another tenant ({_named(owner)}), and Email Threat Defense's "
        "app may reach accounts of its own tenant only."
    )


def domain_in_other_tenant(case: Case) -> Match | None:
    owner = _other_owner(case)
    if owner is None or _audience(case.evidence) not in MULTI_TENANT:
        return None
    return Match(
        f"{domain_of(case.failure.mailbox)} belongs to another tenant ({_named(owner)}): Email Threat Defense has to "
        "be authorized there."
    )


def domain_unknown(case: Case) -> Match | None:
    evidence = case.evidence
    if not _nobody(case) or _verified(case) or evidence.domain_owner.get() is not None:
        return None
    return Match(f"{domain_of(case.failure.mailbox)} is verified neither in this tenant nor in any other.")


def user_not_found(case: Case) -> Match | None:
    evidence = case.evidence
    if not _nobody(case) or evidence.group.get() or evidence.contact.get():
        return None
    if not _verified(case) or evidence.mailbox.state is State.READ:
        return None
    return Match(
        f"No user, deleted user, group or contact has the address {case.failure.mailbox}, though its domain is this "
        "tenant's."
    )


def _nobody(case: Case) -> bool:
    """Whether no user has the address, nor had it; Unread where that is not known."""
    return case.evidence.person() is None and case.evidence.deleted_user.get() is None


def _verified(case: Case) -> bool:
    """Whether the domain is verified in this tenant, by its own list or because it is found to be its domain."""
    evidence = case.evidence
    organization = evidence.organization.get()
    if organization is None or organization.verified_domains is None:
        raise Unread(evidence.organization.unread(evidence.organization.reason or Reason.UNAVAILABLE))
    if organization.verifies(domain_of(case.failure.mailbox)):
        return True
    owner = evidence.domain_owner.value
    return owner is not None and owner.tenant_id == evidence.tenant.tenant_id


def _other_owner(case: Case) -> TenantInformation | None:
    """The other tenant that a nobody's domain belongs to."""
    if not _nobody(case) or _verified(case):
        return None
    return case.evidence.domain_owner.get()


def _audience(evidence: Evidence) -> str | None:
    """The app's audience. With `no_auth` there is no app to ask, and the two causes cannot be told apart."""
    if evidence.tenant.mode is Mode.NO_AUTH:
        raise Unread(evidence.domain_owner.unread(Reason.NO_AUTH))
    return sign_in_audience(evidence)


def _named(owner: TenantInformation) -> str:
    return " ".join(part for part in (owner.display_name, owner.tenant_id) if part)


RULES = {
    Cause.USER_DELETED: user_deleted,
    Cause.RECIPIENT_IS_GROUP: recipient_is_group,
    Cause.RECIPIENT_IS_CONTACT: recipient_is_contact,
    Cause.GUEST_USER: guest_user,
    Cause.APP_SINGLE_TENANT: app_single_tenant,
    Cause.DOMAIN_IN_OTHER_TENANT: domain_in_other_tenant,
    Cause.DOMAIN_UNKNOWN: domain_unknown,
    Cause.USER_NOT_FOUND: user_not_found,
}
