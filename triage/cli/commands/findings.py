"""`findings`: lists findings."""

from __future__ import annotations

import asyncio

from triage.cli.errors import ExitCode
from triage.cli.options import ServiceOptions
from triage.cli.queries import FindingListing, FindingQuery
from triage.cli.show.lists import FINDINGS
from triage.cli.show.pages import show_collection


def findings(query: FindingQuery, target: ServiceOptions, listing: FindingListing) -> ExitCode:
    """List findings, newest first."""
    asyncio.run(show_collection(target, FINDINGS, query, listing))
    return ExitCode.OK
