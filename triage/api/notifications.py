"""`/api/notifications`: what was sent to which channel, and a test of a channel."""

from __future__ import annotations

from typing import Any, cast

import azure.functions as func

from triage.api.access import Caller
from triage.api.filters import DEFAULT_TOP, NOTIFICATIONS
from triage.api.problem_types import ProblemType
from triage.api.queries import page, read_query
from triage.api.responses import RequestError, endpoint, json_response, unlimited_endpoint
from triage.intake.json_text import IntakeError, parse_json
from triage.notifications.rules import Result
from triage.operations.notify import send_test
from triage.operations.services import Services
from triage.problems import Problem
from triage.settings import Channel, ChannelKind

_SHAPE = 'The body must be {"channel": "<name>"}, with a name in TRIAGE_NOTIFICATIONS.'
# That the receiver has accepted it does not mean that anybody sees it.
_NOTES = {
    ChannelKind.TEAMS: "The workflow has accepted it. Check the channel for the card: if the workflow could "
    "not post it, only its run history says so.",
    ChannelKind.EMAIL: "The mail is on its way. Check that it arrives in the mailbox.",
}


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """A page of the notifications to all channels, newest first."""
    found = read_query(request, caller, NOTIFICATIONS)
    top = found.get("top", DEFAULT_TOP)
    tenants, states = found.get("tenantId"), found.get("state", ())
    rows, token = await services.outbox.page(top, found.get("token"), tenants, states)
    return json_response(page(request, [row.wire() for row in rows], token))


@unlimited_endpoint
async def test(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    """Sends a test to a channel now. The response has the receiver's answer; it is 502 if the receiver refused the test."""
    channel = _named(request.get_body(), services)
    outcome = await send_test(services, channel)
    if outcome.result is not Result.DELIVERED:
        detail = f"The channel {channel.name} did not accept it. {outcome.answer}"
        raise RequestError(ProblemType.CHANNEL_FAILED, detail)
    answer = {"channel": channel.name, "status": outcome.status, "answer": outcome.answer}
    return json_response({**answer, "note": _NOTES.get(channel.kind)})


def _named(body: bytes, services: Services) -> Channel:
    try:
        value: object = parse_json(body)
    except IntakeError as error:
        raise RequestError(ProblemType.INVALID_BODY, f"The body cannot be read. {error}.", error.problems) from None
    name = cast("dict[str, Any]", value).get("channel") if isinstance(value, dict) else None
    if not isinstance(name, str):
        raise RequestError(ProblemType.INVALID_BODY, _SHAPE, [Problem("/channel", "is missing")])
    channel = services.settings.channel(name)
    if channel is None:
        problem = Problem("/channel", "is not a channel in TRIAGE_NOTIFICATIONS")
        raise RequestError(ProblemType.UNKNOWN_CHANNEL, "There is no such channel.", [problem])
    return channel
