"""Whether the service works: storage, Graph, and the permissions of its own identity, each of which is tried."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from triage import deadlines
from triage.graph.evidence import Answer, Reason, State
from triage.graph.tenants import TenantGraph
from triage.operations.services import Services

OK, DEGRADED, DOWN = "ok", "degraded", "down"
# Without them, a finding only does not say what kind of mailbox it is, or is less sure about a license.
_DISPENSABLE = ("MailboxSettings.Read", "Organization.Read.All")


async def check_health(services: Services) -> dict[str, Any]:
    """The state of the service, without anything about a tenant: `status` and `checks`, as in docs/api.md."""
    storage, answers = await asyncio.gather(_storage(services), _graph(services))
    graph, permissions = _graph_state(answers), _permission_state(answers)
    states = (graph["status"], permissions["status"])
    status = DOWN if storage["status"] == DOWN else (DEGRADED if DEGRADED in states else OK)
    return {"status": status, "checks": {"storage": storage, "graph": graph, "permissions": permissions}}


async def _storage(services: Services) -> dict[str, Any]:
    from azure.core.exceptions import AzureError

    try:
        async with asyncio.timeout(deadlines.HEALTH_STORAGE):
            await asyncio.gather(services.queue.ping(), services.findings.get("0" * 32))
    except (AzureError, TimeoutError) as error:
        return {"status": DOWN, "error": type(error).__name__}
    return {"status": OK}


async def _graph(services: Services) -> list[list[Answer[Any]]]:
    """What each tenant's Graph answered, or that it did not answer in time."""

    async def one(graph: TenantGraph) -> list[Answer[Any]]:
        try:
            async with asyncio.timeout(deadlines.HEALTH_GRAPH):
                return await graph.probes.get()
        except TimeoutError:
            return [Answer("organization", State.UNREAD, reason=Reason.TIMEOUT)]

    graphs = [services.tenants.graph(tenant) for tenant in services.settings.tenants]
    return list(await asyncio.gather(*(one(graph) for graph in graphs)))


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
