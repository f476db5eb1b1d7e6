"""`notifications`: what was sent to which channel, and a test of a channel."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from triage.cli.client.service import Target, connect
from triage.cli.errors import ExitCode
from triage.cli.options import ServiceOptions
from triage.cli.queries import NotificationListing, NotificationQuery
from triage.cli.show.lists import NOTIFICATIONS
from triage.cli.show.pages import Form, show_collection
from triage.cli.show.terminal import harmless, print_json, say


def notifications(
    query: NotificationQuery,
    target: ServiceOptions,
    listing: NotificationListing,
    test: Annotated[str | None, typer.Option(metavar="CHANNEL", help="Send a test to this channel now.")] = None,
) -> ExitCode:
    """List what was sent to which channel, newest first, or send a test."""
    if test is not None:
        return asyncio.run(_test(target, test, as_json=listing.form is Form.JSON))
    asyncio.run(show_collection(target, NOTIFICATIONS, query, listing))
    return ExitCode.OK


async def _test(target: Target, channel: str, *, as_json: bool) -> ExitCode:
    async with connect(target) as service:
        answer = await service.post("notifications/test", {"channel": channel})
    if as_json:
        print_json(answer)
    else:
        say(
            harmless(
                " ".join(filter(None, (f"{channel} has accepted it: {answer.get('answer')}.", answer.get("note"))))
            )
        )
    return ExitCode.OK
