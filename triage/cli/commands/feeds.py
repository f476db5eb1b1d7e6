"""`feeds` and `poll`: how the feeds from Email Threat Defense's API are doing, and polling them now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Annotated

import typer

from triage.cli.client.answers import Json
from triage.cli.client.graph import guid_option
from triage.cli.client.service import Service, Target, connect, tenant_names
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, ServiceOptions, Web, tenant_option
from triage.cli.show.collection import tenant_of
from triage.cli.show.feeds import CONFIGURE, exit_code, feeds_view, poll_line
from triage.cli.show.terminal import errors, output, print_json, print_parts, say
from triage.cli.show.web import open_page

_LOOK_EVERY = 1.0
# If nothing has changed for this number of looks, a poll that has read something, or that fails, has ended.
_QUIET, _QUIET_FAILING = 3, 10


def feeds(target: ServiceOptions, web: Web = False, as_json: AsJson = False) -> ExitCode:
    """Show the feeds, which find failed remediations automatically. Exit code: 1 one is behind, 2 one fails."""
    if web:
        open_page(target, view="feeds")
        return ExitCode.OK
    found, names = asyncio.run(_read(target))
    if as_json:
        print_json({"value": found})
    else:
        print_parts(feeds_view(found, names, output().width))
        if all(one.get("state") == "off" for one in found):
            say(CONFIGURE)
    return exit_code(found)


async def _read(target: Target) -> tuple[list[Json], dict[str, str]]:
    async with connect(target) as service:
        return await _feeds(service), await tenant_names(service)


async def _feeds(service: Service) -> list[Json]:
    return (await service.get("feeds")).get("value") or []


def poll(
    target: ServiceOptions,
    tenant: Annotated[str | None, tenant_option("Only the feed of this tenant.")] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Poll once. Without it, poll again and again until Ctrl+C.")
    ] = False,
    every: Annotated[float, typer.Option(min=1, help="Minutes between two polls.")] = 10.0,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a poll to end.")] = 150.0,
    as_json: AsJson = False,
) -> ExitCode:
    """Poll the feeds, wait, and show the result. Exit code: 1 one is behind, 2 one fails, 3 no result in time."""
    body = {"tenantId": guid_option("--tenant", tenant)} if tenant else {}
    try:
        while True:
            code = asyncio.run(_poll(target, body, wait, as_json=as_json))
            if once:
                return code
            time.sleep(every * 60)
    except KeyboardInterrupt:
        say("Stopped polling.")
        return ExitCode.OK


async def _poll(target: Target, body: Mapping[str, str], wait: float, *, as_json: bool) -> ExitCode:
    async with connect(target) as service:
        before = {str(one["tenantId"]): one for one in await _feeds(service)}
        polled = {str(one["tenantId"]) for one in (await service.post("feeds/poll", dict(body)))["value"]}
        console = errors()
        with console.status("Polling…") if console.is_terminal else nullcontext():
            after, ended = await _end(service, {name: before[name] for name in polled}, wait)
        names = await tenant_names(service)
    if as_json:
        print_json({"value": after})
    else:
        print_parts(poll_line(tenant_of(one, names), before[one["tenantId"]], one) for one in after)
        if any(one.get("state") == "ok" for one in after):
            say(
                "New actions are looked at 12 and 27 minutes after they happened, unless ETD_LOOKS says otherwise. feeds shows the results."
            )
    if not ended:
        say(f"Not every poll has ended after {wait:.0f} s. The service continues. Run feeds later.")
        return ExitCode.UNKNOWN
    return exit_code(after)


async def _end(service: Service, before: Mapping[str, Json], wait: float) -> tuple[list[Json], bool]:
    """The feeds when their polls have ended, and whether they have."""
    end = time.monotonic() + wait
    seen, quiet = dict(before), dict.fromkeys(before, 0)
    while True:
        found = {str(one["tenantId"]): one for one in await _feeds(service) if one["tenantId"] in before}
        for name, one in found.items():
            quiet[name] = 0 if _asks(seen[name], one) else quiet[name] + 1
        seen = found
        ended = all(_has_ended(before[name], one, quiet[name]) for name, one in found.items())
        if ended or time.monotonic() >= end:
            return list(found.values()), ended
        await asyncio.sleep(_LOOK_EVERY)


def _asks(before: Json, after: Json) -> bool:
    return before.get("requestsToday") != after.get("requestsToday")


def _has_ended(before: Json, after: Json, quiet: int) -> bool:
    if before.get("lastSuccessAt") != after.get("lastSuccessAt"):
        return quiet >= _QUIET
    return bool(after.get("lastError")) and quiet >= _QUIET_FAILING
