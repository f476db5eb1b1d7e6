"""Asks Graph what a failure needs, in as few round trips as the questions allow, within one deadline.

What does not depend on an answer is asked together; a question that the answers so far make needless is not asked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, TypeVar

from triage.addresses import domain_of
from triage.graph.evidence import Answer, AppEvidence, Evidence, Reason, State
from triage.graph.models import MailboxSettings, MailFolder, Message, Organization, Recipient, TenantInformation, User
from triage.graph.questions import Question, applications, directory, mail
from triage.graph.reading import read_list, read_one
from triage.graph.tenants import TenantGraph
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario

T = TypeVar("T")

# What Entra puts in front of a deleted user's UPN: its object id, with or without dashes.
_OBJECT_ID = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?")

# The folders whose place in a mailbox decides what a message in them means. Their names work in every language.
# The folders that a message most often goes to from the Inbox come first: they can make the others unnecessary.
WELL_KNOWN_FIRST = ("deleteditems", "junkemail")
WELL_KNOWN = (*WELL_KNOWN_FIRST, "archive", "sentitems")
# Folders that may be hidden, and that nobody created to keep quarantined mail in.
WELL_KNOWN_HIDDEN = ("recoverableitemsdeletions", "searchfolders", "conflicts", "localfailures", "serverfailures",
                     "syncissues", "conversationhistory", "clutter", "outbox", "scheduled")  # fmt: skip
MAX_HIDDEN_FOLDERS = 20

# Errors that say that there is no mailbox: the message is looked for only if there is one after all.
_MAILBOX_IN_DOUBT = (Scenario.INVALID_USER, Scenario.MAILBOX_UNAVAILABLE)


async def collect(
    graph: TenantGraph, failure: RemediationFailure, scenario: Scenario, *, fresh: bool = False,
    seconds: float,
) -> Evidence:  # fmt: skip
    """The evidence for one failure. Never raises for what Graph does: an unread answer says why it is unread.

    What has no answer within `seconds` is unread with the reason `timeout`. `fresh`: nothing that was kept is used.
    """
    collector = _Collector(graph, failure, scenario, fresh=fresh, seconds=seconds)
    await collector.run()
    evidence = collector.evidence
    organization = evidence.organization.value
    if organization is not None and organization.id not in (None, graph.tenant.tenant_id):
        # The token was for another tenant than the one that was meant.
        return evidence.all_unread(Reason.UNAUTHENTICATED)
    return evidence


class _Collector:
    """Fills the evidence. A new piece of it is a field in Evidence, and a line here that reads it."""

    def __init__(
        self, graph: TenantGraph, failure: RemediationFailure, scenario: Scenario, *, fresh: bool, seconds: float
    ) -> None:
        self.evidence = Evidence(graph.tenant)
        self._graph = graph
        self._batcher = graph.session.batcher
        self._failure = failure
        self._scenario = scenario
        self._fresh = fresh
        self._deadline = asyncio.get_running_loop().time() + seconds

    async def run(self) -> None:
        await _all(self._tenant(), self._person(), self._app())

    async def _tenant(self) -> None:
        self.evidence.organization = await self._organization(fresh=self._fresh)

    async def _organization(self, *, fresh: bool) -> Answer[Organization]:
        return await self._in_time(self._graph.organization.get(fresh=fresh), _late(directory.organization()))

    async def _app(self) -> None:
        if self._graph.tenant.app_id:
            late = AppEvidence(_late(applications.service_principal(self._graph.tenant.app_id)))
            self.evidence.app = await self._in_time(self._graph.app.get(fresh=self._fresh), late)

    async def _person(self) -> None:
        """The user and, in the same round trip, the mailbox. Other owners of the address only if no user has it."""
        address, evidence = self._failure.mailbox, self.evidence
        address_in_doubt = self._scenario is Scenario.INVALID_USER
        await _all(
            self._user(address),
            self._mailbox(address, in_doubt=self._scenario in _MAILBOX_IN_DOUBT),
            *((self._other_users(address),) if address_in_doubt else ()),
        )
        if evidence.user.state is State.ABSENT and not address_in_doubt:
            await self._other_users(address)
        if evidence.alias.value is not None and evidence.mailbox.state is State.ABSENT:
            # Exchange did not know the mailbox by this address; it may know it by its owner's id.
            await self._mailbox(evidence.alias.value.id or address)
        person = evidence.user.value or evidence.alias.value
        if person is None and evidence.user.state is State.ABSENT and evidence.alias.state is State.ABSENT:
            await self._no_person(address)
        elif person is not None and person.assigned_plans == [] and evidence.mailbox.state is State.READ:
            settings = await self._one(mail.mailbox_purpose(person.id or address), MailboxSettings)
            evidence.mailbox_purpose = settings.map(lambda value: value.purpose)

    async def _user(self, address: str) -> None:
        self.evidence.user = await self._one(directory.user(address), User)

    async def _other_users(self, address: str) -> None:
        fits = partial(_is_of, address=address)
        alias, deleted = await asyncio.gather(
            self._list(directory.alias(address), User), self._list(directory.deleted_user(address), User)
        )
        self.evidence.alias, self.evidence.deleted_user = alias.first(fits), deleted.first(fits)

    async def _no_person(self, address: str) -> None:
        """Who has the address if no user has it."""
        evidence = self.evidence
        if evidence.deleted_user.state is State.READ:
            return
        group, contact, _ = await asyncio.gather(
            self._list(directory.group(address), Recipient),
            self._list(directory.contact(address), Recipient),
            self._domain_owner(domain_of(address)),
        )
        evidence.group, evidence.contact = group.first(), contact.first()

    async def _domain_owner(self, domain: str) -> None:
        # It is being read at the same time, and may not be in the evidence yet.
        organization = (await self._organization(fresh=False)).value
        if organization is not None and not organization.verifies(domain):
            self.evidence.domain_owner = await self._one(directory.domain_owner(domain), TenantInformation)

    async def _mailbox(self, user: str, *, in_doubt: bool = False) -> None:
        """Whether the mailbox answers, and where the message is in it: asked together unless it is `in_doubt`."""
        evidence = self.evidence
        if in_doubt:
            await self._inbox(user)
            if evidence.mailbox.state is State.READ:
                await self._copies(user)
        else:
            await _all(self._inbox(user), self._copies(user))
        if evidence.mailbox.state is State.READ and evidence.message.state is State.READ:
            await self._places(user)

    async def _inbox(self, user: str) -> None:
        self.evidence.mailbox = await self._one(mail.mailbox(user), MailFolder)

    async def _copies(self, user: str) -> None:
        message_id = self._failure.internet_message_id
        if message_id is not None:
            self.evidence.message, self.evidence.recoverable_items = await asyncio.gather(
                self._list(mail.message(user, message_id), Message),
                self._list(mail.recoverable_items(user, message_id), Message),
            )

    async def _places(self, user: str) -> None:
        """Which folders hold a copy; if none does, what is in the hidden folders."""
        evidence = self.evidence
        inbox = evidence.mailbox.value
        parents = {message.parent_folder_id for message in evidence.message.value or [] if message.parent_folder_id}
        if inbox is not None and inbox.id in parents:
            return
        if not parents:
            if not evidence.recoverable_items.value:
                await self._hidden(user)
            return
        await self._well_known(user, WELL_KNOWN_FIRST)
        other = sorted(parents - self._known_folders())
        if not other:
            return
        folders, _ = await asyncio.gather(
            self._folders(user, other), self._well_known(user, WELL_KNOWN[len(WELL_KNOWN_FIRST) :])
        )
        evidence.folders.update(folders)
        if any(answer.value and answer.value.is_hidden for answer in evidence.folders.values()):
            await self._well_known(user, WELL_KNOWN_HIDDEN)

    async def _hidden(self, user: str) -> None:
        """Looks into the hidden folders that have something in them, except those that nobody created."""
        evidence = self.evidence
        answer = await self._list(mail.hidden_folders(user), MailFolder)
        hidden = [folder.id for folder in answer.value or [] if folder.is_hidden and folder.id and folder.holds_items]
        if len(hidden) > MAX_HIDDEN_FOLDERS:
            evidence.hidden_folders = answer.unread(Reason.UNAVAILABLE)
            return
        message_id = self._failure.internet_message_id or ""
        searched = await asyncio.gather(
            *(self._list(mail.hidden_folder(user, folder, message_id), Message) for folder in hidden)
        )
        found = dict(zip(hidden, searched, strict=True))
        if any(messages.state is not State.READ or messages.value for messages in searched):
            await self._well_known(user, WELL_KNOWN_HIDDEN)
            known = self._known_folders()
            found = {folder: messages for folder, messages in found.items() if folder not in known}
        evidence.hidden_folders, evidence.hidden_messages = answer, found

    def _known_folders(self) -> set[str]:
        folders = (answer.value for answer in self.evidence.well_known.values())
        return {folder.id for folder in folders if folder and folder.id}

    async def _well_known(self, user: str, names: Sequence[str]) -> None:
        self.evidence.well_known.update(await self._folders(user, names))

    async def _folders(self, user: str, folders: Sequence[str]) -> dict[str, Answer[MailFolder]]:
        answers = await asyncio.gather(*(self._one(mail.folder(user, folder), MailFolder) for folder in folders))
        return dict(zip(folders, answers, strict=True))

    async def _one(self, question: Question, kind: type[T]) -> Answer[T]:
        return await self._in_time(read_one(self._batcher, question, kind), _late(question))

    async def _list(self, question: Question, kind: type[T]) -> Answer[list[T]]:
        return await self._in_time(read_list(self._batcher, question, kind), _late(question))

    async def _in_time(self, reading: Awaitable[T], late: T) -> T:
        """What is read before the deadline, or `late`."""
        try:
            async with asyncio.timeout_at(self._deadline):
                return await reading
        except TimeoutError:
            return late


def _late(question: Question) -> Answer[Any]:
    return Answer(question.check, State.UNREAD, request=str(question), reason=Reason.TIMEOUT)


async def _all(*readings: Awaitable[None]) -> None:
    await asyncio.gather(*readings)


def _is_of(user: User, address: str) -> bool:
    """Whether a user that a search found has the address: `endsWith` also finds longer addresses."""
    if user.has_address(address):
        return True
    prefix, found, rest = (user.user_principal_name or "").lower().rpartition(address)
    return bool(found) and not rest and bool(_OBJECT_ID.fullmatch(prefix))
