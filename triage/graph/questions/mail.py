"""What Outlook is asked about a mailbox: whether it answers, and where the message is in it."""

from __future__ import annotations

from functools import partial

from triage.graph.questions import absence
from triage.graph.questions.question import Kind, ProbeWith, literal, question, segment

FOLDER = "id,displayName,parentFolderId,isHidden"
# Never a subject, a body, or a sender: Mail.ReadBasic.All is enough.
MESSAGE = "id,parentFolderId,isRead"

# Immutable ids stay the same when a message is moved.
_IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
_mail = partial(question, permission="Mail.ReadBasic.All", headers=_IMMUTABLE, outlook=True)


@_mail("Does the mailbox answer?", probe_with=ProbeWith.USER, absent=absence.FOLDER)
def mailbox(user: str) -> str:
    """The Inbox: whether Exchange Online has a mailbox that answers."""
    return f"{_folder(user, 'inbox')}?$select={FOLDER}"


@_mail("Which folder is it?", kind=Kind.FACT, absent=absence.FOLDER)
def folder(user: str, folder: str) -> str:
    """A folder by id or well-known name."""
    return f"{_folder(user, folder)}?$select={FOLDER}"


@_mail("Which hidden folders are there?", kind=Kind.FACT)
def hidden_folders(user: str) -> str:
    """All top-level folders, hidden ones included."""
    select = f"$select={FOLDER},totalItemCount"
    return f"/users/{segment(user)}/mailFolders?{select}&$top=100&includeHiddenFolders=true"


@_mail("Which folders below it can be seen?", kind=Kind.FACT, absent=absence.FOLDER)
def visible_folders(user: str, parent: str) -> str:
    """The folders below one, without those that are hidden."""
    return f"{_folder(user, parent)}/childFolders?$select=id&$top=100"


@_mail("Is the message in the mailbox's folders?")
def message(user: str, internet_message_id: str) -> str:
    """The copies of a message in all folders except Recoverable Items."""
    return _messages(f"/users/{segment(user)}", internet_message_id)


@_mail("Is the message in Recoverable Items?", kind=Kind.FACT, absent=absence.FOLDER)
def recoverable_items(user: str, internet_message_id: str) -> str:
    """The copies of a message in Recoverable Items."""
    return _messages(_folder(user, "recoverableitemsdeletions"), internet_message_id)


@_mail("Is the message snoozed?", kind=Kind.FACT, absent=absence.FOLDER)
def snoozed(user: str, internet_message_id: str) -> str:
    """The copies of a message in the folder of snoozed mail, which may be hidden."""
    return _messages(_folder(user, "scheduled"), internet_message_id)


@_mail("Is the message in this hidden folder?", kind=Kind.FACT, absent=absence.FOLDER)
def hidden_folder(user: str, folder: str, internet_message_id: str) -> str:
    """The copies of a message in one folder, by the folder's id."""
    return _messages(_folder(user, folder), internet_message_id)


@question(
    "What is the mailbox for?",
    "MailboxSettings.Read",
    kind=Kind.FACT,
    outlook=True,
    probe_with=ProbeWith.USER,
)
def mailbox_purpose(user: str) -> str:
    """What the mailbox is for: user, linked, shared, room, equipment, or others."""
    return f"/users/{segment(user)}/mailboxSettings?$select=userPurpose"


def _folder(user: str, folder: str) -> str:
    return f"/users/{segment(user)}/mailFolders/{segment(folder)}"


def _messages(place: str, internet_message_id: str) -> str:
    has_id = segment(f"internetMessageId eq {literal(internet_message_id)}")
    return f"{place}/messages?$filter={has_id}&$select={MESSAGE}&$top=50"


@question(
    "Which Inbox rules does the mailbox have?",
    "MailboxSettings.Read",
    kind=Kind.FACT,
    headers=_IMMUTABLE,
    outlook=True,
)
def inbox_rules(user: str) -> str:
    """The Inbox rules that Graph shows, with what each does."""
    return f"{_folder(user, 'inbox')}/messageRules?$select=id,displayName,isEnabled,hasError,actions"
