"""`findings`, `finding`, `summary`, `rejected`: what the service has."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import typer
from rich.console import RenderableType

from triage.cli.client.answers import Json
from triage.cli.client.service import Target, connect, segment
from triage.cli.errors import ExitCode
from triage.cli.options import (
    AsJson,
    CauseFilter,
    ConfidenceFilter,
    Debug,
    ExposedFilter,
    Key,
    MailboxFilter,
    Requests,
    ScenarioFilter,
    Scope,
    SeverityFilter,
    Since,
    TenantFilter,
    Until,
    Url,
    parameters,
)
from triage.cli.show.finding import finding_story
from triage.cli.show.tables import findings_table, rejected_table, summary_view
from triage.cli.show.terminal import output, print_json, print_parts, say

Top = Annotated[int, typer.Option(min=1, help="How many, the newest first.")]
All = Annotated[bool, typer.Option("--all", help="All of them, however many there are.")]


def findings(
    tenant_id: TenantFilter = None,
    scenario: ScenarioFilter = None,
    cause: CauseFilter = None,
    severity: SeverityFilter = None,
    confidence: ConfidenceFilter = None,
    mailbox: MailboxFilter = None,
    exposed: ExposedFilter = None,
    since: Since = None,
    until: Until = None,
    top: Top = 50,
    everything: All = False,
    url: Url = None,
    key: Key = None,
    scope: Scope = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> ExitCode:
    """The findings, newest first, by any of their filters."""
    pairs = [("tenantId", tenant_id), ("scenario", scenario), ("cause", cause), ("severity", severity),
             ("confidence", confidence), ("mailbox", mailbox), ("exposed", exposed)]  # fmt: skip
    asked = parameters(since, until, pairs)

    def table(rows: list[Json], first: bool) -> RenderableType:
        return findings_table(rows, output().width, header=first)

    most = None if everything else top
    return asyncio.run(_collection(Target(url, key, scope), "findings", asked, most, table, as_json=as_json))


def rejected(
    top: Top = 20,
    everything: All = False,
    url: Url = None,
    key: Key = None,
    scope: Scope = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> ExitCode:
    """The events on the queue that could not be read as failures, newest first."""

    def table(rows: list[Json], first: bool) -> RenderableType:
        return rejected_table(rows, header=first)

    most = None if everything else top
    return asyncio.run(_collection(Target(url, key, scope), "rejected", {}, most, table, as_json=as_json))


def finding(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The finding's id, as findings shows it.")],
    requests: Requests = False,
    url: Url = None,
    key: Key = None,
    scope: Scope = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> ExitCode:
    """One finding as a story: what happened, whether the message can be opened, what to do, how it is known."""
    found = asyncio.run(_one(Target(url, key, scope), f"findings/{segment(identifier)}"))
    if as_json:
        print_json(found)
    else:
        print_parts(finding_story(found, requests=requests))
    return ExitCode.OK


def summary(
    since: Since = None,
    until: Until = None,
    tenant_id: TenantFilter = None,
    url: Url = None,
    key: Key = None,
    scope: Scope = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> ExitCode:
    """How many failures there were, of what, and how the apps are."""
    asked = parameters(since, until, [("tenantId", tenant_id)])
    found = asyncio.run(_one(Target(url, key, scope), "summary", asked))
    if as_json:
        print_json(found)
    else:
        print_parts(summary_view(found))
    return ExitCode.OK


async def _one(target: Target, path: str, asked: dict[str, str] | None = None) -> Json:
    async with connect(target) as service:
        return await service.get(path, asked)


async def _collection(
    target: Target,
    path: str,
    asked: dict[str, str],
    most: int | None,
    table: Callable[[list[Json], bool], RenderableType],
    *,
    as_json: bool,
) -> ExitCode:
    """Prints the pages of a collection as they come, so that any number of them fits into memory."""
    async with connect(target) as service:
        pages = service.pages(path, asked, most)
        count = await (_as_json(pages) if as_json else _as_table(pages, table))
        more = service.more
    if not as_json and not count:
        say(f"There are no {path if path == 'findings' else 'rejected events'}{' like that' if asked else ''}.")
    elif more:
        say(f"There are more than these {count}: --all shows all of them, --top N so many.")
    return ExitCode.OK


async def _as_table(pages: AsyncIterator[list[Json]], table: Callable[[list[Json], bool], RenderableType]) -> int:
    count = 0
    async for rows in pages:
        if rows:
            print_parts([table(rows, count == 0)])
        count += len(rows)
    return count


async def _as_json(pages: AsyncIterator[list[Json]]) -> int:
    """`{"value": [...]}` on standard output, a row a line."""
    count = 0
    sys.stdout.write('{"value": [')
    async for rows in pages:
        for row in rows:
            sys.stdout.write(f"{',' if count else ''}\n{json.dumps(row)}")
            count += 1
    sys.stdout.write("\n]}\n" if count else "]}\n")
    sys.stdout.flush()
    return count
