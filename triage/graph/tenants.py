"""The tenants' Graphs on one event loop: a session for each, what is kept of it, and whose mailbox is whose."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from triage.addresses import domain_of
from triage.graph.etd_app import read_app
from triage.graph.evidence import Answer, AppEvidence, State, not_asked
from triage.graph.kept import Kept
from triage.graph.models import Organization
from triage.graph.reading import read_list
from triage.graph.session import GraphSession
from triage.intake.failure import RemediationFailure
from triage.settings import Settings, Tenant


class TenantGraph:
    """One tenant's Graph: its session, made at first need, and what belongs to the tenant or the app."""

    def __init__(self, settings: Settings, tenant: Tenant) -> None:
        self.tenant = tenant
        self._settings = settings
        self._session: GraphSession | None = None
        self.organization: Kept[Answer[Organization]] = Kept(self._read_organization, lambda answer: [_any(answer)])
        self.app: Kept[AppEvidence] = Kept(self._read_app, AppEvidence.answers)
        self.probes: Kept[list[Answer[Any]]] | None = None

    @property
    def session(self) -> GraphSession:
        """The session, made now if there is none yet."""
        if self._session is None:
            self._session = GraphSession(self._settings, self.tenant)
        return self._session

    async def close(self) -> None:
        """Ends the session, if there is one."""
        if self._session is not None:
            await self._session.close()

    async def _read_organization(self) -> Answer[Organization]:
        answer = await read_list(self.session.batcher, self.session.questions.organization(), Organization)
        return answer.first()

    async def _read_app(self) -> AppEvidence:
        if self.tenant.app_id is None:
            return AppEvidence(not_asked("service_principal"))
        return await read_app(self.session, self.tenant.app_id)


class Tenants:
    """All configured tenants."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._graphs = {tenant.tenant_id: TenantGraph(settings, tenant) for tenant in settings.tenants}

    def graph(self, tenant: Tenant) -> TenantGraph:
        """The Graph of a configured tenant."""
        return self._graphs[tenant.tenant_id]

    async def close(self) -> None:
        """Ends every session."""
        await asyncio.gather(*(graph.close() for graph in self._graphs.values()))

    async def owner(self, failure: RemediationFailure, *, fresh: bool = False) -> Tenant | Answer[Organization] | None:
        """The tenant of a failure that names none: by its mailbox's domain, as configured, else as Graph says.

        None where the domain is verified in no tenant of ours; an unread answer where one of them did not tell.
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


def _any(answer: Answer[Any]) -> Answer[object]:
    return cast("Answer[object]", answer)
