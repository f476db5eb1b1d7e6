"""Whether the service works: storage, Graph, the permissions of its own identity, the feeds and the channels."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from triage.feeds.model import Feed, FeedState
from triage.graph.evidence import Answer, Reason
from triage.graph.permissions import SETS
from triage.operations.services import Services

OK, DEGRADED, DOWN = "ok", "degraded", "down"
# Optional permissions. Without them, a finding doesn't have the mailbox type, or is less certain about a license or where a
# message went, and an audit doesn't say who changed the app.
_DISPENSABLE = {permission for name in ("licenses", "mailbox-kind", "evidence") for permission in SETS[name]}
# Graph answered, so it works: the identity lacks a permission, or this cloud doesn't support the question.
_ANSWERED = {None, Reason.FORBIDDEN, Reason.UNSUPPORTED}


async def check_health(services: Services) -> dict[str, Any]:
    """The state of the service, without tenant data: `status` and `checks`, as in docs/api.md."""
    graphs = [services.tenants.graph(tenant) for tenant in services.settings.tenants]
    probes = asyncio.gather(*(graph.probes.get() for graph in graphs))
    error, answers, failing, feeds = await asyncio.gather(
        services.states.storage_error(), probes, services.states.failing_channels(), services.states.feeds()
    )
    storage = {"status": DOWN, "error": error} if error else {"status": OK}
    graph, permissions = _graph_state(answers), _permission_state(answers)
    notifications = _notification_state(len(services.settings.notifications), failing)
    checks: dict[str, dict[str, Any]] = {
        "storage": storage, "graph": graph, "permissions": permissions, "feeds": _feed_state(feeds),
        "notifications": notifications,
    }  # fmt: skip
    degraded = any(check["status"] == DEGRADED for check in checks.values())
    status = DOWN if storage["status"] == DOWN else (DEGRADED if degraded else OK)
    return {"status": status, "checks": checks}


def _graph_state(tenants: list[list[Answer[Any]]]) -> dict[str, Any]:
    """Whether every tenant's Graph answers at all."""
    reasons = {str(answer.reason) for answers in tenants for answer in answers if answer.reason not in _ANSWERED}
    return {"status": DEGRADED, "reasons": sorted(reasons)} if reasons else {"status": OK}


def _permission_state(tenants: list[list[Answer[Any]]]) -> dict[str, Any]:
    """The permissions that the triage identity lacks, and in how many tenants."""
    lacking: Counter[str] = Counter()
    for answers in tenants:
        lacking.update({answer.permission for answer in answers if answer.permission})
    unknown = any(answer.reason not in _ANSWERED for answers in tenants for answer in answers)
    status = DEGRADED if lacking.keys() - _DISPENSABLE else ("unknown" if unknown else OK)
    rows = [{"permission": permission, "tenants": count} for permission, count in sorted(lacking.items())]
    return {"status": status, "lacking": rows}


def _notification_state(channels: int, failing: int | None) -> dict[str, Any]:
    """Whether the channels accept notifications. Their names are left out, because anybody may read the health."""
    status = "unknown" if failing is None else DEGRADED if failing else OK
    return {"status": status, "channels": channels, "failing": failing or 0}


def _feed_state(feeds: list[Feed] | None) -> dict[str, Any]:
    """The state of the feeds: how many there are, and how many are behind or failing."""
    found = Counter(feed.state for feed in feeds or [])
    behind, failing = found[FeedState.BEHIND], found[FeedState.FAILING]
    status = "unknown" if feeds is None else DEGRADED if behind or failing else OK
    return {"status": status, "feeds": len(feeds or []), "behind": behind, "failing": failing}
