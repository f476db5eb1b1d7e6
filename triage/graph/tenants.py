"""The tenants' Graphs on one event loop: a session for each, what is kept from it, and which tenant a mailbox is in."""

from __future__ import annotations

import asyncio
from typing import Any

from triage.addresses import domain_of
from triage.graph.etd_app import read_app
from triage.graph.evidence import Answer, AppEvidence, State
from triage.graph.kept import Kept
from triage.graph.models import Organization
from triage.graph.probes import probe
from triage.graph.questions import directory
from triage.graph.reading import read_list
from triage.graph.session import GraphSession
from triage.intake.failure import RemediationFailure
from triage.settings import Settings, Tenant


class TenantGraph:
    """One tenant's Graph: its session, opened when it is first needed, and what is kept about the tenant and the app."""

    def __init__(self, settings: Settings, tenant: Tenant) -> None:
        self.tenant = tenant
        self._settings = settings
        self._session: GraphSession | None = None
        self.organization: Kept[Answer[Organization]] = Kept(self._read_organization, lambda answer: [answer])
        self.app: Kept[AppEvidence] = Kept(self._read_app, AppEvidence.answers)
        self.probes: Kept[list[Answer[Any]]] = Kept(self._probe, lambda answers: answers)

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
        answer = await read_list(self.session.batcher, directory.organization(), Organization)
        return answer.first()

    async def _read_app(self) -> AppEvidence:
        if self.tenant.app_id is None:
            return AppEvidence(Answer("service_principal"))
        return await read_app(self.session, self.tenant.app_id)

    async def _probe(self) -> list[Answer[Any]]:
        return await probe(self.session, await self.organization.get())


class Tenants:
    """All configured tenants."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._graphs = {tenant.tenant_id: TenantGraph(settings, tenant) for tenant in settings.tenants}

    def graph(self, tenant: Tenant) -> TenantGraph:
        """The Graph of a configured tenant."""
        return self._graphs[tenant.tenant_id]

    async def close(self) -> None:
        """Closes every session."""
        await asyncio.gather(*(graph.close() for graph in self._graphs.values()))

    async def owner(self, failure: RemediationFailure, *, fresh: bool = False) -> Tenant | Answer[Organization] | None:
        """The tenant of a failure that names none: by its mailbox's domain, as configured, otherwise as Graph says.

        None if the domain is verified in none of the configured tenants; an unread answer if one could not be read.
        """
        domain = domain_of(failure.mailbox)
        if tenant := self._settings.tenant_of_domain(domain):
            return tenant
        graphs = list(self._graphs.values())
        answers = await asyncio.gather(*(graph.organization.get(fresh=fresh) for graph in graphs))
        for graph, answer in zip(graphs, answers, strict=True):
            if answer.state is State.READ and answer.value is not None and answer.value.verifies(domain):
                return graph.tenant
        return next((answer for answer in answers if not answer.known), None)
