"""The tenants' Graphs on one event loop: a session for each, what is kept from it, and which tenant a mailbox is in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from triage import deadlines
from triage.addresses import domain_of
from triage.graph.etd_app import read_app
from triage.graph.evidence import Answer, AppEvidence, Lack, Reason, State
from triage.graph.kept import READ_NOW, Kept
from triage.graph.models.applications import ServicePrincipal
from triage.graph.models.directory import Organization
from triage.graph.models.licenses import SubscribedSku
from triage.graph.probes import probe
from triage.graph.questions import applications, directory
from triage.graph.reading import read_list, read_one
from triage.graph.session import GraphSession
from triage.intake.failure import RemediationFailure
from triage.settings import Settings, Tenant

T = TypeVar("T")


class TenantGraph:
    """One tenant's Graph: its session, opened when it is first needed, and what is kept about the tenant and the app.

    `same_app` are the other configured tenants with the same app of Email Threat Defense.
    """

    def __init__(self, settings: Settings, tenant: Tenant) -> None:
        self.tenant = tenant
        self.same_app: Sequence[TenantGraph] = ()
        self._settings = settings
        self._session: GraphSession | None = None
        self.organization: Kept[Answer[Organization]] = Kept(self._read_organization, lambda answer: [answer])
        self.subscribed_skus: Kept[Answer[list[SubscribedSku]]] = Kept(self._read_skus, lambda answer: [answer])
        self.app: Kept[AppEvidence] = Kept(self._read_app, AppEvidence.answers)
        self.probes: Kept[list[Answer[Any]]] = Kept(self._probe, lambda answers: answers, failed_seconds=60.0)

    @property
    def session(self) -> GraphSession:
        """The session, opened now if it was not open yet."""
        if self._session is None:
            self._session = GraphSession(self._settings, self.tenant)
        return self._session

    async def close(self) -> None:
        """Closes the session, if it was opened."""
        if self._session is not None:
            await self._session.close()

    async def _read_organization(self) -> Answer[Organization]:
        answer = (await read_list(self.session.batcher, directory.organization(), Organization)).first()
        if answer.value is not None and answer.value.id != self.tenant.tenant_id:
            return answer.unread(Reason.UNAUTHENTICATED)
        return answer

    def doubt(self, organization: Answer[Organization]) -> Lack | None:
        """Why what was read may be another tenant's, so that it is no evidence; None if it is this tenant's.

        Either the token names the tenant, or the organization does. A managed identity gets tokens of its home tenant
        only, without an error.
        """
        proven = self.session.tenant_proven and organization.reason is not Reason.UNAUTHENTICATED
        if proven or organization.state is State.READ:
            return None
        return replace(organization, state=State.UNREAD).lack

    async def _own(self, reading: Awaitable[Answer[T]]) -> Answer[T]:
        """An answer, if it is this tenant's."""
        organization, answer = await asyncio.gather(self.organization.newest(), reading)
        doubt = self.doubt(organization)
        return answer.disowned(doubt) if doubt else answer

    async def _read_skus(self) -> Answer[list[SubscribedSku]]:
        return await self._own(read_list(self.session.batcher, directory.subscribed_skus(), SubscribedSku))

    async def audited_app(self) -> AppEvidence:
        """The app, read now for an audit. What was read replaces what was kept."""
        read = partial(self._read_app, for_audit=True)
        _, app = await asyncio.gather(self.organization.get(since=READ_NOW), self.app.get(since=READ_NOW, read=read))
        return app

    async def _read_app(self, *, for_audit: bool = False) -> AppEvidence:
        """The app, read now; if it was not found here, whether it is in another configured tenant.

        For an audit with the name of every grant, and with what replaces credentials that expire soon.
        """
        app_id = self.tenant.app_id
        if app_id is None:
            return AppEvidence(Answer("service_principal"))
        ahead = timedelta(days=self._settings.credential_warning_days if for_audit else 0)
        organization, app = await asyncio.gather(
            self.organization.newest(), read_app(self.session, app_id, names=for_audit, ahead=ahead)
        )
        if (doubt := self.doubt(organization)) is not None:
            return app.disowned(doubt)
        if not self.same_app or app.service_principal.value or app.deleted_service_principal.value:
            return app
        return replace(app, app_elsewhere=await self._app_elsewhere(app_id))

    async def _app_elsewhere(self, app_id: str) -> Answer[ServicePrincipal]:
        """The app in the first other tenant that has it: whose accounts it can access is the same in every tenant.

        Absent if it is in none of them; unread if it was found in none, and one of them could not be read.
        """
        question = applications.app_elsewhere(app_id)
        nowhere: Answer[ServicePrincipal] = Answer(question.check, State.ABSENT, request=str(question))
        try:
            async with asyncio.timeout(deadlines.OWNER):
                for other in self.same_app:
                    answer = await other.find_app(app_id)
                    if answer.value is not None:
                        return answer
                    if nowhere.known and not answer.known:
                        nowhere = answer
        except TimeoutError:
            return nowhere.unread(Reason.TIMEOUT)
        return nowhere

    async def find_app(self, app_id: str) -> Answer[ServicePrincipal]:
        """The app in this tenant, asked for another tenant."""
        question = applications.app_elsewhere(app_id)
        answer = await self._own(read_one(self.session.batcher, question, ServicePrincipal))
        if answer.value is not None and answer.value.sign_in_audience is None:
            return answer.unread(Reason.UNAVAILABLE)
        return answer

    async def _probe(self) -> list[Answer[Any]]:
        """The probes. Kept whatever they say, so they end in time: who asks must not be able to repeat them at will."""
        try:
            async with asyncio.timeout(deadlines.HEALTH_GRAPH):
                organization = await self.organization.get()
                if organization.reason is Reason.UNAUTHENTICATED:
                    return [organization]
                return await probe(self.session, organization)
        except TimeoutError:
            return [Answer("organization", State.UNREAD, reason=Reason.TIMEOUT)]


class Tenants:
    """All configured tenants."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._graphs = {tenant.tenant_id: TenantGraph(settings, tenant) for tenant in settings.tenants}
        for graph in self._graphs.values():
            graph.same_app = [
                other
                for other in self._graphs.values()
                if other is not graph and other.tenant.app_id is not None and other.tenant.app_id == graph.tenant.app_id
            ]

    def graph(self, tenant: Tenant) -> TenantGraph:
        """The Graph of a configured tenant."""
        return self._graphs[tenant.tenant_id]

    async def close(self) -> None:
        """Closes every session."""
        await asyncio.gather(*(graph.close() for graph in self._graphs.values()))

    async def owner(self, failure: RemediationFailure, *, since: float = 0.0) -> Tenant | Answer[Organization] | None:
        """The tenant of a failure that names none: by its mailbox's domain, as configured, otherwise as Graph says.

        None if the domain is verified in none of the configured tenants; an unread answer if one could not be read.
        `since`: as in Kept.get.
        """
        domain = domain_of(failure.mailbox)
        if tenant := self._settings.tenant_of_domain(domain):
            return tenant
        graphs = list(self._graphs.values())
        answers = await asyncio.gather(*(graph.organization.get(since=since) for graph in graphs))
        for graph, answer in zip(graphs, answers, strict=True):
            if answer.state is State.READ and answer.value is not None and answer.value.verifies(domain):
                return graph.tenant
        return next((answer for answer in answers if not answer.known), None)
