"""`rejected`: lists the events on the queue that could not be read."""

from __future__ import annotations

import asyncio

from triage.cli.errors import ExitCode
from triage.cli.options import ServiceOptions
from triage.cli.queries import RejectedListing
from triage.cli.show.lists import REJECTED
from triage.cli.show.pages import show_collection


def rejected(target: ServiceOptions, listing: RejectedListing) -> ExitCode:
    """List the events on the queue that could not be read as failures, newest first."""
    asyncio.run(show_collection(target, REJECTED, {}, listing))
    return ExitCode.OK
