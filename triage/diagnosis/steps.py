"""What remedies are made of: the step, and the steps that several causes share.

Cisco's page "Troubleshoot Email Threat Defense Remediation" gives the remedies of its four scenarios; the others are
Microsoft's own for the state that was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from triage.diagnosis.causes import Subject
from triage.diagnosis.portals import MAILBOXES, MESSAGE_TRACE, USERS
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


TRIAGE_AGAIN = "Then triage the failure again: POST /api/findings/<id>/retriage."

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
TRACE = Step(
    "Trace the message",
    "{traceable} The trace shows whether Exchange Online delivered it, quarantined it, or rejected it.",
    MESSAGE_TRACE,
    "Get-MessageTraceV2 -MessageId {internet_message_id} -RecipientAddress {mailbox} -StartDate {start} -EndDate {end} |\n"
    "    Format-List Received, SenderAddress, Subject, Status, MessageTraceId",
    about=Subject.MESSAGE,
)
SEARCH_OTHER_COPIES = Step(
    "Look for other copies",
    "Other people may have received the same message. Search for it in Email Threat Defense by its sender or subject.",
)
FIND_BY_SEARCH = Step(
    "Find the message with a content search",
    "The search deletes nothing. It must find no more than the copies of this message; if it finds others, narrow its "
    "query by the sender first, such as AND (From:name@example.com).",
    command="""if (-not (Get-ComplianceSearch -Identity {search_name} -ErrorAction SilentlyContinue)) {{
    New-ComplianceSearch -Name {search_name} -ExchangeLocation {mailbox} `
        -ContentMatchQuery ('(Subject:' + {subject:kql} + ') AND (Received:' + {received} + ')')
}}
Start-ComplianceSearch -Identity {search_name}
while ((Get-ComplianceSearch -Identity {search_name}).Status -notin 'Completed', 'Failed') {{ Start-Sleep -Seconds 10 }}
Get-ComplianceSearch -Identity {search_name} | Format-List Status, Items, ContentMatchQuery, SuccessResults""",
    about=Subject.MESSAGE,
)
PURGE_BY_SEARCH = Step(
    "Delete what the search found",
    "The command shows once more what was found, and PowerShell asks before it deletes it. SoftDelete moves it to "
    "Recoverable Items, where only a restore brings it back. It takes at most ten items of a mailbox at once, and a "
    "mailbox on hold keeps a copy that the person does not see.",
    command="""Get-ComplianceSearch -Identity {search_name} | Format-List Status, Items, ContentMatchQuery, SuccessResults
New-ComplianceSearchAction -SearchName {search_name} -Purge -PurgeType SoftDelete""",
    about=Subject.MESSAGE,
)
_ON_PREMISES = (
    "Search-Mailbox -Identity {mailbox} -SearchQuery ('Subject:' + {subject:kql} + ' AND Received:' + {received})"
)
FIND_ON_PREMISES = Step(
    "Find the message on the on-premises server",
    "The command counts what it finds, and deletes nothing. It must find no more than the copies of this message.",
    command=f"{_ON_PREMISES} -EstimateResultOnly",
    about=Subject.MESSAGE,
)
DELETE_ON_PREMISES = Step(
    "Delete it on the on-premises server",
    "The command deletes what the command before counted. PowerShell asks before it does.",
    command=f"{_ON_PREMISES} -DeleteContent",
    about=Subject.MESSAGE,
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
