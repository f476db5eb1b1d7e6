"""`coverage start`: has the service scan, and shows how far it is."""

from __future__ import annotations

import asyncio

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from triage.cli.client.answers import Json
from triage.cli.client.service import Service, Target, connect, segment, tenant_names
from triage.cli.errors import ExitCode
from triage.cli.show.collection import tenant_of
from triage.cli.show.coverage import scans_view
from triage.cli.show.terminal import errors, harmless, output, print_json, print_parts, say

_LOOK_EVERY = 2.0
COLUMNS = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())


async def start(target: Target, tenant: str | None, *, wait: bool, as_json: bool) -> ExitCode:
    """Starts the scans, and waits for them."""
    async with connect(target) as service:
        started: list[Json] = (await service.post("coverage", {"tenantId": tenant} if tenant else {}))["value"]
        names = await tenant_names(service)
        said = [f"{tenant_of(one, names)}: scan {one['id']} runs." for one in started]
        if not wait:
            if as_json:
                print_json({"value": started})
            else:
                print_parts(map(harmless, said))
            return ExitCode.OK
        try:
            scans = await _ended(service, [str(one["id"]) for one in started], names)
        except asyncio.CancelledError:
            say("The service continues the scans. Run coverage to see their progress.")
            raise
    if as_json:
        print_json({"value": scans})
    else:
        print_parts(scans_view(scans, names, output().width))
    return ExitCode.OK if all(one.get("state") == "complete" for one in scans) else ExitCode.UNKNOWN


async def _ended(service: Service, ids: list[str], names: dict[str, str]) -> list[Json]:
    """The scans when all of them have ended."""
    console = errors()
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks = {one: progress.add_task("", total=1.0) for one in ids}
        while True:
            scans = [await service.get(f"coverage/{segment(one)}") for one in ids]
            for scan in scans:
                name = harmless(tenant_of(scan, names))
                done = 1.0 if scan.get("state") != "running" else float(scan.get("progress") or 0)
                progress.update(tasks[str(scan["id"])], completed=done, description=name)
            if all(scan.get("state") != "running" for scan in scans):
                return scans
            await asyncio.sleep(_LOOK_EVERY)
