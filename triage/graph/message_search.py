"""Looks for a message in a mailbox: its copies, and the folders that they are in.

What does not depend on an answer is asked together; a folder that can't change where the message is, is not asked about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from triage.graph.evidence import Answer, Evidence, Lack, Reason, State
from triage.graph.message_trace import own_refusal, trace_window
from triage.graph.models.mail import MailFolder, Message, MessageRule, MessageTrace
from triage.graph.questions import exchange, mail
from triage.graph.reading import Reader
from triage.intake.failure import RemediationFailure

# The folders whose place in a mailbox decides what a message in them means. Their names work in every language.
# The folders that a message most often goes to from the Inbox come first: they can make the others unnecessary.
WELL_KNOWN_FIRST = ("deleteditems", "junkemail")
WELL_KNOWN = (*WELL_KNOWN_FIRST, "archive", "sentitems")
# Folders that may be hidden, and that nobody created to keep quarantined mail in.
WELL_KNOWN_HIDDEN = ("recoverableitemsdeletions", "searchfolders", "conflicts", "localfailures", "serverfailures",
                     "syncissues", "conversationhistory", "clutter", "outbox", "scheduled")  # fmt: skip
MAX_HIDDEN_FOLDERS = 20
_IS_HIDDEN = "isHidden"
MAX_FOLDERS = 40  # those of the copies, and the folders above them


class MessageSearch:
    """Fills in what the evidence says about one message."""

    def __init__(self, reader: Reader, evidence: Evidence, failure: RemediationFailure) -> None:
        self._reader = reader
        self._evidence = evidence
        self._failure = failure
        self._message_id = failure.internet_message_id

    async def copies(self, user: str) -> None:
        """The copies in the mailbox's folders and in Recoverable Items."""
        message_id = self._message_id
        if message_id is not None:
            self._evidence.message, self._evidence.recoverable_items = await asyncio.gather(
                self._reader.many(mail.message(user, message_id), Message),
                self._reader.many(mail.recoverable_items(user, message_id), Message),
            )

    async def places(self, user: str) -> None:
        """Which folders hold a copy; if none does, what the search of the whole mailbox may leave out."""
        evidence = self._evidence
        inbox = evidence.mailbox.value
        parents = {message.parent_folder_id for message in evidence.message.value or [] if message.parent_folder_id}
        if inbox is not None and inbox.id in parents:
            return
        if not parents:
            await asyncio.gather(self._hidden(user), self._snoozed(user))
            await self._trace()
            return
        await self._well_known(user, WELL_KNOWN_FIRST)
        other = sorted(parents - self._known_folders())
        if not other:
            return
        folders, _, self._evidence.inbox_rules = await asyncio.gather(
            self._folders(user, other),
            self._well_known(user, WELL_KNOWN[len(WELL_KNOWN_FIRST) :]),
            self._reader.many(mail.inbox_rules(user), MessageRule),
        )
        evidence.folders.update(await self._visibility(user, folders))
        await self._above(user)
        if any(answer.value and answer.value.is_hidden for answer in evidence.folders.values()):
            await self._well_known(user, WELL_KNOWN_HIDDEN)

    async def _above(self, user: str) -> None:
        """The folders above those of the copies, up to one that is known: Deleted Items may be among them."""
        folders, inbox = self._evidence.folders, self._evidence.mailbox.value
        while True:
            ends = (inbox.id, inbox.parent_folder_id) if inbox else ()
            seen = {*self._known_folders(), *folders, *ends}
            visible = (answer.value for answer in folders.values() if answer.value and not answer.value.is_hidden)
            above = {folder.parent_folder_id for folder in visible if folder.parent_folder_id} - seen
            if not above:
                return
            if len(folders) > MAX_FOLDERS:
                limit = f"the service follows at most {MAX_FOLDERS} folders upward"
                unread: Answer[MailFolder] = Answer(mail.folder("", "").check)
                folders.update(dict.fromkeys(above, unread.unread(Reason.TOO_MANY, detail=limit)))
                return
            folders.update(await self._folders(user, sorted(above)))

    async def _trace(self) -> None:
        """Where a message went that is nowhere in the mailbox."""
        evidence, failure = self._evidence, self._failure
        searches = (evidence.recoverable_items, evidence.snoozed, *evidence.hidden_messages.values())
        window = trace_window(failure.occurred_at, evidence.now)
        found = any(search.value or search.state is State.UNREAD for search in searches)
        if found or window is None or not failure.names_message or not evidence.tenant.in_public_cloud:
            return
        question = exchange.message_trace(failure.internet_message_id or "", *window)
        evidence.message_trace = own_refusal(await self._reader.many(question, MessageTrace))

    async def _snoozed(self, user: str) -> None:
        answer = await self._reader.many(mail.snoozed(user, self._message_id or ""), Message)
        self._evidence.snoozed = answer
        if answer.value:
            await self._well_known(user, ("scheduled",))  # for its name

    async def _hidden(self, user: str) -> None:
        """Looks into the hidden folders that have something in them."""
        evidence = self._evidence
        answer = await self._with_visibility(user, await self._reader.many(mail.hidden_folders(user), MailFolder))
        hidden = [folder.id for folder in answer.value or [] if folder.is_hidden and folder.id and folder.holds_items]
        if len(hidden) > MAX_HIDDEN_FOLDERS:
            limit = f"the service looks into at most {MAX_HIDDEN_FOLDERS} hidden folders; the mailbox has {len(hidden)}"
            evidence.hidden_folders = answer.unread(Reason.TOO_MANY, detail=limit)
            return
        message_id = self._message_id or ""
        searched = await asyncio.gather(
            *(self._reader.many(mail.hidden_folder(user, folder, message_id), Message) for folder in hidden)
        )
        if any(messages.value for messages in searched):
            # A folder that Exchange knows by a name was not made to keep quarantined mail in.
            await self._well_known(user, WELL_KNOWN_HIDDEN)
        evidence.hidden_folders = answer
        evidence.hidden_messages = dict(zip(hidden, searched, strict=True))

    async def _visibility(self, user: str, folders: dict[str, Answer[MailFolder]]) -> dict[str, Answer[MailFolder]]:
        """The folders, and for a cloud without `isHidden` whether they are: then the list of the parent leaves them out."""
        unclear = {
            answer.value.parent_folder_id
            for answer in folders.values()
            if answer.value and _IS_HIDDEN in answer.lacks and answer.value.parent_folder_id
        }
        parents = sorted(unclear)
        lists = await asyncio.gather(*(self._visible(user, parent) for parent in parents))
        seen = dict(zip(parents, lists, strict=True))
        return {name: _judged(answer, seen) for name, answer in folders.items()}

    async def _with_visibility(self, user: str, answer: Answer[list[MailFolder]]) -> Answer[list[MailFolder]]:
        """The top-level folders, and for a cloud without `isHidden` whether they are hidden."""
        if answer.value is None or _IS_HIDDEN not in answer.lacks:
            return answer
        visible = await self._visible(user, "msgfolderroot")
        if visible.value is None:
            return answer.unread(visible.lack.reason, visible.permission, visible.detail)
        return replace(answer, value=_marked(answer.value, visible.value))

    async def _visible(self, user: str, parent: str) -> Answer[list[MailFolder]]:
        return await self._reader.many(mail.visible_folders(user, parent), MailFolder)

    def _known_folders(self) -> set[str]:
        folders = (answer.value for answer in self._evidence.well_known.values())
        return {folder.id for folder in folders if folder and folder.id}

    async def _well_known(self, user: str, names: Sequence[str]) -> None:
        self._evidence.well_known.update(await self._folders(user, names))

    async def _folders(self, user: str, folders: Sequence[str]) -> dict[str, Answer[MailFolder]]:
        answers = await asyncio.gather(*(self._reader.one(mail.folder(user, folder), MailFolder) for folder in folders))
        return dict(zip(folders, answers, strict=True))


def _judged(answer: Answer[MailFolder], visible: dict[str, Answer[list[MailFolder]]]) -> Answer[MailFolder]:
    folder = answer.value
    if folder is None or _IS_HIDDEN not in answer.lacks:
        return answer
    siblings = visible.get(folder.parent_folder_id or "")
    if siblings is None or siblings.value is None:
        lack = siblings.lack if siblings else Lack(check=answer.check, reason=Reason.UNSUPPORTED)
        return answer.unread(lack.reason, lack.permission, lack.detail)
    return replace(answer, value=_marked([folder], siblings.value)[0])


def _marked(folders: Sequence[MailFolder], visible: Sequence[MailFolder]) -> list[MailFolder]:
    ids = {folder.id for folder in visible}
    return [folder.model_copy(update={"is_hidden": folder.id not in ids}) for folder in folders]
