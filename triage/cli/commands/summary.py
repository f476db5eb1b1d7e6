"""`summary`: counts findings, and shows the state of the apps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from triage.cli.client.answers import Json
from triage.cli.client.service import Target, connect, tenant_names
from triage.cli.errors import ExitCode
from triage.cli.options import AsJson, ServiceOptions
from triage.cli.queries import SummaryQuery
from triage.cli.show.summary import summary_view
from triage.cli.show.terminal import output, print_json, print_parts


def summary(query: SummaryQuery, target: ServiceOptions, as_json: AsJson = False) -> ExitCode:
    """Count failures by scenario, cause, severity, confidence and day, and show the state of the apps."""
    found, names = asyncio.run(_read(target, query))
    if as_json:
        print_json(found)
    else:
        print_parts(summary_view(found, names, output().width))
    return ExitCode.OK


async def _read(target: Target, query: Mapping[str, str]) -> tuple[Json, dict[str, str]]:
    """The summary, and the names of the tenants whose apps it has."""
    async with connect(target) as service:
        found = await service.get("summary", query)
        return found, await tenant_names(service) if found.get("audits") else {}
