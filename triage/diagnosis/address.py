"""Is it the address? It belongs to nobody, a deleted user, a group, a contact, or a guest."""

from __future__ import annotations

from dataclasses import replace

from triage.addresses import domain_of
from triage.diagnosis.case import Case, Match, day, mailbox_answers
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.portals import CONTACTS, DELETED_USERS, GROUPS, MAILBOXES, USERS
from triage.diagnosis.rule import rule
from triage.diagnosis.search_steps import TRACE
from triage.diagnosis.steps import CHECK_ACCOUNT, RETRY, Step
from triage.graph.evidence import Evidence, Reason, State, Unread
from triage.graph.models.directory import User


@rule(
    Cause.USER_DELETED, Subject.ADDRESS, Confidence.CONFIRMED, Severity.MEDIUM,
    rests_on=("deleted_user",),
    title="The user was deleted",
    meaning="The user is in the deleted items of the tenant. The mailbox is soft-deleted with the user for 30 days, or "
    "inactive under a hold or a retention policy.",
    recognized_by="A deleted user has the address, and no user, group, or contact has it. Graph does not show whether the "
    "mailbox is soft-deleted or inactive.",
    remedy=(
        Step(
            "Find out whether the mailbox is still there",
            "A soft-deleted mailbox can be restored with the user. An inactive one is kept by a hold or a retention policy, and "
            "its content stays in eDiscovery.",
            MAILBOXES,
            """Get-Mailbox -SoftDeletedMailbox -Identity {mailbox} -ErrorAction SilentlyContinue |
    Format-List Name, ExchangeGuid, WhenSoftDeleted
Get-Mailbox -InactiveMailboxOnly -Identity {mailbox} -ErrorAction SilentlyContinue |
    Format-List Name, ExchangeGuid, LitigationHoldEnabled, InPlaceHolds""",
        ),
        Step(
            "Restore the user, if the mailbox is still needed",
            "{user_restorable} The mailbox comes back with the user, and so does the message. Otherwise there is nothing to "
            "do: nobody can sign in to the mailbox.",
            DELETED_USERS,
            """Get-MgDirectoryDeletedItemAsUser -DirectoryObjectId {deleted_user_id} |
    Format-List DisplayName, UserPrincipalName, DeletedDateTime
Restore-MgDirectoryDeletedItem -DirectoryObjectId {deleted_user_id}""",
        ),
        replace(RETRY, title="After a restore: remediate the message again"),
    ),
)  # fmt: skip
def user_deleted(case: Case) -> Match | None:
    evidence = case.evidence
    deleted = evidence.deleted_user.get() if evidence.person() is None and evidence.recipient() is None else None
    if deleted is None:
        return None
    return Match(
        f"{case.failure.mailbox} was deleted{_when(deleted)}. Its mailbox is soft-deleted with it for 30 days, or inactive "
        "under a hold."
    )


@rule(
    Cause.RECIPIENT_IS_GROUP, Subject.ADDRESS, Confidence.CONFIRMED, Severity.LOW,
    rests_on=("group",),
    title="The address belongs to a group",
    meaning="A group has no mailbox that Email Threat Defense can remediate. Its members have copies of the message.",
    recognized_by="No user has the address, and a group has it. A deleted user may have had it before.",
    remedy=(
        Step(
            "Remediate in the mailboxes of its members",
            "A group has no mailbox that Email Threat Defense can act on. Find out who received the message through it.",
            GROUPS,
            """Get-MgGroupTransitiveMemberAsUser -GroupId {group_id} -All -Property DisplayName, Mail `
    -ConsistencyLevel eventual -CountVariable count | Format-Table DisplayName, Mail""",
        ),
        Step(
            "In a Microsoft 365 group",
            "The group keeps a copy in its conversations. Its owners can delete it in Outlook.",
        ),
    ),
)  # fmt: skip
def recipient_is_group(case: Case) -> Match | None:
    evidence = case.evidence
    if evidence.person() is not None or evidence.recipient() is None or evidence.group.value is None:
        return None
    unified = "Unified" in evidence.group.value.group_types
    kind = "a Microsoft 365 group" if unified else "a distribution or security group"
    return Match(f"{case.failure.mailbox} is the address of {kind}, not of a person's mailbox.{_before(evidence)}")


@rule(
    Cause.RECIPIENT_IS_CONTACT, Subject.ADDRESS, Confidence.CONFIRMED, Severity.LOW,
    rests_on=("contact",),
    title="The address belongs to a mail contact",
    meaning="A mail contact points to a mailbox in another organization, which Email Threat Defense can't remediate here.",
    recognized_by="No user has the address, and a mail contact has it. A deleted user may have had it before.",
    remedy=(
        Step(
            "Nothing to remediate here",
            "The mailbox is in another organization. If you know its owner, tell them, or have the contact removed.",
            CONTACTS,
        ),
    ),
)  # fmt: skip
def recipient_is_contact(case: Case) -> Match | None:
    evidence = case.evidence
    if evidence.person() is not None or evidence.recipient() is None or evidence.contact.value is None:
        return None
    return Match(
        f"{case.failure.mailbox} is a mail contact: its mailbox is in another organization.{_before(evidence)}"
    )


@rule(
    Cause.GUEST_USER, Subject.ADDRESS, Confidence.CONFIRMED, Severity.LOW,
    rests_on=("user", "alias", "untagged", "mailbox"),
    title="The user is a guest",
    meaning="A guest's mailbox is in the guest's own organization, and only that organization can remediate there.",
    recognized_by="The user has `userType` Guest, or a user principal name with `#EXT#`, and no mailbox here answers for "
    "the user. A guest with a mailbox here is treated as any other user.",
    remedy=(
        Step(
            "Nothing to remediate here",
            "A guest's mailbox is in its own organization, and only that organization can remediate there. Tell the "
            "person.",
            USERS,
        ),
    ),
)  # fmt: skip
def guest_user(case: Case) -> Match | None:
    person = case.evidence.person()
    if person is None or not person.is_guest:
        return None
    if mailbox_answers(case.evidence):
        return None
    return Match(
        f"{case.failure.mailbox} is a guest in this tenant, and no mailbox here answers: the mailbox is in the guest's own "
        "organization."
    )


@rule(
    Cause.USER_NOT_FOUND, Subject.ADDRESS, Confidence.PROBABLE, Severity.MEDIUM,
    rests_on=("user", "alias", "deleted_user", "group", "contact", "untagged", "organization"),
    title="Nobody has the address",
    meaning="The domain belongs to this tenant, but nobody in it has or had the address.",
    recognized_by="The domain is verified in this tenant, and no user, deleted user, group, or contact has the address. A "
    "`+tag` in the address is left out in a second search for the user.",
    could_also_be=("a recipient that Graph does not show: a dynamic distribution group, a mail-enabled public folder, a "
                   "deleted group, or a mailbox that only the on-premises server knows",),
    remedy=(
        CHECK_ACCOUNT,
        Step(
            "Find where the address comes from",
            "It may come from a transport rule, a catch-all, or the address of a former user. Exchange also shows "
            "recipients that Graph does not: dynamic distribution groups and mail-enabled public folders.",
            MAILBOXES,
            "Get-Recipient -Identity {mailbox} -IncludeSoftDeletedRecipients |\n"
            "    Format-List Name, RecipientTypeDetails, PrimarySmtpAddress, EmailAddresses",
        ),
        TRACE,
    ),
)  # fmt: skip
def user_not_found(case: Case) -> Match | None:
    evidence = case.evidence
    if not nobody(evidence):
        return None
    if not verified(case) or evidence.mailbox.state is State.READ:
        return None
    return Match(
        f"No user, deleted user, group, or contact that Graph shows has the address {case.failure.mailbox}, although its "
        "domain is verified in this tenant."
    )


def nobody(evidence: Evidence) -> bool:
    """Whether nobody that Graph shows has the address, or had it as a user. Raises Unread if that is not known."""
    return evidence.person() is None and evidence.recipient() is None and evidence.deleted_user.get() is None


def _when(deleted: User) -> str:
    return f" on {day(deleted.deleted_date_time)}" if deleted.deleted_date_time else ""


def _before(evidence: Evidence) -> str:
    """A sentence about a deleted user who had the address before, if there is one."""
    deleted = evidence.deleted_user.value
    return f" A user who had the address was deleted{_when(deleted)}." if deleted else ""


def verified(case: Case) -> bool:
    """Whether the domain is verified in this tenant, by its own list or because Graph names this tenant its owner."""
    evidence, domain = case.evidence, domain_of(case.failure.mailbox)
    organization = evidence.organization.get()
    if organization is None or organization.verified_domains is None:
        raise Unread(evidence.organization.unread(evidence.organization.reason or Reason.UNAVAILABLE))
    if organization.verifies(domain):
        return True
    owner = evidence.domain_owner.value
    return owner is not None and owner.tenant_id == evidence.tenant.tenant_id
