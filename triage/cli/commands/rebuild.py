"""`rebuild`: writes the lists and the counts again, from the findings in storage."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from azure.core.exceptions import AzureError

from triage.cli.errors import CommandError, ExitCode
from triage.cli.options import AsJson
from triage.cli.show.terminal import errors, print_json, say
from triage.operations.services import services
from triage.settings import SettingsError
from triage.storage.rebuild import rebuild_counts, rebuild_lists

Index = Annotated[
    bool,
    typer.Option(
        "--index",
        help="First migrate findings of version 1, and write the rows of every finding again. This takes a long time.",
    ),
]


def rebuild(index: Index = False, as_json: AsJson = False) -> ExitCode:
    """Count all findings again for the summary. Findings can arrive during this."""
    number = asyncio.run(_rebuild(index=index))
    if as_json:
        print_json({"counted": number})
    else:
        say(f"Counted {number:,} findings.")
    return ExitCode.OK


async def _rebuild(*, index: bool) -> int:
    try:
        parts = services()
    except SettingsError as error:
        raise CommandError(str(error)) from None
    try:
        if index:
            with errors().status("Writing the lists…") as status:
                await rebuild_lists(
                    parts.findings, parts.finding_lists, lambda n: status.update(f"Writing the lists… {n:,}")
                )
        with errors().status("Counting…"):
            return await rebuild_counts(parts.account, parts.projection)
    except AzureError as error:
        name = type(error).__name__
        raise CommandError(f"Storage failed ({name}). Run rebuild again: what is done stays done.") from None
    finally:
        await parts.close()
