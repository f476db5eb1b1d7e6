"""What comes first while a message can be opened: the person. Warn them, or, where it was read, ask and contain.

A shared, room or equipment mailbox belongs to nobody: whoever may open it is asked.
"""

from __future__ import annotations

from triage.diagnosis.case import Case, has_no_owner
from triage.diagnosis.causes import Subject
from triage.diagnosis.place import Location, Place
from triage.diagnosis.portals import SIGN_INS, USER
from triage.diagnosis.shell import PASSWORD_RESET
from triage.diagnosis.steps import INBOX_RULES, Step

WARN = Step(
    "Warn the person",
    "The message can be opened in {mailbox}, and nobody is known to have read it. Send this text, not as a reply to the message: "
    '"Please do not open {the_message}. {verdict} We are removing it. If you have opened it, or clicked something in it, '
    'tell us right away."',
    about=Subject.MESSAGE,
)
ASK = Step(
    "Ask the person what they did with the message",
    "In {mailbox}, the message is marked as read. A preview can do that too, so ask. Send this text, not as a reply to the "
    'message: "You received {the_message}. {verdict} Please do not open it again, and tell us: Did you follow a link or '
    "scan a code in it? Did you enter a password or approve a sign-in? Did you open an attachment? Did you reply, or pay "
    'something? Tell us also if you are not sure; you will not be blamed."',
    about=Subject.MESSAGE,
)
ASK_SENDER = Step(
    "Ask the person whether they sent the message",
    "The copy in Sent Items says that the message was sent from {mailbox}. Call the person, since somebody else may read "
    "the mailbox: did they send {the_message}? If not, somebody else has access to the account.",
    about=Subject.MESSAGE,
)
_USERS_OF_MAILBOX = """Get-MailboxPermission -Identity {mailbox} | Where-Object {{ -not $_.IsInherited -and $_.User -notlike 'NT AUTHORITY*' }} |
    Format-Table User, AccessRights"""
WARN_MEMBERS = Step(
    "Warn everyone who uses the mailbox",
    "The message can be opened in {mailbox}, and nobody is known to have read it. It is a mailbox of type {purpose}, so it has "
    "no owner: the command lists who has access. Send them this text, not as a reply to the message: "
    '"Please do not open {the_message} in {mailbox}. {verdict} We are removing it. If you have opened it, or clicked '
    'something in it, tell us right away."',
    command=_USERS_OF_MAILBOX,
    about=Subject.MESSAGE,
)
ASK_MEMBERS = Step(
    "Ask everyone who uses the mailbox what they did with the message",
    "In {mailbox}, the message is marked as read. It is a mailbox of type {purpose}, so it has no owner: the command lists "
    'who has access. Send them this text, not as a reply to the message: "{mailbox} received {the_message}. {verdict} '
    "Please do not open it, and tell us: Who opened it? Did you follow a link or scan a code in it, enter a password, "
    'approve a sign-in, open an attachment, or reply? Tell us also if you are not sure; you will not be blamed."',
    command=_USERS_OF_MAILBOX,
    about=Subject.MESSAGE,
)


_SECURE = "If they entered a password, approved a sign-in, opened an attachment, or are not sure: secure the account"
_SHOW = """Get-MgUser -UserId {person_id} -Property DisplayName, UserPrincipalName, OnPremisesSyncEnabled |
    Format-List DisplayName, UserPrincipalName, OnPremisesSyncEnabled
"""
SECURE = Step(
    _SECURE,
    "The command shows the account, sets a new password, and ends every session. Tell the person the password by phone, "
    "and check with them which sign-in methods the account has.",
    USER,
    f"""{_SHOW}$password = (New-Guid).ToString() + 'aA!'
Update-MgUser -UserId {{person_id}} -PasswordProfile @{{{{ Password = $password; ForceChangePasswordNextSignIn = $true }}}}
Revoke-MgUserSignInSession -UserId {{person_id}}
$password""",
    about=Subject.MESSAGE,
    needs=PASSWORD_RESET,
)
SECURE_SYNCED = Step(
    _SECURE,
    "The user is synced from on-premises: set a new password in Active Directory first. Then the command ends every "
    "session. Check with the person, by phone, which sign-in methods the account has.",
    USER,
    f"{_SHOW}Revoke-MgUserSignInSession -UserId {{person_id}}",
    about=Subject.MESSAGE,
)
CHECK_SIGN_INS = Step(
    "Look at the sign-ins since the message came",
    "Look for places, devices, and apps that are not the person's. The command needs Microsoft Entra ID P1 or P2.",
    SIGN_INS,
    """Get-MgAuditLogSignIn -All -Filter ({person_id:userId eq} + ' and createdDateTime ge ' + {start}) |
    Select-Object CreatedDateTime, AppDisplayName, IPAddress, @{{ Name = 'Country'; Expression = {{ $_.Location.CountryOrRegion }} }},
        @{{ Name = 'Error'; Expression = {{ $_.Status.ErrorCode }} }} | Format-Table""",
    about=Subject.MESSAGE,
)

_CONTAIN = (SECURE, CHECK_SIGN_INS, INBOX_RULES)
FIRST_STEPS = {
    "Not read": (WARN,),
    "Read": (ASK, *_CONTAIN),
    "In Sent Items": (ASK_SENDER, *_CONTAIN),
    "In a shared mailbox, not read": (WARN_MEMBERS,),
    "In a shared mailbox, read": (ASK_MEMBERS, *_CONTAIN),
}
"""By the situation, as docs/causes.md names it."""


def first_steps(case: Case, place: Place, *, exposed: bool | None) -> tuple[Step, ...]:
    """What is to be done about the person, before anything else; nothing if nobody can open the message."""
    if not exposed:
        return ()
    person = case.evidence.user.value or case.evidence.alias.value
    shared = has_no_owner(case.evidence)
    if shared:
        when = "In a shared mailbox, read" if place.is_read else "In a shared mailbox, not read"
    elif place.location is Location.SENT_ITEMS:
        when = "In Sent Items"
    else:
        when = "Read" if place.is_read else "Not read"
    synced = person is not None and person.on_premises_sync_enabled and not shared
    return tuple(SECURE_SYNCED if synced and step is SECURE else step for step in FIRST_STEPS[when])
