"""Findings as clients see them: a finding of a suppressed incident is `suppressed`, which is not stored in the finding."""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from triage.finding import Finding, FindingState, Scope
from triage.operations.services import Services
from triage.storage.query import Query
from triage.wire import epoch_ns

OPEN, SUPPRESSED = FindingState.OPEN.value, FindingState.SUPPRESSED.value

Json = dict[str, Any]


async def find(services: Services, text: str) -> Finding | None:
    """The finding with this ID, or the only one whose ID begins like this; None if there is none, or several.

    Raises azure.core's errors.
    """
    finding = await services.findings.named(text)
    if finding is None or finding.state is not FindingState.OPEN:
        return finding
    incident = await services.incidents.get(finding.incident_id)
    suppressed = incident is not None and incident.suppression is not None
    return finding.model_copy(update={"state": FindingState.SUPPRESSED}) if suppressed else finding


async def page(
    services: Services, query: Query, top: int, token: str | None, *, whole: bool
) -> tuple[list[Json], str | None]:
    """At most `top` findings, newest first, and the token of the next page. InputError if `token` is not valid.

    Raises azure.core's errors.
    """
    query = await _narrowed(services, query)
    wanted = query.filters.get("state")
    if wanted is None:
        reading = services.finding_lists.page(query, top, token, whole=whole)
        (rows, token), suppressed = await asyncio.gather(reading, services.incident_lists.suppressed())
        return [_shown(row, suppressed) for row in rows], token
    suppressed = await services.incident_lists.suppressed()
    query = _stored(query, suppressed)
    found: list[Json] = []
    while True:
        rows, token = await services.finding_lists.page(query, top - len(found), token, whole=whole)
        seen = (_shown(row, suppressed) for row in rows)
        found += [row for row in seen if row["state"] in wanted]
        if token is None or len(found) >= top:
            return found, token


async def suppressed_number(services: Services, query: Query) -> int:
    """How many of the findings of a query are suppressed. Raises azure.core's errors."""
    suppressed = await services.incident_lists.suppressed()
    if not suppressed:
        return 0
    query = _stored(replace(query, filters=query.filters | {"state": (SUPPRESSED,)}), suppressed)
    return sum([1 async for _ in services.finding_lists.rows(query, None, 8000)])


async def _narrowed(services: Services, query: Query) -> Query:
    """The query of an incident, with filters for what its findings have in common, because there is no list by incident.

    Except for incidents about a message, they have one cause; those about a mailbox also have one mailbox (IncidentKey).
    """
    incidents = query.filters.get("incidentId", ())
    incident = await services.incidents.get(incidents[0]) if len(incidents) == 1 else None
    if incident is None:
        return query
    if incident.scope is Scope.MESSAGE:
        return replace(query, since=max(query.since or 0, epoch_ns(incident.first_seen)))
    common = {"cause": (incident.cause.value,)}
    if incident.scope is Scope.MAILBOX and incident.subject is not None:
        common["mailbox"] = (incident.subject,)
    return replace(query, filters=common | query.filters)


def _stored(query: Query, suppressed: AbstractSet[str]) -> Query:
    """The query of what is stored: suppressed findings are stored as open."""
    wanted = query.filters.get("state", ())
    if SUPPRESSED not in wanted:
        return query
    filters = query.filters | {"state": tuple(dict.fromkeys(OPEN if one == SUPPRESSED else one for one in wanted))}
    if wanted == (SUPPRESSED,):
        incidents = filters.get("incidentId", tuple(sorted(suppressed)))
        filters["incidentId"] = tuple(one for one in incidents if one in suppressed)
    return replace(query, filters=filters)


def _shown(row: Json, suppressed: AbstractSet[str]) -> Json:
    hidden = row["state"] == OPEN and row["incidentId"] in suppressed
    return row | {"state": SUPPRESSED} if hidden else row
