"""Asks Graph what a failure needs, in as few round trips as the questions allow, within one deadline.

What does not depend on an answer is asked together; a question that the answers so far make needless is not asked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial

from triage.addresses import domain_of, without_tag
from triage.graph.evidence import Answer, AppEvidence, Evidence, State
from triage.graph.inbox import own_refusal
from triage.graph.license import license
from triage.graph.message_search import MessageSearch
from triage.graph.models.directory import Organization, Recipient, TenantInformation, User
from triage.graph.models.mail import MailboxSettings, MailFolder
from triage.graph.questions import applications, directory, mail
from triage.graph.reading import Reader, late
from triage.graph.tenants import TenantGraph
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario

# What Entra puts in front of a deleted user's UPN: its object id, with or without dashes.
_OBJECT_ID = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?")

# Errors that say that there is no mailbox: the message is looked for only if there is one after all.
_MAILBOX_IN_DOUBT = (Scenario.INVALID_USER, Scenario.MAILBOX_UNAVAILABLE)


async def collect(
    graph: TenantGraph, failure: RemediationFailure, scenario: Scenario, *, since: float = 0.0,
    seconds: float,
) -> Evidence:  # fmt: skip
    """The evidence for one failure. Never raises for what Graph does: an unread answer says why it is unread.

    What has no answer within `seconds` is unread with the reason `timeout`. `since`: what belongs to the tenant
    or its app was read then or later (Kept.get).
    """
    collector = _Collector(graph, failure, scenario, since=since, seconds=seconds)
    await collector.run()
    evidence = collector.evidence
    doubt = graph.doubt(evidence.organization)
    return evidence.disowned(doubt) if doubt else evidence


class _Collector:
    """Fills the evidence. A new piece of it is a field in Evidence, and a line here that reads it."""

    def __init__(
        self, graph: TenantGraph, failure: RemediationFailure, scenario: Scenario, *, since: float, seconds: float
    ) -> None:
        self.evidence = Evidence(graph.tenant)
        self._graph = graph
        self._failure = failure
        self._scenario = scenario
        self._since = since
        self._reader = Reader(graph.session.batcher, seconds)
        self._search = MessageSearch(self._reader, self.evidence, failure)

    async def run(self) -> None:
        await _all(self._tenant(), self._person(), self._app())

    async def _tenant(self) -> None:
        self.evidence.organization = await self._organization(since=self._since)

    async def _organization(self, *, since: float) -> Answer[Organization]:
        return await self._reader.in_time(self._graph.organization.get(since=since), late(directory.organization()))

    async def _app(self) -> None:
        if self._graph.tenant.app_id:
            app_id = self._graph.tenant.app_id
            unread = AppEvidence(late(applications.service_principal(app_id)))
            if self._graph.same_app:
                unread = replace(unread, app_elsewhere=late(applications.app_elsewhere(app_id)))
            self.evidence.app = await self._reader.in_time(self._graph.app.get(since=self._since), unread)

    async def _person(self) -> None:
        """The user and, in the same round trip, the mailbox. Other owners of the address only if no user has it."""
        address, evidence = self._failure.mailbox, self.evidence
        address_in_doubt = self._scenario is Scenario.INVALID_USER
        await _all(
            self._user(address),
            self._mailbox(address, in_doubt=self._scenario in _MAILBOX_IN_DOUBT),
            *((self._other_users(address),) if address_in_doubt else ()),
        )
        self._own_refusal()
        if evidence.user.state is State.ABSENT and not address_in_doubt:
            await self._other_users(address)
        if evidence.alias.value is not None and evidence.mailbox.state is State.ABSENT:
            # Exchange did not know the mailbox by this address; it may know it by its owner's id.
            await self._mailbox(evidence.alias.value.id or address)
            self._own_refusal()
        if evidence.user.state is State.ABSENT and evidence.alias.state is State.ABSENT:
            await self._no_person(address)
        person = evidence.known_person
        if person is not None and evidence.mailbox.state is State.ABSENT:
            await self._skus(person)
        elif person is not None and person.assigned_plans == [] and evidence.mailbox.state is State.READ:
            settings = await self._reader.one(mail.mailbox_purpose(person.id or address), MailboxSettings)
            evidence.mailbox_purpose = settings.map(lambda value: value.purpose)

    def _own_refusal(self) -> None:
        if self.evidence.user.known:
            self.evidence.mailbox = own_refusal(self.evidence.mailbox)

    async def _skus(self, person: User) -> None:
        """What the tenant's SKUs include, if the cause depends on it."""
        found = license(person, self.evidence.subscribed_skus)
        if found is not None and found.asks_for_skus:
            kept = self._graph.subscribed_skus.get(since=self._since)
            self.evidence.subscribed_skus = await self._reader.in_time(kept, late(directory.subscribed_skus()))

    async def _user(self, address: str) -> None:
        self.evidence.user = await self._reader.one(directory.user(address), User)

    async def _other_users(self, address: str) -> None:
        fits = partial(_is_of, address=address)
        alias, deleted = await asyncio.gather(
            self._reader.many(directory.alias(address), User), self._reader.many(directory.deleted_user(address), User)
        )
        self.evidence.alias, self.evidence.deleted_user = alias.first(fits), deleted.first(fits)

    async def _no_person(self, address: str) -> None:
        """Who has the address if no user has it, and which user has it without its tag."""
        evidence = self.evidence
        group, contact, *_ = await asyncio.gather(
            self._reader.many(directory.group(address), Recipient),
            self._reader.many(directory.contact(address), Recipient),
            self._domain_owner(domain_of(address)),
            self._untagged(without_tag(address)),
        )
        evidence.group, evidence.contact = group.first(), contact.first()
        person = evidence.known_person
        if person is not None and evidence.mailbox.state is State.ABSENT:
            await self._mailbox(person.id or address)
            self._own_refusal()

    async def _untagged(self, address: str | None) -> None:
        if address is not None:
            self.evidence.untagged = (await self._reader.many(directory.untagged(address), User)).first()

    async def _domain_owner(self, domain: str) -> None:
        # It is being read at the same time, and may not be in the evidence yet.
        organization = (await self._organization(since=0.0)).value
        if organization is not None and not organization.verifies(domain):
            self.evidence.domain_owner = await self._reader.one(directory.domain_owner(domain), TenantInformation)

    async def _mailbox(self, user: str, *, in_doubt: bool = False) -> None:
        """Whether the mailbox answers, and where the message is in it: asked together unless it is `in_doubt`."""
        evidence = self.evidence
        if in_doubt:
            await self._inbox(user)
            if evidence.mailbox.state is State.READ:
                await self._search.copies(user)
        else:
            await _all(self._inbox(user), self._search.copies(user))
        if evidence.mailbox.state is State.READ and evidence.message.state is State.READ:
            await self._search.places(user)

    async def _inbox(self, user: str) -> None:
        self.evidence.mailbox = await self._reader.one(mail.mailbox(user), MailFolder)


async def _all(*readings: Awaitable[None]) -> None:
    await asyncio.gather(*readings)


def _is_of(user: User, address: str) -> bool:
    """Whether a user that a search found has the address: `endsWith` also finds longer addresses."""
    if user.has_address(address):
        return True
    prefix, found, rest = (user.user_principal_name or "").lower().rpartition(address)
    return bool(found) and not rest and bool(_OBJECT_ID.fullmatch(prefix))
