"""`audits`: the audits that the service has stored, or one of them."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from triage.cli.client.short_ids import item_of
from triage.cli.errors import ExitCode, UsageError
from triage.cli.options import ServiceOptions
from triage.cli.queries import AuditListing, AuditQuery
from triage.cli.show.audit import audit_story
from triage.cli.show.lists import AUDITS, LATEST_AUDITS
from triage.cli.show.pages import Form, show_collection
from triage.cli.show.terminal import output, print_json, print_parts
from triage.cli.show.web import open_page


def audits(
    query: AuditQuery,
    target: ServiceOptions,
    listing: AuditListing,
    identifier: Annotated[
        str | None, typer.Argument(metavar="ID", help="An audit's ID, or its last part: shows only that one.")
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="Only the newest audit of each tenant.")] = False,
) -> ExitCode:
    """List the audits of Email Threat Defense's app that the service made, with what changed, or show one."""
    if identifier is None:
        if latest and query:
            raise UsageError("--latest takes no filters.")
        asyncio.run(show_collection(target, LATEST_AUDITS if latest else AUDITS, query, listing))
        return ExitCode.OK
    if query or latest or listing.columns or listing.form is Form.CSV:
        raise UsageError("Give either an ID, or filters and columns for a list.")
    found = asyncio.run(item_of(target, "audits", identifier))
    if listing.web:
        open_page(target, view="audits", audit=str(found["id"]))
    elif listing.form is Form.JSON:
        print_json(found)
    else:
        print_parts(audit_story(found, output().width))
    return ExitCode.OK
