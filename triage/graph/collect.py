"""Asks Graph what a failure needs, in as few round trips as the questions allow, within one deadline.

What does not depend on an answer is asked together; a question that the answers so far make needless is not asked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any, TypeVar

from triage.addresses import domain_of
from triage.graph.evidence import Answer, AppEvidence, Evidence, Reason, State
from triage.graph.models import MailFolder, Message, Recipient, Resource, TenantInformation, User
from triage.graph.reading import read_list, read_one
from triage.graph.tenants import TenantGraph
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario

T = TypeVar("T")

# What Entra puts in front of a deleted user's UPN: its object id, with or without dashes.
_OBJECT_ID = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?")

# A triage ends within 60 s (contract, section 2): what is left is for storage.
DEADLINE_SECONDS = 40.0

# The folders whose place in a mailbox decides what a message in them means. Their names work in every language.
# Where a message that left the Inbox most often is comes first: it makes the others needless.
WELL_KNOWN_FIRST = ("deleteditems", "junkemail")
WELL_KNOWN = (*WELL_KNOWN_FIRST, "archive", "sentitems")
# Folders that may be hidden, and that no one made to keep quarantined mail in.
WELL_KNOWN_HIDDEN = ("recoverableitemsdeletions", "searchfolders", "conflicts", "localfailures", "serverfailures",
                     "syncissues", "conversationhistory", "clutter", "outbox", "scheduled")  # fmt: skip
MAX_HIDDEN_FOLDERS = 20

# Texts that say that there is no mailbox: the message is asked about only if there is one after all.
_MAILBOX_IN_DOUBT = (Scenario.INVALID_USER, Scenario.MAILBOX_UNAVAILABLE)


class MailboxPurpose(Resource):
    """`mailboxSettings`, as far as it says what the mailbox is for. Graph gives a string, or an object with one."""

    user_purpose: str | dict[str, Any] | None = None


async def collect(
    graph: TenantGraph, failure: RemediationFailure, scenario: Scenario, *, fresh: bool = False,
    seconds: float = DEADLINE_SECONDS,
) -> Evidence:  # fmt: skip
    """The evidence for one failure. Never raises for what Graph does: an unread answer says why it is one."""
    evidence = Evidence(graph.tenant)
    collector = _Collector(graph, failure, scenario, evidence, fresh)
    try:
        async with asyncio.timeout(seconds):
            await collector.run()
    except TimeoutError:
        collector.out_of_time()
    organization = evidence.organization.value
    if organization is not None and organization.id not in (None, graph.tenant.tenant_id):
        _disown(evidence)
    return evidence


class _Collector:
    def __init__(
        self, graph: TenantGraph, failure: RemediationFailure, scenario: Scenario, evidence: Evidence, fresh: bool
    ) -> None:
        self._graph = graph
        self._batcher = graph.session.batcher
        self._ask = graph.session.questions
        self._failure = failure
        self._scenario = scenario
        self._evidence = evidence
        self._fresh = fresh
        self._wanted: set[str] = set()

    async def run(self) -> None:
        await _all(self._tenant(), self._person(), self._app())

    def out_of_time(self) -> None:
        """What was under way, and what its answer would have led to, is unread."""
        for name in self._wanted:
            answer: Answer[Any] = getattr(self._evidence, name)
            if answer.state is State.NOT_ASKED:
                setattr(self._evidence, name, answer.unread(Reason.TIMEOUT))
        if self._evidence.app is None and self._graph.tenant.app_id:
            service_principal: Answer[Any] = Answer("service_principal", State.UNREAD, reason=Reason.TIMEOUT)
            self._evidence.app = AppEvidence(service_principal)

    async def _set(self, name: str, reading: Awaitable[Answer[Any]]) -> None:
        self._wanted.add(name)
        setattr(self._evidence, name, await reading)

    async def _tenant(self) -> None:
        await self._set("organization", self._graph.organization.get(fresh=self._fresh))

    async def _app(self) -> None:
        if self._graph.tenant.app_id:
            self._evidence.app = await self._graph.app.get(fresh=self._fresh)

    async def _person(self) -> None:
        """The user and, in the same round trip, the mailbox. Who has the address otherwise, only when no user does."""
        address, evidence = self._failure.mailbox, self._evidence
        self._wanted |= {"user", "mailbox"}
        address_questioned = self._scenario is Scenario.INVALID_USER
        await _all(
            self._set("user", read_one(self._batcher, self._ask.user(address), User)),
            self._mailbox(address, in_doubt=self._scenario in _MAILBOX_IN_DOUBT),
            *((self._other_owners(),) if address_questioned else ()),
        )
        if evidence.user.state is State.ABSENT and not address_questioned:
            await self._other_owners()
        if evidence.alias.state is State.READ and evidence.mailbox.state is State.ABSENT and evidence.alias.value:
            # Exchange did not know the mailbox by this address; it may by its owner's id.
            await self._mailbox(evidence.alias.value.id or address)
        person = evidence.user.value or evidence.alias.value
        if person is None and evidence.user.state is State.ABSENT and evidence.alias.state is State.ABSENT:
            await self._no_person(address)
        elif person is not None and person.assigned_plans == [] and evidence.mailbox.state is State.READ:
            await self._set("mailbox_purpose", self._purpose(person.id or address))

    async def _other_owners(self) -> None:
        address = self._failure.mailbox
        await _all(
            self._set("alias", self._find(self._ask.alias(address), User, address)),
            self._set("deleted_user", self._find(self._ask.deleted_user(address), User, address)),
        )

    async def _no_person(self, address: str) -> None:
        """Whose address it is when it is no user's."""
        evidence = self._evidence
        if evidence.deleted_user.state is State.READ:
            return
        await _all(
            self._set("group", self._find(self._ask.group(address), Recipient)),
            self._set("contact", self._find(self._ask.contact(address), Recipient)),
            self._domain_owner(domain_of(address)),
        )

    async def _domain_owner(self, domain: str) -> None:
        organization = await self._graph.organization.get()
        if organization.state is State.READ and organization.value and not organization.value.verifies(domain):
            await self._set("domain_owner", read_one(self._batcher, self._ask.domain_owner(domain), TenantInformation))

    async def _find(self, question: Any, kind: type[T], address: str | None = None) -> Answer[T]:
        """The first hit of a search; with an address, the first user that really has it."""
        answer = await read_list(self._batcher, question, kind)
        if address is None or answer.state is not State.READ:
            return answer.first()
        hits = [user for user in answer.value or [] if isinstance(user, User) and _is_of(user, address)]
        return Answer(
            answer.check, State.READ if hits else State.ABSENT, hits[0] if hits else None,  # type: ignore[arg-type]
            answer.request, answer.status, answer.error_code,
        )  # fmt: skip

    async def _mailbox(self, user: str, *, in_doubt: bool = False) -> None:
        """Whether the mailbox answers, and where the message is in it: asked together unless it is `in_doubt`."""
        evidence = self._evidence
        inbox = self._set("mailbox", read_one(self._batcher, self._ask.mailbox(user), MailFolder))
        if in_doubt:
            await inbox
            if evidence.mailbox.state is State.READ:
                await self._copies(user)
        else:
            await _all(inbox, self._copies(user))
        if evidence.mailbox.state is State.READ and evidence.message.state is State.READ:
            await self._places(user)

    async def _copies(self, user: str) -> None:
        message_id = self._failure.internet_message_id
        if message_id is not None:
            await _all(
                self._set("message", read_list(self._batcher, self._ask.messages(user, message_id), Message)),
                self._set(
                    "recoverable_items", self._messages_in(user, "recoverableitemsdeletions", "recoverable_items")
                ),
            )

    async def _places(self, user: str) -> None:
        """What the folders are that hold a copy; where none does, a look into the hidden ones."""
        evidence = self._evidence
        inbox = evidence.mailbox.value
        parents = {message.parent_folder_id for message in evidence.message.value or [] if message.parent_folder_id}
        if inbox is not None and inbox.id in parents:
            return
        if not parents:
            if evidence.recoverable_items.state is not State.READ or not evidence.recoverable_items.value:
                await self._hidden(user)
            return
        await self._folders(user, WELL_KNOWN_FIRST)
        other = sorted(parents - self._known_folders())
        if not other:
            return
        folders, _ = await asyncio.gather(
            self._read_folders(user, other), self._folders(user, WELL_KNOWN[len(WELL_KNOWN_FIRST) :])
        )
        evidence.folders.update(folders)
        if any(answer.value and answer.value.is_hidden for answer in evidence.folders.values()):
            await self._folders(user, WELL_KNOWN_HIDDEN)

    async def _hidden(self, user: str) -> None:
        """A look into the hidden folders that have something in them, but for those that no one made."""
        evidence = self._evidence
        self._wanted.add("hidden_folders")
        answer = await read_list(self._batcher, self._ask.hidden_folders(user), MailFolder)
        hidden = [folder.id for folder in answer.value or [] if folder.is_hidden and folder.id and folder.holds_items]
        if len(hidden) > MAX_HIDDEN_FOLDERS:
            evidence.hidden_folders = answer.unread(Reason.UNAVAILABLE)
            return
        searched = await asyncio.gather(*(self._messages_in(user, folder, "hidden_folder") for folder in hidden))
        found = dict(zip(hidden, searched, strict=True))
        if any(messages.state is not State.READ or messages.value for messages in searched):
            await self._folders(user, WELL_KNOWN_HIDDEN)
            known = self._known_folders()
            found = {folder: messages for folder, messages in found.items() if folder not in known}
        evidence.hidden_messages = found
        evidence.hidden_folders = answer

    def _known_folders(self) -> set[str]:
        folders = (answer.value for answer in self._evidence.well_known.values())
        return {folder.id for folder in folders if folder and folder.id}

    async def _folders(self, user: str, names: tuple[str, ...]) -> None:
        self._evidence.well_known.update(await self._read_folders(user, names))

    async def _read_folders(self, user: str, folders: tuple[str, ...] | list[str]) -> dict[str, Answer[MailFolder]]:
        questions = [self._ask.folder(user, folder) for folder in folders]
        answers = await asyncio.gather(*(read_one(self._batcher, question, MailFolder) for question in questions))
        return dict(zip(folders, answers, strict=True))

    async def _messages_in(self, user: str, folder: str, check: str) -> Answer[list[Message]]:
        question = self._ask.messages_in(user, folder, self._failure.internet_message_id or "", check)
        return await read_list(self._batcher, question, Message)

    async def _purpose(self, user: str) -> Answer[str]:
        answer = await read_one(self._batcher, self._ask.mailbox_purpose(user), MailboxPurpose)
        purpose = answer.value.user_purpose if answer.value else None
        text = purpose.get("value") if isinstance(purpose, dict) else purpose
        return Answer(
            answer.check, answer.state, text, answer.request, answer.status, answer.error_code, answer.reason,
            answer.permission,
        )  # fmt: skip


async def _all(*readings: Awaitable[None]) -> None:
    await asyncio.gather(*readings)


def _is_of(user: User, address: str) -> bool:
    """Whether a user that a search found has the address: `endsWith` also finds longer ones."""
    if user.has_address(address):
        return True
    prefix, found, rest = (user.user_principal_name or "").lower().rpartition(address)
    return bool(found) and not rest and bool(_OBJECT_ID.fullmatch(prefix))


def _disown(evidence: Evidence) -> None:
    """Marks all evidence as unread: the token was of another tenant than the one that was meant."""
    for name in Evidence.__slots__:
        value: object = getattr(evidence, name)
        if isinstance(value, Answer):
            setattr(evidence, name, _unauthenticated(value))  # type: ignore[reportUnknownArgumentType]
    if evidence.app is not None:
        evidence.app = evidence.app.all_unread(Reason.UNAUTHENTICATED)
    for answers in (evidence.well_known, evidence.folders, evidence.hidden_messages):
        answers.clear()


def _unauthenticated(answer: Answer[Any]) -> Answer[Any]:
    return answer if answer.state is State.NOT_ASKED else answer.unread(Reason.UNAUTHENTICATED)
