"""`findings`: lists findings."""

from __future__ import annotations

import asyncio

from rich.console import RenderableType

from triage.cli.client.answers import Json
from triage.cli.errors import ExitCode
from triage.cli.options import All, AsJson, FindingQuery, ServiceOptions, Top
from triage.cli.show.pages import print_collection
from triage.cli.show.tables import findings_table
from triage.cli.show.terminal import output


def findings(
    query: FindingQuery, target: ServiceOptions, top: Top = 50, everything: All = False, as_json: AsJson = False
) -> ExitCode:
    """List findings, newest first."""
    most, shown = None if everything else top, None if as_json else _table
    nothing = "No findings match these filters." if query else "There are no findings."
    asyncio.run(print_collection(target, "findings", query, most, shown, nothing=nothing))
    return ExitCode.OK


def _table(rows: list[Json], header: bool) -> RenderableType:
    return findings_table(rows, output().width, header=header)
