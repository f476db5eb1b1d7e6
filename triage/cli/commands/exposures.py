"""`exposures`: lists the messages that can still be opened."""

from __future__ import annotations

import asyncio

from triage.cli.errors import ExitCode
from triage.cli.options import ServiceOptions
from triage.cli.queries import ExposureListing, ExposureQuery
from triage.cli.show.lists import EXPOSURES
from triage.cli.show.pages import show_collection


def exposures(query: ExposureQuery, target: ServiceOptions, listing: ExposureListing) -> ExitCode:
    """List the messages that people can still open: first those that were read, then the longest exposed."""
    asyncio.run(show_collection(target, EXPOSURES, query, listing))
    return ExitCode.OK
