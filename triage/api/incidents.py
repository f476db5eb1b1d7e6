"""`/api/incidents`: what is to be fixed or decided, and what people do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar

import azure.functions as func
from pydantic import ValidationError

from triage.api.access import Caller
from triage.api.collection import collection
from triage.api.exports import incidents_table
from triage.api.filters import INCIDENTS
from triage.api.problem_types import ProblemType
from triage.api.queries import read_query
from triage.api.responses import RequestError, endpoint, existing, in_dashboard, json_response
from triage.api.schemas.actions import Noted, Resolved, Suppressed
from triage.incidents import Incident, StateError, acknowledge, suppress
from triage.incidents.transitions import Step
from triage.intake.json_text import IntakeError, parse_json
from triage.operations.follow_up import recheck as look_again
from triage.operations.incidents import reopen_by_hand, resolve_by_hand
from triage.operations.services import Services
from triage.problems import InputError, Problem
from triage.storage.incident_lists import IncidentQuery
from triage.wire import now

_FILTERS = ("tenantId", "state", "scope", "cause", "severity")
_A_KEY = "a function key"

Body = TypeVar("Body", bound=Noted)


@endpoint
async def search(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """A page of incidents: the open ones first, the worst of them first, then the newest `lastSeen`."""
    found = read_query(request, caller, INCIDENTS)
    filters = {name: found[name] for name in _FILTERS if name in found}
    query = IncidentQuery(filters, found.get("since"), found.get("until"))

    async def read(top: int, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        rows, token = await services.incident_lists.page(query, top, token)
        return [in_dashboard(row, services, incident=row["id"]) for row in rows], token

    return await collection(request, found, read, incidents_table)


@endpoint
async def get(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """One incident."""
    return _answer(services, await _incident(request, services, caller))


@endpoint
async def post_acknowledge(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Acknowledges the incident: somebody is working on it."""
    body, by = _read(request, caller, Noted)
    return await _change(request, services, caller, lambda one: acknowledge(one, now(), by, body.note))


@endpoint
async def post_reopen(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Reopens the incident, and the findings that were resolved with it by hand."""
    body, by = _read(request, caller, Noted)
    incident = await _incident(request, services, caller)
    return await _answered(services, incident, reopen_by_hand(services, incident.id, by, body.note))


@endpoint
async def post_resolve(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Resolves the incident, and its open findings with it."""
    body, by = _read(request, caller, Resolved)
    incident = await _incident(request, services, caller)
    return await _answered(services, incident, resolve_by_hand(services, incident.id, by, body.reason, body.note))


@endpoint
async def post_suppress(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Suppresses the incident: nobody is notified of it until a given time. It continues to count."""
    body, by = _read(request, caller, Suppressed)
    return await _change(request, services, caller, lambda one: suppress(one, now(), by, body.reason, body.until))


@endpoint
async def post_recheck(request: func.HttpRequest, services: Services, caller: Caller) -> func.HttpResponse:
    """Looks at the open findings of the incident again, as soon as the share of looks allows."""
    incident = await _incident(request, services, caller)
    queued = await look_again(services, incident.id, incident.tenant_id)
    return json_response({"queued": queued}, HTTPStatus.ACCEPTED)


async def _incident(request: func.HttpRequest, services: Services, caller: Caller) -> Incident:
    found = await services.incidents.named(request.route_params["id"])
    return existing(caller.own(found), "There is no incident with this ID.")


async def _change(
    request: func.HttpRequest, services: Services, caller: Caller, step: Callable[[Incident], Step]
) -> func.HttpResponse:
    incident = await _incident(request, services, caller)
    return await _answered(services, incident, services.incidents.change(incident.id, step))


async def _answered(services: Services, incident: Incident, changing: Awaitable[Incident | None]) -> func.HttpResponse:
    try:
        changed = await changing
    except (StateError, InputError) as error:
        raise _refusal(error) from None
    return _answer(services, changed or incident)


def _refusal(error: StateError | InputError) -> RequestError:
    if isinstance(error, StateError):
        return RequestError(ProblemType.WRONG_STATE, str(error))
    return RequestError(ProblemType.INVALID_BODY, f"The body cannot be read. {error}.", error.problems)


def _answer(services: Services, incident: Incident) -> func.HttpResponse:
    return json_response(in_dashboard(incident.wire(), services, incident=incident.id))


def _read(request: func.HttpRequest, caller: Caller, model: type[Body]) -> tuple[Body, str]:
    """The body, and the caller: who is signed in, or, with a function key, the name in the body."""
    text = request.get_body()
    try:
        body = model.model_validate(parse_json(text) if text.strip() else {})
    except IntakeError as error:
        raise RequestError(ProblemType.INVALID_BODY, f"The body cannot be read. {error}.", error.problems) from None
    except ValidationError as error:
        problems = [_problem(details) for details in error.errors()]
        detail = "; ".join(f"{one.pointer or '(body)'}: {one.detail}" for one in problems)
        raise RequestError(ProblemType.INVALID_BODY, f"The body cannot be read. {detail}.", problems) from None
    return body, caller.name or (body.by or "").strip() or _A_KEY


def _problem(details: Any) -> Problem:
    pointer = "".join(f"/{part}" for part in details["loc"])
    return Problem(pointer, str(details["msg"]).removeprefix("Value error, "))
