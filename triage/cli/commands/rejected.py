"""`rejected`: lists the events on the queue that could not be read."""

from __future__ import annotations

import asyncio

from rich.console import RenderableType

from triage.cli.client.answers import Json
from triage.cli.errors import ExitCode
from triage.cli.options import All, AsJson, ServiceOptions, Top
from triage.cli.show.pages import print_collection
from triage.cli.show.tables import rejected_table


def rejected(target: ServiceOptions, top: Top = 20, everything: All = False, as_json: AsJson = False) -> ExitCode:
    """List the events on the queue that could not be read as failures, newest first."""
    most, shown = None if everything else top, None if as_json else _table
    asyncio.run(print_collection(target, "rejected", {}, most, shown, nothing="There are no rejected events."))
    return ExitCode.OK


def _table(rows: list[Json], header: bool) -> RenderableType:
    return rejected_table(rows, header=header)
