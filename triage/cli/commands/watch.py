"""`watch`: findings as they arrive."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Annotated

import typer

from triage.cli.client.answers import Json, UnreachableError
from triage.cli.client.service import Service, Target, connect
from triage.cli.errors import ExitCode
from triage.cli.options import (
    AsJson,
    CauseFilter,
    ConfidenceFilter,
    Debug,
    ExposedFilter,
    Key,
    MailboxFilter,
    ScenarioFilter,
    Scope,
    SeverityFilter,
    TenantFilter,
    Url,
    parameters,
)
from triage.cli.show.tables import finding_line
from triage.cli.show.terminal import output, print_parts, say

# The API has findings by when their failures occurred, so a late one arrives among older ones: each look reads pages
# until one has nothing new, and no more than these.
_PAGE = 100
_PAGES = 10
_REMEMBERED = 100_000


def watch(
    tenant_id: TenantFilter = None,
    scenario: ScenarioFilter = None,
    cause: CauseFilter = None,
    severity: SeverityFilter = None,
    confidence: ConfidenceFilter = None,
    mailbox: MailboxFilter = None,
    exposed: ExposedFilter = None,
    last: Annotated[int, typer.Option(min=0, max=_PAGE, help="How many of those that are there to begin with.")] = 10,
    interval: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 3.0,
    url: Url = None,
    key: Key = None,
    scope: Scope = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> ExitCode:
    """Findings as they arrive, one a line, until Ctrl-C. With --json, one JSON finding a line."""
    pairs = [("tenantId", tenant_id), ("scenario", scenario), ("cause", cause), ("severity", severity),
             ("confidence", confidence), ("mailbox", mailbox), ("exposed", exposed)]  # fmt: skip
    asked = parameters(None, None, pairs)
    try:
        asyncio.run(_watch(Target(url, key, scope), asked, last, interval, as_json=as_json))
    except KeyboardInterrupt:
        say("Stopped watching.")
    return ExitCode.OK


async def _watch(target: Target, asked: dict[str, str], last: int, interval: float, *, as_json: bool) -> None:
    seen: dict[str, str] = {}
    async with connect(target) as service:
        there = [rows async for rows in service.pages("findings", asked, _PAGE)]
        first = [finding for rows in there for finding in rows]
        seen.update({str(finding["id"]): str(finding["triagedAt"]) for finding in first})
        _show(first[:last], seen, as_json=as_json)
        say("Watching for findings; Ctrl-C ends it.")
        away = False
        while True:
            await asyncio.sleep(interval)
            try:
                found = [finding async for finding in _new(service, asked, seen)]
            except UnreachableError as error:
                if not away:
                    say(f"{error} Watching goes on.")
                away = True
                continue
            if away:
                say("The service answers again.")
            away = False
            _show(found, seen, as_json=as_json)
            seen.update({str(finding["id"]): str(finding["triagedAt"]) for finding in found})
            while len(seen) > _REMEMBERED:
                seen.pop(next(iter(seen)))


async def _new(service: Service, asked: dict[str, str], seen: dict[str, str]) -> AsyncIterator[Json]:
    """The findings that were not there, or have been triaged anew, at the last look; newest first."""
    async for rows in service.pages("findings", asked, _PAGE * _PAGES, page=_PAGE):
        new = [finding for finding in rows if seen.get(str(finding["id"])) != str(finding["triagedAt"])]
        for finding in new:
            yield finding
        if not new:
            return


def _show(findings: list[Json], seen: dict[str, str], *, as_json: bool) -> None:
    """The oldest first, as they came."""
    for finding in reversed(findings):
        if as_json:
            sys.stdout.write(json.dumps(finding) + "\n")
            sys.stdout.flush()
        else:
            known = seen.get(str(finding["id"]))
            again = known is not None and known != finding["triagedAt"]
            print_parts([finding_line(finding, output().width, again=again)])
