"""`incidents`: lists incidents, or shows one."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from triage.cli.client.short_ids import item_of
from triage.cli.errors import ExitCode, UsageError
from triage.cli.options import ServiceOptions
from triage.cli.queries import IncidentListing, IncidentQuery
from triage.cli.show.incident import incident_story
from triage.cli.show.lists import INCIDENTS
from triage.cli.show.pages import Form, show_collection
from triage.cli.show.terminal import print_json, print_parts
from triage.cli.show.web import open_page


def incidents(
    query: IncidentQuery,
    target: ServiceOptions,
    listing: IncidentListing,
    identifier: Annotated[
        str | None, typer.Argument(metavar="ID", help="An incident's ID, or its beginning: shows only that one.")
    ] = None,
) -> ExitCode:
    """List incidents, the worst of the open ones first, or show one: what to do, and what was done."""
    if identifier is None:
        asyncio.run(show_collection(target, INCIDENTS, query, listing))
        return ExitCode.OK
    if query or listing.columns or listing.form is Form.CSV:
        raise UsageError("Give either an ID, or filters and columns for a list.")
    found = asyncio.run(item_of(target, "incidents", identifier))
    if listing.web:
        open_page(target, incident=str(found["id"]))
    elif listing.form is Form.JSON:
        print_json(found)
    else:
        print_parts(incident_story(found))
    return ExitCode.OK
