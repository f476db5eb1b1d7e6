"""`finding`: explains one finding."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from triage.cli.client.service import get, segment
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, Requests, ServiceOptions
from triage.cli.show.finding import finding_story
from triage.cli.show.terminal import print_json, print_parts


def finding(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The finding's ID, as findings shows it.")],
    target: ServiceOptions,
    requests: Requests = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Explain one finding: what happened, whether the message can be opened, what to do, and how it is known."""
    found = asyncio.run(get(target, f"findings/{segment(identifier)}"))
    if as_json:
        print_json(found)
    else:
        print_parts(finding_story(found, requests=requests))
    return ExitCode.OK
