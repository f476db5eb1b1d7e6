"""Which permissions the triage identity has in a tenant: each is tried with one read, on whatever the tenant has."""

from __future__ import annotations

import asyncio
from typing import Any

from triage.graph.evidence import Answer, Reason
from triage.graph.message_trace import own_refusal
from triage.graph.models.applications import ServicePrincipal
from triage.graph.models.directory import Organization, User
from triage.graph.models.resource import Resource
from triage.graph.questions import PROBES, ProbeWith, applications, directory
from triage.graph.reading import read_list, read_one
from triage.graph.session import GraphSession


async def probe(session: GraphSession, organization: Answer[Organization]) -> list[Answer[Any]]:
    """The answers to one question for each permission; a forbidden one names the permission that is missing.

    A permission is not tried if the tenant has nothing to try it with, for example no user.
    """
    users, principal = await asyncio.gather(
        read_list(session.batcher, directory.any_user(), User, whole=False), _service_principal(session)
    )
    user = next((user for user in users.value or [] if user.id), None)
    domains = (organization.value.verified_domains if organization.value else None) or []
    known = {
        ProbeWith.USER: user.id if user else None,
        ProbeWith.DOMAIN: next((one.name for one in domains), next(iter(session.tenant.domains), None)),
        ProbeWith.SERVICE_PRINCIPAL: principal.value.id if principal.value else None,
    }
    nothing = (ProbeWith.NOTHING, ProbeWith.PUBLIC_CLOUD) if session.tenant.in_public_cloud else (ProbeWith.NOTHING,)
    questions = [ask() for ask, needs in PROBES if needs in nothing]
    questions += [ask(known[needs]) for ask, needs in PROBES if known.get(needs) is not None]
    others = await asyncio.gather(*(read_one(session.batcher, question, Resource) for question in questions))
    if user is not None and user.assigned_plans is None:
        # Graph returns null for what the caller may not see, instead of 403.
        users = users.unread(Reason.FORBIDDEN, directory.any_user().permission)
    return [organization, users, principal, *map(own_refusal, others)]


async def _service_principal(session: GraphSession) -> Answer[ServicePrincipal]:
    app_id = session.tenant.app_id
    if app_id is None:
        return Answer("service_principal")
    return await read_one(session.batcher, applications.service_principal(app_id), ServicePrincipal)
