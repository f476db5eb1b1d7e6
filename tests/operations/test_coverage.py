"""A coverage scan finds what triage would find, whatever interrupts it; and it says what has changed since the last."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox.azurite import Azurite
from sandbox.tenant.serve.server import Served, serve
from sandbox.tenant.world import World
from tests.operations.conftest import make_services
from triage.coverage.model import CoverageScan, MailboxChange, UncoveredMailbox
from triage.operations.coverage import run_scans, start_scan
from triage.operations.services import Services

DOMAIN = "scanned.example"
NO_MAILBOX = "MailboxNotEnabledForRESTAPI"
# What each kind of person is, and what a scan says of one: a cause, covered, or nothing, since there is no mailbox.
KINDS: dict[str, tuple[dict[str, Any], str | None]] = {
    "well": ({}, "covered"),
    "blocked": ({"signIn": False}, "covered"),
    "shared": ({"licenses": [], "purpose": "shared"}, "covered"),
    "unlicensed": ({"licenses": [], "mailbox": NO_MAILBOX}, "mailbox_unlicensed"),
    "off": ({"licenses": [{"sku": "SPE_E3", "disabled": ["EXCHANGE_S_ENTERPRISE"]}], "mailbox": NO_MAILBOX}, "exchange_plan_disabled"),
    "onprem": ({"synced": True, "mailbox": NO_MAILBOX}, "mailbox_on_premises"),
    "lost": ({"mailbox": NO_MAILBOX}, "mailbox_disconnected"),
    "admin": ({"licenses": [], "mail": None, "mailbox": NO_MAILBOX}, None),
    "guest": ({"guest": "g{}@home.example", "licenses": [], "mailbox": NO_MAILBOX}, None),
    "hosted": ({"userType": "Guest"}, "covered"),
}  # fmt: skip


def people(count: int) -> dict[str, dict[str, Any]]:
    """People of all kinds in turn."""
    found = {}
    for number in range(count):
        name = list(KINDS)[number % len(KINDS)]
        fields = KINDS[name][0]
        if "guest" in fields:
            fields = fields | {"guest": fields["guest"].format(number)}
        found[f"{name}{number:05}"] = fields
    return found


def causes(count: int) -> Counter[str | None]:
    return Counter(KINDS[list(KINDS)[number % len(KINDS)]][1] for number in range(count))


_NUMBERS = itertools.count()


def world(count: int, page_size: int = 999, **more: Any) -> World:
    """A tenant of its own, since all tests share their storage."""
    return World(
        {
            "tenants": {
                f"scanned{next(_NUMBERS)}": {
                    "domains": [DOMAIN],
                    "people": people(count),
                    "pageSize": page_size,
                    **more,
                }
            }
        }
    )


def queue_of(found: World) -> str:
    """A queue of its own: while something waits on it, a scan gives way."""
    return f"queue-{next(iter(found.tenants))}"


@asynccontextmanager
async def scanning(storage: Azurite, found: World, **more: str) -> AsyncIterator[tuple[Services, Served]]:
    async with serve(found) as served:
        services = make_services(served.url, storage.connection_string, queue_of(found), found, **more)
        try:
            yield services, served
        finally:
            await services.close()


async def begin(services: Services) -> CoverageScan:
    return await start_scan(services, services.settings.tenants[0])


async def finished(services: Services, scan: CoverageScan, seconds: float = 30) -> CoverageScan:
    """The scan once it has ended: slices follow each other without a minute in between."""
    async with asyncio.timeout(seconds):
        while True:
            await run_scans(services)
            found = await services.coverages.get(scan.id)
            assert found is not None
            if found.state != "running" and await services.coverage_runs.running(scan.tenant_id) is None:
                return found
            await asyncio.sleep(0.02)


async def uncovered(services: Services, scan: CoverageScan, **filters: Any) -> list[UncoveredMailbox]:
    found, token = await services.coverages.mailboxes(scan.id, top=10_000, **filters)
    assert token is None
    return found


def expect(scan: CoverageScan, count: int) -> None:
    """The numbers of a scan are those of counting the people by hand."""
    by_hand = causes(count)
    covered, without = by_hand.pop("covered"), by_hand.pop(None)
    assert scan.by_cause == by_hand
    assert (scan.users, scan.mailboxes, scan.covered) == (count, count - without, covered)
    assert (scan.uncovered, scan.unknown, scan.reasons) == (by_hand.total(), 0, [])


async def test_the_numbers_match_a_count_by_hand(storage: Azurite) -> None:
    count = 700
    async with scanning(storage, world(count, page_size=300)) as (services, served):
        scan = await finished(services, await begin(services))
        assert (scan.state, scan.progress, scan.changes) == ("complete", 1, None)
        expect(scan, count)
        assert scan.finished_at is not None
        found = await uncovered(services, scan)
        assert Counter(one.cause for one in found) == scan.by_cause
        assert [one.mailbox for one in found] == sorted(one.mailbox for one in found)
        assert {one.since for one in found} == {scan.started_at}
        assert {one.change for one in found} == {None}
        assert next(one for one in found if one.mailbox == f"off00004@{DOMAIN}").summary.startswith(
            f"off00004@{DOMAIN} has a license"
        )
        asked = served.simulator.stats.by_path
        assert asked["/users"] == 4, "three pages, and the number of users"
        guests = count // len(KINDS)
        assert asked["/users/{}/mailFolders/{}"] == count - 2 * guests, "who can't have a mailbox is not asked for one"


async def test_a_start_while_a_scan_runs_returns_that_scan(storage: Azurite) -> None:
    async with scanning(storage, world(50)) as (services, _):
        starts = await asyncio.gather(*(begin(services) for _ in range(5)))
        assert len({one.id for one in starts}) == 1
        scan = await finished(services, starts[0])
        again = await begin(services)
        assert again.id != scan.id
        await finished(services, again)


async def test_what_has_changed_since_the_last_complete_scan(storage: Azurite) -> None:
    tenant = world(40)
    (name,) = tenant.tenants
    channel = {
        "name": "scanned",
        "kind": "slack",
        "url": "https://hooks.slack.com/services/x",
        "events": ["coverage.changed"],
    }
    async with scanning(storage, tenant, TRIAGE_NOTIFICATIONS=json.dumps([channel])) as (services, served):

        def change(people: dict[str, Any]) -> None:
            served.world.merge({"tenants": {name: {"people": people}}})

        first = await finished(services, await begin(services))
        assert await services.outbox.waiting("scanned") == []
        change({"well00000": {"mailbox": NO_MAILBOX}, "lost00006": {"mailbox": None}, "lost00016": {"deleted": "-1d"}})
        second = await finished(services, await begin(services))
        assert second.changes is not None
        assert (second.changes.since, second.changes.newly_uncovered, second.changes.recovered) == (first.id, 1, 1)
        changed = await uncovered(services, second, changed=list(MailboxChange))
        assert [(one.mailbox.partition("@")[0], one.change, one.since) for one in changed] == [
            ("lost00006", "recovered", first.started_at), ("well00000", "new", second.started_at),
        ]  # fmt: skip
        assert second.uncovered == first.uncovered - 1 == len(await uncovered(services, second))
        (told,) = await services.outbox.waiting("scanned")
        assert (told.event, told.subject_id, told.severity) == ("coverage.changed", second.id, "medium")

        served.simulator.faults.add([{"path": "lost00026|off00004", "status": 403, "code": "ErrorAccessDenied"}])
        ids = served.world.tenants[name].users
        paths = "|".join(
            ids.lookup("userPrincipalName", f"{one}@{DOMAIN}")[0]["id"] for one in ("lost00026", "well00000")
        )
        served.simulator.faults.add([{"path": paths, "status": 403, "code": "ErrorAccessDenied"}])
        third = await finished(services, await begin(services))
        assert (third.state, third.unknown) == ("complete", 2)
        assert [(one.check, one.reason, one.permission) for one in third.reasons] == [
            ("mailbox", "forbidden", "Mail.ReadBasic.All")
        ]
        assert third.changes is not None
        assert (third.changes.newly_uncovered, third.changes.recovered) == (0, 0)
        served.simulator.faults.rules.clear()
        change({"lost00026": {"mailbox": None}})
        fourth = await finished(services, await begin(services))
        assert fourth.changes is not None
        assert (fourth.changes.newly_uncovered, fourth.changes.recovered) == (0, 1), "it was not known in between"
        by_mailbox = {one.mailbox: one.since for one in await uncovered(services, fourth)}
        assert by_mailbox[f"well00000@{DOMAIN}"] == second.started_at
        assert set(by_mailbox.values()) == {first.started_at, second.started_at}
        assert len(await services.outbox.waiting("scanned")) == 2
