"""`retriage`: triages a failure again, waits for the result, and shows what changed."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.client.service import Service, Target, connect, segment
from triage.cli.client.short_ids import whole_id
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, Requests, ServiceOptions
from triage.cli.show.changes import changes
from triage.cli.show.finding import finding_story
from triage.cli.show.layout import heading
from triage.cli.show.terminal import errors, plain, print_json, print_parts, say

_LOOK_EVERY = 1.0


def retriage(
    identifier: Annotated[
        str, typer.Argument(metavar="FINDING", help="The finding's ID, or its beginning, as findings shows it.")
    ],
    target: ServiceOptions,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the new result.")] = 90.0,
    requests: Requests = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Triage a failure again with new evidence, and show what changed. Exit code 3: no new result in time."""
    before, after = asyncio.run(_retriage(target, identifier, wait))
    if after is None:
        say(
            f"There is no new result after {wait:.0f} s. The failure is on the queue: run finding {identifier} "
            "later. If nothing changes, check that the function app is running (/api/health)."
        )
        return ExitCode.UNKNOWN
    if as_json:
        print_json(after)
        return ExitCode.OK
    print_parts([*_difference(before, after), ""])
    print_parts(finding_story(after, requests=requests))
    return ExitCode.OK


async def _retriage(target: Target, identifier: str, wait: float) -> tuple[Json, Json | None]:
    async with connect(target) as service:
        path = f"findings/{segment(await whole_id(service, 'findings', identifier))}"
        before = await service.get(path)
        await service.post(f"{path}/retriage")
        console = errors()
        with console.status("Triaging again…") if console.is_terminal else nullcontext():
            return before, await _next_result(service, path, before, wait)


async def _next_result(service: Service, path: str, before: Json, wait: float) -> Json | None:
    """The finding after the next triage; None if that takes too long."""
    end = time.monotonic() + wait
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(_LOOK_EVERY, left))
        after = await service.get(path)
        if after.get("triagedAt") != before.get("triagedAt"):
            return after
    return None


def _difference(before: Json, after: Json) -> list[RenderableType]:
    found = changes(before, after)
    if not found:
        return [heading("What changed: nothing")]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, old, new in found:
        table.add_row(plain(f"   {name}"), plain(old), Text("-> ").append_text(plain(new, "bold")))
    return [heading("What changed"), table]
