"""Steps that look for a message that Graph does not show, or delete it without Email Threat Defense."""

from __future__ import annotations

from triage.diagnosis.causes import Subject
from triage.diagnosis.portals import MESSAGE_TRACE
from triage.diagnosis.steps import Step

TRACE = Step(
    "Trace the message",
    "{traceable} The trace shows whether Exchange Online delivered it, quarantined it, or rejected it.",
    MESSAGE_TRACE,
    "Get-MessageTraceV2 -MessageId {internet_message_id} -RecipientAddress {mailbox} -StartDate {trace_start} -EndDate {trace_end} |\n"
    "    Format-List Received, SenderAddress, Subject, Status, MessageTraceId",
    about=Subject.MESSAGE,
)
FIND_BY_SEARCH = Step(
    "Find the message with a content search",
    "The search deletes nothing. Graph found {copies} of this message: if the search finds more items, narrow its query by "
    "the sender, such as AND (From:name@example.com), before you go on.",
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
SEARCH_OTHER_COPIES = Step(
    "Look for other copies",
    "Other people may have received the same message. Search for it in Email Threat Defense by its sender or subject.",
)
