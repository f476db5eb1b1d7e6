"""What a scan says about one user: does the user have a mailbox, and what would make a remediation fail there today?

The rules are those of triage (diagnosis). The app is not checked, because the audit does that once for all mailboxes. An
account that may not sign in (`accountEnabled`) has a mailbox like any other.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from triage.addresses import domain_of, mailbox_address
from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause
from triage.diagnosis.diagnose import Diagnosis, obstacle
from triage.graph.evidence import Answer, Evidence, State
from triage.graph.license import license
from triage.graph.models.directory import Organization, User
from triage.graph.models.licenses import SubscribedSku
from triage.graph.models.mail import MailFolder
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario
from triage.settings import Tenant


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about the tenant, for all users."""

    tenant: Tenant
    organization: Answer[Organization]
    skus: Answer[list[SubscribedSku]]


@dataclass(frozen=True, slots=True)
class Assessed:
    """A mailbox, and the cause that would make a remediation fail; None: it would work. `undetermined`: not readable."""

    mailbox: str
    obstacle: Diagnosis | None


def may_have_mailbox(user: User, known: Known) -> bool:
    """Whether a user may have a mailbox here, so that its Inbox is read.

    Every user with a mail address, or with a license that includes or included Exchange Online. A guest's address counts
    only if it is in a domain of this tenant, because a mailbox in Exchange can't have another one.
    """
    found = license(user, known.skus)
    if found is None or found.plans or found.switched_off or found.new_plan:
        return True  # properties that Graph doesn't show make the mailbox unknown later
    if any(found.includes_mailbox(error.sku_id) is not False for error in found.errors):
        return True
    if not user.is_guest:
        return bool(user.mail_addresses)
    organization = known.organization.value
    return organization is None or any(organization.verifies(domain_of(address)) for address in user.mail_addresses)


def assess(user: User, inbox: Answer[MailFolder], known: Known) -> Assessed | None:
    """What is known about a user's mailbox; None for a guest whose mailbox is in the guest's own organization."""
    mailbox = address_of(user)
    evidence = Evidence(
        known.tenant,
        organization=known.organization,
        user=Answer("user", State.READ, user, request=inbox.request, read_at=inbox.read_at),
        mailbox=inbox,
        subscribed_skus=known.skus,
    )
    # There is no failure. Of it, the rules need only the address.
    failure = RemediationFailure.model_construct(mailbox=mailbox)
    found = obstacle(Case(failure, Scenario.UNCLASSIFIED, evidence))
    if found is not None and found.cause is Cause.GUEST_USER:
        return None
    return Assessed(mailbox, found)


def address_of(user: User) -> str:
    """The primary address of a user, or the UPN."""
    address = next(iter(user.mail_addresses), user.user_principal_name or user.id or "")
    with suppress(ValueError):
        return mailbox_address(address)
    return address.lower()  # Graph can have addresses that are not valid
