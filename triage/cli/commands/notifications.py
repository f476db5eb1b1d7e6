"""`notifications`: what was sent to which channel, and a test of a channel."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import RenderableType

from triage.cli.client.answers import Json
from triage.cli.client.service import Target, connect
from triage.cli.errors import ExitCode
from triage.cli.options import All, AsJson, ServiceOptions, Top
from triage.cli.show.pages import print_collection
from triage.cli.show.tables import notifications_table
from triage.cli.show.terminal import harmless, print_json, say


def notifications(
    target: ServiceOptions,
    top: Top = 20,
    everything: All = False,
    test: Annotated[str | None, typer.Option(metavar="CHANNEL", help="Send a test to this channel now.")] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """List what was sent to which channel, newest first, or send a test."""
    if test is not None:
        return asyncio.run(_test(target, test, as_json))
    most, shown = None if everything else top, None if as_json else _table
    asyncio.run(print_collection(target, "notifications", {}, most, shown, nothing="Nothing was sent to any channel."))
    return ExitCode.OK


async def _test(target: Target, channel: str, as_json: bool) -> ExitCode:
    async with connect(target) as service:
        answer = await service.post("notifications/test", json.dumps({"channel": channel}).encode())
    if as_json:
        print_json(answer)
    else:
        say(harmless(" ".join(filter(None, (f"{channel} has taken it: {answer.get('answer')}.", answer.get("note"))))))
    return ExitCode.OK


def _table(rows: list[Json], header: bool) -> RenderableType:
    return notifications_table(rows, header=header)
