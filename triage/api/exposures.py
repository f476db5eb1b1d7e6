"""`/api/exposures`: the messages that can still be opened."""

from __future__ import annotations

from typing import Any

import azure.functions as func

from triage.api.access import Caller
from triage.api.collection import collection
from triage.api.exports import exposures_table
from triage.api.filters import EXPOSURES
from triage.api.queries import read_query
from triage.api.responses import endpoint, in_dashboard
from triage.operations.services import Services
from triage.storage.exposures import ExposureQuery


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """A page of the messages that can still be opened: one item for each message in one mailbox, however many failures
    it had. The ones that were read come first, then those that have been exposed the longest."""
    found = read_query(request, caller, EXPOSURES)
    mailbox, incident = found.get("mailbox"), found.get("incidentId")
    query = ExposureQuery(
        found.get("tenantId"),
        mailbox[0] if mailbox else None,
        found.get("isRead", ()),
        incident[0] if incident else None,
    )

    async def read(top: int, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        exposures, token = await services.exposures.page(query, top, token)
        return [in_dashboard(one.wire(), services, finding=one.finding_id) for one in exposures], token

    return await collection(request, found, read, exposures_table)
