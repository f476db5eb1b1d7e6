"""`rebuild`: makes the index and the counts again, from the findings in storage."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from azure.core.exceptions import AzureError

from triage.cli.errors import CommandError, ExitCode
from triage.cli.options import AsJson, Debug
from triage.cli.show.terminal import errors, print_json, say
from triage.operations.services import services
from triage.settings import SettingsError
from triage.storage.rebuild import rebuild_counts, rebuild_index

Index = Annotated[
    bool, typer.Option("--index", help="Write the index rows of every finding anew first; it takes long.")
]


def rebuild(index: Index = False, as_json: AsJson = False, debug: Debug = False) -> ExitCode:
    """Counts all findings anew, for the summary. It may run while findings arrive."""
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
            with errors().status("Writing the index…") as status:
                await rebuild_index(parts.account, parts.findings, lambda n: status.update(f"Writing the index… {n:,}"))
        with errors().status("Counting…"):
            return await rebuild_counts(parts.account, parts.findings)
    except AzureError as error:
        raise CommandError(f"Storage failed ({type(error).__name__}). Begin again: what is done stays done.") from None
    finally:
        await parts.close()
