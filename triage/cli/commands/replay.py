"""`replay`: triages failures again; of one, it waits for the result and shows what changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Annotated
from urllib.parse import urlencode

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from triage.api.filters import MAX_TOP
from triage.cli.client.answers import Json
from triage.cli.client.service import Service, Target, connect, next_query, segment
from triage.cli.errors import ExitCode, UsageError
from triage.cli.options import AsJson, FindingQuery, Requests, ServiceOptions
from triage.cli.show.changes import changes
from triage.cli.show.finding import finding_story
from triage.cli.show.layout import heading
from triage.cli.show.terminal import errors, plain, print_json, print_parts, say

_LOOK_EVERY = 1.0


def replay(
    target: ServiceOptions,
    query: FindingQuery,
    identifier: Annotated[
        str | None, typer.Argument(metavar="[FINDING]", help="The finding's ID. Without it, give filters.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the new result of one finding.")] = 90.0,
    requests: Requests = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Triage failures again with new evidence: one, and show what changed, or all that match the filters.

    Exit code 3: no new result in time.
    """
    if (identifier is None) is (not query):
        raise UsageError("Give either the ID of a finding, or at least one filter such as --cause undetermined.")
    if identifier is None:
        return asyncio.run(_replay_all(target, query, as_json))
    before, after = asyncio.run(_replay(target, identifier, wait))
    if after is None:
        say(
            f"There is no new result after {wait:.0f} s. The failure is on the queue: run finding {identifier} "
            "later. If nothing changes, check that the function app is running (/api/health)."
        )
        return ExitCode.UNKNOWN
    if as_json:
        print_json(after)
        return ExitCode.OK
    print_parts(finding_story(after, requests=requests))
    print_parts(_difference(before, after))
    return ExitCode.OK


async def _replay_all(target: Target, query: Mapping[str, str], as_json: bool) -> ExitCode:
    """Queues all findings that match. The function app triages them, so there is no result to wait for."""
    queued = 0
    async with connect(target) as service:
        asked = {**query, "top": str(MAX_TOP)}
        while asked:
            answer = await service.post(f"findings/retriage?{urlencode(asked)}")
            queued += int(answer.get("queued") or 0)
            if asked := next_query(answer):
                say(f"{queued:,} queued so far.")
    if as_json:
        print_json({"queued": queued})
    elif queued:
        say(
            f"{queued:,} {'failure is' if queued == 1 else 'failures are'} queued to be triaged again. Run findings later."
        )
    else:
        say("No findings match these filters.")
    return ExitCode.OK


async def _replay(target: Target, identifier: str, wait: float) -> tuple[Json, Json | None]:
    path = f"findings/{segment(identifier)}"
    async with connect(target) as service:
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
