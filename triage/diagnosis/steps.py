"""What remedies are made of: the step, and the steps that several causes share.

Cisco's page "Troubleshoot Email Threat Defense Remediation" gives the remedies of its four scenarios; the others are
Microsoft's own for the state that was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from triage.diagnosis.causes import Subject
from triage.diagnosis.portals import MAILBOXES, USERS
from triage.diagnosis.shell import Needs


class Registration(StrEnum):
    """Where the registration of the app is: a step that is about it helps only the one who owns it."""

    HERE = "here"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a remedy with `{placeholders}`; `remedy.fill` makes an Action of it, and values.py has their names.

    In `command` a placeholder is a PowerShell argument, so it stands without quotes: `{user}` becomes a quoted string,
    `{permissions}` an array of them, `{app_id:appId eq}` the OData filter `appId eq '...'` as a string, and
    `{subject:kql}` a phrase of a keyword query. The command has only what is to be done: the line that connects to the
    tenant follows from its cmdlets (shell.py), or from `needs` where they do not say it.
    `about` is what the step is about, if that is not the subject of the cause: an audit has no mailbox and no message,
    so it leaves out the steps about them. `registration` limits the step to an app that is registered in this tenant
    (HERE), or in another one, as Cisco's own is (ELSEWHERE).
    """

    title: str
    detail: str
    url: str | None = None
    command: str | None = None
    about: Subject | None = None
    registration: Registration | None = None
    needs: Needs | None = None


TRIAGE_AGAIN = "Then triage the failure again."

RETRY = Step(
    "Remediate the message again",
    "In Email Threat Defense, open the message and move it again. Then triage the failure again to check that it worked.",
    about=Subject.MESSAGE,
)
CHECK_ACCOUNT = Step(
    "Check the account",
    "In the Microsoft 365 admin center, check whether {mailbox} is a valid account with a mailbox, and whether the "
    "address is spelled correctly.",
    USERS,
    "Get-MgUser -Filter ({mailbox:mail eq} + ' or ' + {mailbox:userPrincipalName eq}) | Format-List DisplayName, UserPrincipalName, Mail, AccountEnabled",
)
CHECK_RECIPIENT = Step(
    "Find out what Exchange has under the address",
    "UserMailbox: the mailbox is in Exchange Online. MailUser with an external address: the mailbox is elsewhere, on-premises "
    "or in another organization. Then do not assign a license or switch Exchange Online on: that can make a second, empty "
    "mailbox, and mail is split between the two.",
    MAILBOXES,
    "Get-Recipient -Identity {mailbox} -IncludeSoftDeletedRecipients |\n"
    "    Format-List Name, RecipientTypeDetails, PrimarySmtpAddress, ExternalEmailAddress, ExchangeGuid",
    about=Subject.MAILBOX,
)
INBOX_RULES = Step(
    "Look for Inbox rules and forwarding that the person did not make",
    "Attackers hide rules, so the command lists hidden ones too. Keep a copy of what it shows. Then switch a rule off with "
    "Disable-InboxRule, and do not remove it until the case is closed.",
    command="""Get-InboxRule -Mailbox {mailbox} -IncludeHidden |
    Format-List Name, Enabled, Description, MoveToFolder, DeleteMessage, ForwardTo, RedirectTo
Get-Mailbox -Identity {mailbox} | Format-List ForwardingAddress, ForwardingSmtpAddress, DeliverToMailboxAndForward""",
    about=Subject.MAILBOX,
)
