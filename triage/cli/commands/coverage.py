"""`coverage`: the mailboxes in which a remediation would fail today."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

import typer

from triage.cli.client.answers import Json
from triage.cli.client.graph import graph_target, guid_option
from triage.cli.client.service import Service, Target, connect, segment, tenant_names
from triage.cli.client.short_ids import whole_id
from triage.cli.commands.coverage_direct import scan_directly
from triage.cli.commands.coverage_start import start
from triage.cli.errors import ExitCode, UsageError
from triage.cli.options import ServiceOptions, tenant_option
from triage.cli.queries import MailboxListing, MailboxQuery
from triage.cli.show.collection import tenant_of
from triage.cli.show.coverage import MAILBOXES, NEVER, scan_view, scans_view
from triage.cli.show.pages import Form, Listing, print_collection
from triage.cli.show.terminal import output, print_json, print_parts, say
from triage.cli.show.web import open_page
from triage.settings import Mode

_START, _MAILBOXES = "start", "mailboxes"


def coverage(
    target: ServiceOptions,
    query: MailboxQuery,
    listing: MailboxListing,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="start|mailboxes|SCAN",
            help="start: scan now. mailboxes: list those of the newest scan of --tenant. A scan's ID, or its last part: "
            "list its mailboxes. Without it: the newest scan of each tenant.",
        ),
    ] = None,
    tenant: Annotated[str | None, tenant_option("Only this tenant.")] = None,
    wait: Annotated[bool, typer.Option(help="start: wait for the scans to end, and show their progress.")] = True,
    direct: Annotated[
        bool, typer.Option("--direct", help="Scan from this machine, with Graph only: without a deployment.")
    ] = False,
    etd_app_id: Annotated[
        str | None, typer.Option(help="--direct: the client ID of the app in --tenant, instead of TRIAGE_TENANTS.")
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="--direct: how the app was authorized (with --etd-app-id).")
    ] = Mode.READ_WRITE,
) -> ExitCode:
    """Show in which mailboxes a remediation would fail today, and why. Exit code 3: a scan that it ran is partial."""
    tenant = guid_option("--tenant", tenant) if tenant else None
    lists = what not in (None, _START)
    if query and not lists and not direct:
        raise UsageError("--cause and --changed are for mailboxes: coverage mailboxes --tenant ID, or coverage SCAN.")
    if direct:
        if what is not None or "changed" in query or listing.web:
            raise UsageError("--direct scans, and lists what it finds: it takes no scan, no --changed and no --web.")
        causes = query["cause"].split(",") if "cause" in query else []
        return asyncio.run(scan_directly(graph_target(tenant, etd_app_id, mode), causes, listing))
    if what == _START:
        return asyncio.run(start(target, tenant, wait=wait, as_json=listing.form is Form.JSON))
    asyncio.run(_mailboxes(target, what, tenant, query, listing) if what else _latest(target, tenant, listing))
    return ExitCode.OK


async def _latest(target: Target, tenant: str | None, listing: Listing) -> None:
    if listing.form is Form.CSV or listing.columns:
        raise UsageError(
            "--format csv and --columns are for mailboxes: coverage mailboxes --tenant ID, or coverage SCAN."
        )
    if listing.web:
        open_page(target, view="coverage")
        return
    async with connect(target) as service:
        scans = await _scans(service, tenant)
        names = await tenant_names(service)
    if listing.form is Form.JSON:
        print_json({"value": scans})
    elif scans:
        print_parts(scans_view(scans, names, output().width))
    else:
        say(NEVER)


async def _mailboxes(target: Target, what: str, tenant: str | None, query: dict[str, str], listing: Listing) -> None:
    async with connect(target) as service:
        scan = await _scan(service, what, tenant)
        if listing.web:
            open_page(target, view="coverage", scan=str(scan["id"]), **query)
            return
        if listing.form is Form.TABLE:
            names = await tenant_names(service)
            print_parts([*scan_view(scan, tenant_of(scan, names)), ""])
        collection = replace(MAILBOXES, path=f"coverage/{segment(str(scan['id']))}/mailboxes")
        await print_collection(service, collection, query, listing)


async def _scan(service: Service, what: str, tenant: str | None) -> Json:
    """The scan that the arguments name."""
    if what != _MAILBOXES:
        return await service.get(f"coverage/{segment(await whole_id(service, 'coverage/latest', what))}")
    scans = await _scans(service, tenant)
    if len(scans) != 1:
        known = "No tenant was scanned" if not scans else f"There are scans of {len(scans)} tenants"
        raise UsageError(f"{known}. Give a scan's ID (coverage lists them), or --tenant of one that was scanned.")
    return scans[0]


async def _scans(service: Service, tenant: str | None) -> list[Json]:
    scans: list[Json] = (await service.get("coverage/latest"))["value"]
    return [one for one in scans if tenant is None or one["tenantId"] == tenant]
