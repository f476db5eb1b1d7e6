"""Whether the service can do its work: storage, Graph, and the permissions of its own identity, which are tried."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

from triage.graph.evidence import Answer, Reason, State
from triage.graph.kept import Kept
from triage.graph.models import MailFolder, OAuth2PermissionGrant, Recipient, ServicePrincipal, TenantInformation, User
from triage.graph.reading import read_list, read_one
from triage.graph.tenants import TenantGraph
from triage.operations.services import Services

OK, DEGRADED, DOWN = "ok", "degraded", "down"
STORAGE_SECONDS = 8.0
GRAPH_SECONDS = 15.0
# Without it nothing is lost but the word "shared" in a finding (contract, section 8).
_DISPENSABLE = ("MailboxSettings.Read",)


async def check_health(services: Services) -> dict[str, Any]:
    """The state of the service (contract, section 6), without anything about a tenant."""
    storage, answers = await asyncio.gather(_storage(services), _graph(services))
    graph, permissions = _graph_state(answers), _permission_state(answers)
    states = (graph["status"], permissions["status"])
    status = DOWN if storage["status"] == DOWN else (DEGRADED if DEGRADED in states else OK)
    return {"status": status, "checks": {"storage": storage, "graph": graph, "permissions": permissions}}


async def _storage(services: Services) -> dict[str, Any]:
    from azure.core.exceptions import AzureError

    try:
        async with asyncio.timeout(STORAGE_SECONDS):
            await asyncio.gather(services.queue.ping(), services.findings.get("0" * 32))
    except (AzureError, TimeoutError) as error:
        return {"status": DOWN, "error": type(error).__name__}
    return {"status": OK}


async def _graph(services: Services) -> list[list[Answer[Any]]]:
    """What each tenant's Graph answered; a tenant that took too long did not."""

    async def one(graph: TenantGraph) -> list[Answer[Any]]:
        try:
            async with asyncio.timeout(GRAPH_SECONDS):
                return await probes(graph).get()
        except TimeoutError:
            return [Answer("organization", State.UNREAD, reason=Reason.TIMEOUT)]

    graphs = [services.tenants.graph(tenant) for tenant in services.settings.tenants]
    return list(await asyncio.gather(*(one(graph) for graph in graphs)))


def probes(graph: TenantGraph) -> Kept[list[Answer[Any]]]:
    """The probes of one tenant, kept as long as all that belongs to it: anyone may ask for the health."""
    if graph.probes is None:
        graph.probes = Kept(lambda: _probe(graph), lambda answers: cast("list[Answer[object]]", answers))
    return graph.probes


async def _probe(graph: TenantGraph) -> list[Answer[Any]]:
    """One read for each permission, on whatever the tenant has."""
    batcher, ask = graph.session.batcher, graph.session.questions
    organization, users, groups, contacts = await asyncio.gather(
        graph.organization.get(),
        read_list(batcher, ask.any_user(), User, whole=False),
        read_list(batcher, ask.any_group(), Recipient, whole=False),
        read_list(batcher, ask.any_contact(), Recipient, whole=False),
    )
    answers: list[Answer[Any]] = [organization, users, groups, contacts]
    further: list[Any] = []
    user = next((user for user in users.value or [] if user.id), None)
    if user is not None and user.assigned_plans is None:
        answers.append(users.unread(Reason.FORBIDDEN, "User.Read.All"))
    if user is not None and user.id:
        further.append(read_one(batcher, ask.mailbox(user.id), MailFolder))
        further.append(read_one(batcher, ask.mailbox_purpose(user.id), MailFolder))
    verified = (organization.value.verified_domains if organization.value else None) or []
    domain = next((domain.name for domain in verified), next(iter(graph.tenant.domains), None))
    if domain is not None:
        further.append(read_one(batcher, ask.domain_owner(domain), TenantInformation))
    if graph.tenant.app_id:
        further.append(_probe_app(graph, graph.tenant.app_id))
    for result in await asyncio.gather(*further):
        answers += result if isinstance(result, list) else [result]
    return answers


async def _probe_app(graph: TenantGraph, app_id: str) -> list[Answer[Any]]:
    batcher, ask = graph.session.batcher, graph.session.questions
    principal = await read_one(batcher, ask.service_principal(app_id), ServicePrincipal)
    if principal.value is None or principal.value.id is None:
        return [principal]
    return [principal, await read_list(batcher, ask.delegated_grants(principal.value.id), OAuth2PermissionGrant)]


def _graph_state(tenants: list[list[Answer[Any]]]) -> dict[str, Any]:
    """Whether every tenant's Graph answers at all."""
    reasons = {str(answer.reason) for answers in tenants for answer in answers if answer.reason} - {Reason.FORBIDDEN}
    return {"status": DEGRADED, "reasons": sorted(reasons)} if reasons else {"status": OK}


def _permission_state(tenants: list[list[Answer[Any]]]) -> dict[str, Any]:
    """The permissions that the triage identity lacks, and in how many tenants."""
    lacking: Counter[str] = Counter()
    for answers in tenants:
        lacking.update({answer.permission for answer in answers if answer.permission})
    unknown = any(answer.reason not in (None, Reason.FORBIDDEN) for answers in tenants for answer in answers)
    status = DEGRADED if lacking.keys() - set(_DISPENSABLE) else ("unknown" if unknown else OK)
    rows = [{"permission": permission, "tenants": count} for permission, count in sorted(lacking.items())]
    return {"status": status, "lacking": rows}
