"""`finding`: explains one finding."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from triage.cli.client.short_ids import item_of
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, Requests, ServiceOptions, Web
from triage.cli.show.finding import finding_story
from triage.cli.show.terminal import print_json, print_parts
from triage.cli.show.web import open_page


def finding(
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="The finding's ID, or its beginning, as findings shows it.")
    ],
    target: ServiceOptions,
    requests: Requests = False,
    web: Web = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Explain one finding: what happened, whether the message can be opened, what to do, and how it is known."""
    found = asyncio.run(item_of(target, "findings", identifier))
    if web:
        open_page(target, finding=str(found["id"]))
    elif as_json:
        print_json(found)
    else:
        print_parts(finding_story(found, requests=requests))
    return ExitCode.OK
