"""`summary`: counts findings, and shows the state of the apps."""

from __future__ import annotations

import asyncio

from triage.cli.client.service import get
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, ServiceOptions
from triage.cli.queries import SummaryQuery
from triage.cli.show.summary import summary_view
from triage.cli.show.terminal import print_json, print_parts


def summary(query: SummaryQuery, target: ServiceOptions, as_json: AsJson = False) -> ExitCode:
    """Count failures by scenario, cause, severity, confidence and day, and show the state of the apps."""
    found = asyncio.run(get(target, "summary", query))
    if as_json:
        print_json(found)
    else:
        print_parts(summary_view(found))
    return ExitCode.OK
