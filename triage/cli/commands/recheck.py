"""`recheck`: has an incident or many findings looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

import typer

from triage.api.filters import MAX_TOP
from triage.cli.client.service import Target, connect, next_query, segment
from triage.cli.client.short_ids import whole_id, whole_ids
from triage.cli.errors import ExitCode, UsageError
from triage.cli.options import AsJson, ServiceOptions
from triage.cli.queries import FindingQuery
from triage.cli.show.terminal import print_json, say


def recheck(
    target: ServiceOptions,
    query: FindingQuery,
    identifier: Annotated[
        str | None,
        typer.Argument(metavar="INCIDENT", help="An incident's ID, or its beginning. Without it, give filters."),
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Look again at the open findings of an incident, or at all findings that match the filters.

    The function app does this. The command ends when they are queued.
    """
    if (identifier is None) is (not query):
        raise UsageError("Give either the ID of an incident, or at least one filter such as --cause undetermined.")
    queued = asyncio.run(_incident(target, identifier) if identifier is not None else _findings(target, query))
    if as_json:
        print_json({"queued": queued})
    elif queued:
        say(f"{queued:,} {'finding is' if queued == 1 else 'findings are'} queued to be looked at again.")
    else:
        say("No findings match these filters." if query else "The incident has no open findings.")
    return ExitCode.OK


async def _incident(target: Target, identifier: str) -> int:
    async with connect(target) as service:
        found = await whole_id(service, "incidents", identifier)
        return int((await service.post(f"incidents/{segment(found)}/recheck")).get("queued") or 0)


async def _findings(target: Target, query: Mapping[str, str]) -> int:
    queued = 0
    async with connect(target) as service:
        asked = {**await whole_ids(service, query), "top": str(MAX_TOP)}
        while asked:
            answer = await service.post(f"findings/retriage?{urlencode(asked)}")
            queued += int(answer.get("queued") or 0)
            if asked := next_query(answer):
                say(f"{queued:,} queued so far.")
    return queued
