"""`watch`: shows findings as they arrive."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Annotated

import typer

from triage.cli.client.answers import Json, UnreachableError
from triage.cli.client.service import Service, Target, connect
from triage.cli.client.short_ids import whole_ids
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, ServiceOptions
from triage.cli.queries import FindingFilters
from triage.cli.show.lists import finding_line
from triage.cli.show.terminal import print_parts, say

# The API sorts findings by the time of their failure, so a new finding can be among older ones. Each look reads
# pages until one has nothing new, and at most this many.
_PAGE = 100
_PAGES = 10
_REMEMBERED = 100_000


def watch(
    query: FindingFilters,
    target: ServiceOptions,
    last: Annotated[int, typer.Option(min=0, max=_PAGE, help="How many existing findings to show first.")] = 10,
    interval: Annotated[float, typer.Option(min=0.2, help="Seconds between two requests.")] = 3.0,
    as_json: AsJson = False,
) -> ExitCode:
    """Show findings as they arrive, one on each line, until Ctrl+C. With --json, each line is JSON."""
    try:
        asyncio.run(_watch(target, query, last, interval, as_json=as_json))
    except KeyboardInterrupt:
        say("Stopped watching.")
    return ExitCode.OK


async def _watch(target: Target, query: dict[str, str], last: int, interval: float, *, as_json: bool) -> None:
    seen: dict[str, str] = {}
    async with connect(target) as service:
        query = await whole_ids(service, query)
        first = [finding async for rows in service.pages("findings", query, _PAGE) for finding in rows]
        seen.update(_versions(first))
        _show(first[:last], seen, as_json=as_json)
        say("Watching for findings. Press Ctrl+C to stop.")
        away = False
        while True:
            await asyncio.sleep(interval)
            try:
                found = [finding async for finding in _new(service, query, seen)]
            except UnreachableError as error:
                if not away:
                    say(f"{error} Still watching.")
                away = True
                continue
            if away:
                say("The service answers again.")
            away = False
            _show(found, seen, as_json=as_json)
            seen.update(_versions(found))
            while len(seen) > _REMEMBERED:
                seen.pop(next(iter(seen)))


def _versions(findings: list[Json]) -> dict[str, str]:
    """When each finding was triaged, by its ID."""
    return {str(finding["id"]): str(finding["triagedAt"]) for finding in findings}


async def _new(service: Service, query: dict[str, str], seen: dict[str, str]) -> AsyncIterator[Json]:
    """The findings that are new or were triaged again since the last request, newest first."""
    async for rows in service.pages("findings", query, _PAGE * _PAGES, page=_PAGE):
        new = [finding for finding in rows if seen.get(str(finding["id"])) != str(finding["triagedAt"])]
        for finding in new:
            yield finding
        if not new:
            return


def _show(findings: list[Json], seen: dict[str, str], *, as_json: bool) -> None:
    """Prints findings, oldest first."""
    for finding in reversed(findings):
        if as_json:
            sys.stdout.write(json.dumps(finding) + "\n")
            sys.stdout.flush()
        else:
            known = seen.get(str(finding["id"]))
            again = known is not None and known != finding["triagedAt"]
            print_parts([finding_line(finding, again=again)])
