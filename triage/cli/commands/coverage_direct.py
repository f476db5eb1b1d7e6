"""`coverage --direct`: scans from this machine, with Graph only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from rich.progress import Progress

from triage.cli.client.answers import Json
from triage.cli.client.graph import GraphTarget, explain_sign_in, tenants_of
from triage.cli.commands.coverage_start import COLUMNS
from triage.cli.errors import ExitCode
from triage.cli.show.collection import tenant_of
from triage.cli.show.coverage import MAILBOXES, scan_view, scans_view
from triage.cli.show.pages import Form, Listing, Total, print_pages, say_more
from triage.cli.show.terminal import errors, harmless, output, print_json, print_parts

if TYPE_CHECKING:
    from triage.coverage.model import CoverageScan, UncoveredMailbox
    from triage.graph.tenants import Tenants
    from triage.settings import Tenant


async def scan_directly(target: GraphTarget, causes: Sequence[str], listing: Listing) -> ExitCode:
    """Scans the tenants one after the other, and prints what was found."""
    found: list[tuple[Json, list[Json]]] = []
    async with tenants_of(target) as tenants:
        for tenant in target.tenants:
            scan, mailboxes = await _scan(tenants, tenant)
            found.append((scan, [one for one in mailboxes if not causes or one["cause"] in causes]))
    if listing.form is Form.JSON:
        print_json({"value": [{**scan, "uncoveredMailboxes": mailboxes} for scan, mailboxes in found]})
    else:
        await _print(found, {tenant.tenant_id: tenant.name or tenant.tenant_id for tenant in target.tenants}, listing)
    explain_sign_in({str(reason.get("reason")) for scan, _ in found for reason in scan["reasons"]})
    return ExitCode.OK if all(scan["state"] == "complete" for scan, _ in found) else ExitCode.UNKNOWN


async def _scan(tenants: Tenants, tenant: Tenant) -> tuple[Json, list[Json]]:
    """A scan and the mailboxes that are not covered. A terminal shows how far it is."""
    from triage.operations.coverage_direct import scan_without_storage

    mailboxes: list[Json] = []
    console = errors()
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(harmless(tenant.name or tenant.tenant_id), total=1.0)
        users = 0

        def told(scan: CoverageScan, some: list[UncoveredMailbox]) -> None:
            nonlocal users
            if scan.users < users:  # it has begun again
                mailboxes.clear()
            users = scan.users
            mailboxes.extend(one.wire() for one in some)
            progress.update(task, completed=scan.progress)

        scan = await scan_without_storage(tenants, tenant, told)
    return scan.wire(), mailboxes


async def _print(found: list[tuple[Json, list[Json]]], names: dict[str, str], listing: Listing) -> None:
    if len(found) > 1 and listing.form is Form.TABLE:
        print_parts([*scans_view([scan for scan, _ in found], names, output().width), ""])
    if listing.form is Form.CSV:
        every = [one for _, mailboxes in found for one in mailboxes]
        await print_pages(_pages(every), MAILBOXES, listing, _total(every), {})
        return
    for scan, mailboxes in found:
        print_parts([*scan_view(scan, tenant_of(scan, names)), ""])
        shown = mailboxes if listing.most is None else mailboxes[: listing.most]
        await print_pages(_pages(shown), MAILBOXES, listing, _total(mailboxes), {})
        if len(shown) < len(mailboxes):
            say_more(len(shown))


def _total(mailboxes: list[Json]) -> Total:
    """What all of them are, however many are shown."""

    async def total(_: list[Json]) -> str:
        return MAILBOXES.sentence(mailboxes)

    return total


async def _pages(rows: list[Json]) -> AsyncIterator[list[Json]]:
    yield rows
