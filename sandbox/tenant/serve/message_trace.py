"""Exchange's message trace: what the transport did with a message for each recipient.

"List messageTraces": both bounds of receivedDateTime or none (then the last 48 hours), at most 10 days apart, and at
most 90 days back. Exchange needs a service principal of its own in the tenant; without it, it answers 401.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sandbox.tenant.errors import GraphError, bad_request
from sandbox.tenant.odata.matching import Collection, Entity
from sandbox.tenant.odata.schema import entity_type
from sandbox.tenant.serve import permissions
from sandbox.tenant.serve.bodies import many
from sandbox.tenant.serve.call import Call
from sandbox.tenant.serve.paths import Body, PathTable

paths = PathTable("directory")
NOT_READY = (
    "Service principal-less Authentication failed: the service principal for App ID "
    "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373 was not found. Please create a service principal for this app in your tenant."
)
_BOUND = re.compile(r"receivedDateTime (ge|le) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


MESSAGE_TRACE = entity_type(
    "exchangeMessageTrace",
    "admin/exchange/tracing/messageTraces",
    "fromIP messageId receivedDateTime recipientAddress senderAddress size status subject toIP",
    filterable="id fromIP messageId receivedDateTime recipientAddress senderAddress status subject toIP",
    page=(1000, 5000),
    case_sensitive="messageId",
)


@paths.get("/admin/exchange/tracing/messageTraces", permissions.MESSAGE_TRACE)
def message_traces(call: Call) -> Body:
    tenant = call.tenant
    if not tenant.trace_ready:
        raise GraphError(401, "Unauthorized", NOT_READY)
    now = max(tenant.now, datetime.now(UTC))  # the data is as of its load, and the caller's clock goes on
    bounds = {name: _time(text) for name, text in _BOUND.findall(call.query.options.get("$filter", ""))}
    if len(bounds) == 1:
        raise bad_request("Both a start and an end are needed in receivedDateTime.")
    start, end = bounds.get("ge", now - timedelta(hours=48)), bounds.get("le", now)
    if end - start > timedelta(days=10):
        raise bad_request("The time range can be at most 10 days.")
    if start < now - timedelta(days=90):
        raise bad_request("The start can be at most 90 days ago.")
    if end > now + timedelta(minutes=5):
        raise bad_request("The end can't be in the future.")

    def in_range(row: Entity) -> bool:
        return start <= _time(row["receivedDateTime"]) <= end

    return many(call, Collection.of(MESSAGE_TRACE, filter(in_range, tenant.traces)))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
