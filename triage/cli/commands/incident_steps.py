"""`acknowledge`, `resolve`, `reopen` and `suppress`: what people do about an incident."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Mapping
from typing import Annotated

import typer

from triage.cli.client.answers import Json
from triage.cli.client.service import Target, connect, segment
from triage.cli.client.short_ids import whole_id
from triage.cli.errors import ExitCode, UsageError
from triage.cli.options import AsJson, ServiceOptions
from triage.cli.show.layout import part
from triage.cli.show.terminal import print_json, say
from triage.cli.times import ahead, short
from triage.incidents import ResolveReason

_Id = Annotated[str, typer.Argument(metavar="ID", help="The incident's ID, or its beginning, as incidents shows it.")]
_Note = Annotated[str | None, typer.Option(help="A note for the log of the incident.")]
_By = Annotated[
    str | None,
    typer.Option(
        help="Your name for the log. By default, your login name. With --scope, it is always the person who signed in."
    ),
]


def acknowledge(
    identifier: _Id, target: ServiceOptions, note: _Note = None, by: _By = None, as_json: AsJson = False
) -> ExitCode:
    """Acknowledge an incident: somebody is working on it."""
    return _do(target, "acknowledge", identifier, {"note": note}, by, as_json=as_json)


def reopen(
    identifier: _Id, target: ServiceOptions, note: _Note = None, by: _By = None, as_json: AsJson = False
) -> ExitCode:
    """Reopen an incident."""
    return _do(target, "reopen", identifier, {"note": note}, by, as_json=as_json)


def resolve(
    identifier: _Id,
    target: ServiceOptions,
    reason: Annotated[ResolveReason, typer.Option(help="Why nothing is left to do.")],
    note: _Note = None,
    by: _By = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Resolve an incident, and its open findings with it."""
    return _do(target, "resolve", identifier, {"reason": reason.value, "note": note}, by, as_json=as_json)


def suppress(
    identifier: _Id,
    target: ServiceOptions,
    reason: Annotated[str, typer.Option(help="Why it is suppressed.")],
    until: Annotated[
        str,
        typer.Option(
            help="The end, at most a year away: a time, the end of a day in UTC such as 2026-12-31, or 24h, 7d."
        ),
    ],
    by: _By = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Suppress an incident: nobody is notified of it until a given time. It continues to count."""
    if not reason.strip():
        raise UsageError("--reason must not be blank.")
    try:
        end = ahead(until)
    except ValueError as error:
        raise UsageError(f"--until {error}.") from None
    return _do(target, "suppress", identifier, {"reason": reason, "until": end}, by, as_json=as_json)


def _do(
    target: Target, step: str, identifier: str, body: Mapping[str, str | None], by: str | None, *, as_json: bool
) -> ExitCode:
    incident = asyncio.run(_post(target, step, identifier, {**body, "by": by or _login()}))
    if as_json:
        print_json(incident)
    else:
        say(_sentence(incident))
    return ExitCode.OK


async def _post(target: Target, step: str, identifier: str, body: Mapping[str, str | None]) -> Json:
    async with connect(target) as service:
        found = await whole_id(service, "incidents", identifier)
        given = {name: value for name, value in body.items() if value is not None}
        return await service.post(f"incidents/{segment(found)}/{step}", given)


def _login() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        return None


def _sentence(incident: Json) -> str:
    until = part(incident, "suppression").get("until")
    end = f" until {short(until)} (UTC)" if until and incident.get("state") == "suppressed" else ""
    return f"{incident.get('title')}: {incident.get('state')}{end}. incidents {incident.get('id')} shows it."
