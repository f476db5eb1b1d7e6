"""A day of the feed in virtual time: what it asks of ETD, Graph and storage, and what it finds.

Azurite reads a whole partition for each query, so it takes long with much mail. How many requests ETD gets in a steady
state follows from the service's own windows and hours, without anything that answers (`steady`).

The service's own poller and looks run on Azurite, against the simulated ETD and a simulated tenant, with a clock that
stands until the benchmark moves it. Two days of convicted mail: the first is read by a few polls, the second by one poll
every ten minutes, as the timer does, and only that one is measured. A part of the verdicts is late by up to a day, and in
a few mailboxes nothing can be moved.

With much mail, the simulated tenant would take longer than the service. Then nobody asks Graph: a look sees what the
simulated ETD knows, and batch items are not counted.

Beside it, in the same run, a baseline that scripts are made of: it searches the last 40 minutes every ten minutes, and
asks for the status of each new message, one request each.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from unittest.mock import patch

from benchmarks.traffic import Traffic
from sandbox.azurite import azurite
from sandbox.etd.server import serve as serve_etd
from sandbox.etd.serving import Served as ServedEtd
from sandbox.tenant.serve.server import serve as serve_tenant
from sandbox.tenant.world import World
from triage.etd import EtdClient
from triage.etd.client import PAGE_SIZE, TOKEN_SECONDS
from triage.feeds.hours import FIRST, HourState, Listing, hours_between, listed
from triage.feeds.hours import is_due as hour_is_due
from triage.feeds.lanes import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WINDOWS,
    Lane,
    LaneState,
    after_piece,
    begun,
    is_due,
    next_piece,
)
from triage.feeds.looks import Seen
from triage.operations import feed_looks
from triage.operations.feed_ledger import together
from triage.operations.feed_looks import look_at_actions
from triage.operations.feeds import feeds, poll_now
from triage.operations.services import Services
from triage.settings import read_settings
from triage.storage.feeds import TABLE
from triage.wire import epoch_ns

START = datetime(2026, 11, 18, tzinfo=UTC)
DAY_MINUTES = 24 * 60
TICK = 10
PEOPLE = 100
LATE = 0.15
"""The part of the messages whose verdict is late, by up to LATEST_HOURS."""
LATEST_HOURS = 20
BROKEN = 2
"""Of the PEOPLE, those in whose mailboxes nothing can be moved."""

MOST_WITH_GRAPH = 500
STEADY = (200, 5000, 20_000)

_BROKEN = {f"p{number}@feed.example" for number in range(BROKEN)}
_TENANT = "fee00000-0000-4000-8000-000000000001"


def run(sizes: list[int]) -> dict[str, Any]:
    """Figures by the number of convicted messages a day."""
    traffic = Traffic()
    traffic.install()
    return {
        "days": {str(size): asyncio.run(_day(size, traffic)) for size in sizes},
        "steady": {str(size): steady(size) for size in STEADY},
    }


def steady(count: int) -> dict[str, Any]:
    """The requests of a day with this number of convicted messages, spread evenly, as on all days before. No piece is cut."""
    used: Counter[str] = Counter()
    states = dict.fromkeys(WINDOWS, LaneState())
    known: dict[str, HourState] = {}
    script = 0
    begin = epoch_ns("2026-11-18T00:00:00Z")
    for now in range(begin, begin + 2 * DAY, TICK * MINUTE):
        measured = now >= begin + DAY
        for lane in WINDOWS:
            state = states[lane]
            if is_due(lane, state, now):
                state, _ = begun(lane, state, now)
                while state.reading:
                    piece = next_piece(state)
                    used[lane] += measured * _pages(count, piece.end - piece.start)
                    state = after_piece(state, piece, now)
                states[lane] = state
        hours = hours_between(begin, (now - FIRST) // HOUR * HOUR)
        due = [hour for hour in hours if hour_is_due(hour, known.get(hour), now)]
        used[Lane.LEDGER] += measured * len(together(due))
        for hour in due:
            known[hour] = listed(hour, known.get(hour), Listing(3, 0 if hour in known else 3, 0), now)
        script += measured * _pages(count, 34 * MINUTE)
    tokens = ceil(DAY / SECOND / TOKEN_SECONDS)
    used["token"] = tokens
    return {"requestsByLane": dict(used), "requests": used.total(), "script": script + count + tokens}


def _pages(count: int, time: int) -> int:
    return max(1, ceil(count * time / DAY / PAGE_SIZE))


async def _day(count: int, traffic: Traffic) -> dict[str, Any]:
    people = {f"p{number}": {"etdFails": True} if number < BROKEN else {} for number in range(PEOPLE)}
    world = World({"tenants": {"feed": {"id": _TENANT, "domains": ["feed.example"], "people": people}}})
    with_graph = count <= MOST_WITH_GRAPH
    with azurite() as storage:
        async with (
            serve_tenant(world) as graph,
            serve_etd([_TENANT], graph.url if with_graph else None, start=START, switches={"rateLimit": False}) as etd,
        ):
            await etd.convict(_mail(2 * count))
            services = _services(graph.url, storage.connection_string, world, etd)
            script = _Script(services, etd)
            try:
                with nullcontext() if with_graph else _knowing(etd):
                    for _ in range(4):
                        await etd.advance(minutes=DAY_MINUTES / 4)
                        await poll_now(services)
                        while await look_at_actions(services):
                            pass
                    await etd.advance(seconds=1)
                    return await _measured(services, etd, graph, traffic, script)
            finally:
                await script.client.close()
                await services.close()


@contextmanager
def _knowing(etd: ServedEtd) -> Iterator[None]:
    """Looks that see what ETD knows."""
    mail = etd.etd.business().mail

    async def collect(*_: Any, **__: Any) -> None:
        """Nobody is asked."""

    def see(case: Any) -> Seen:
        moved = mail[case.failure.message_id].actions[-1].moved[case.failure.mailbox]
        return Seen.IN_PLACE if moved else Seen.REACHABLE

    with patch.object(feed_looks, "collect", collect), patch.object(feed_looks, "see", see):
        yield


def _mail(count: int) -> list[dict[str, Any]]:
    """Two days of convicted mail, each message to one mailbox."""
    chance = random.Random(count)
    found: list[dict[str, Any]] = []
    for number in range(count):
        second = int(2 * DAY_MINUTES * 60 * number / count)
        late = chance.randint(1, LATEST_HOURS * 3600) if chance.random() < LATE else 5
        mailbox = f"p{chance.randrange(PEOPLE)}@feed.example"
        found.append({
            "mailboxes": [mailbox], "action": "quarantine", "fails": [mailbox] if mailbox in _BROKEN else [],
            "receivedAt": f"+{second}s", "verdictAt": f"+{second + late}s",
        })  # fmt: skip
    return found


def _services(graph: str, storage: str, world: World, etd: ServedEtd) -> Services:
    [api] = [{**one, "requestsPerSecond": 100} for one in etd.apis()]
    environ = {"GRAPH_ENDPOINT": graph, "TRIAGE_TENANTS": json.dumps(world.triage_tenants()), "TriageStorage": storage,
               "ETD_APIS": json.dumps([api])}  # fmt: skip
    services = Services(read_settings(environ))
    services.clock = lambda: int(etd.clock.now().timestamp() * 1_000_000) * 1000
    return services


async def _measured(
    services: Services, etd: ServedEtd, graph: Any, traffic: Traffic, script: _Script
) -> dict[str, Any]:
    """The second day."""
    first = etd.clock.now()
    before, [begun] = _failed(etd, first), await feeds(services)
    traffic.counts.clear()
    graph.simulator.reset_stats()
    for _ in range(DAY_MINUTES // TICK - 1):
        await etd.advance(minutes=TICK)
        await poll_now(services)
        await look_at_actions(services)
        await script.poll()
    [feed] = await feeds(services)
    used = await services.feed(_TENANT).rows.used(etd.clock.now().date().isoformat())
    tables = dict(traffic.counts)
    items = graph.simulator.stats.batch_items
    looked = _failed(etd, etd.clock.now() - timedelta(hours=1)) - before
    posted = await _posted(services)
    candidates = feed.candidates - begun.candidates
    missing, twice = len(looked - posted.keys()), sum(posted.values()) - len(posted)
    return {
        "candidates": candidates,
        "failures": feed.failures_found - begun.failures_found,
        "wrong": {"missing": missing, "twice": twice} if missing or twice else {},
        "requests": feed.requests_today,
        "requestsByLane": dict(sum(used.values(), Counter[str]())),
        "share": feed.request_share,
        "script": {"requests": script.requests, "seen": len(script.seen)},
        "tableRequests": tables.get("requests", 0) / candidates,
        "tableWrites": tables.get("written", 0) / candidates,
        "rows": await _rows(services) / (candidates + begun.candidates),
        "items": items / candidates,
    }


def _failed(etd: ServedEtd, until: datetime) -> set[tuple[str, str]]:
    """What was not moved by an action up to a time."""
    return {
        (mail.id, mailbox)
        for mail in etd.etd.business().mail.values()
        for action in mail.actions
        if action.at <= until
        for mailbox, moved in action.moved.items()
        if not moved
    }


async def _posted(services: Services) -> Counter[tuple[str, str]]:
    """How often each message was posted for a mailbox, by what its action says."""
    found: Counter[tuple[str, str]] = Counter()
    table = await services.account.table(TABLE)
    async for row in table.query_entities("RowKey ge 'act|' and RowKey lt 'act}'"):
        action = json.loads(row["document"])
        if action["posted"]:
            found[action["etdId"], action["mailbox"]] = len(action["posted"])
    return found


async def _rows(services: Services) -> int:
    table = await services.account.table(TABLE)
    return sum([1 async for _ in table.query_entities("", select=["RowKey"])])


class _Script:
    """The baseline."""

    def __init__(self, services: Services, etd: ServedEtd) -> None:
        [api] = services.settings.etd_apis
        self.requests = 0
        self.seen: set[str] = set()
        self._etd = etd
        self._verdicts = api.verdicts
        self.client = EtdClient(api, self._count, clock=lambda: services.clock() / SECOND)

    async def _count(self) -> None:
        self.requests += 1

    async def poll(self) -> None:
        now = self._etd.clock.now()
        page: str | None = None
        while True:
            start, end = now - timedelta(minutes=40), now - timedelta(minutes=6)
            found = await self.client.search(start, end, self._verdicts, page)
            new = {row["id"] for row in found.messages} - self.seen
            self.requests += len(new)  # one request for the status of each
            self.seen |= new
            if (page := found.next_page) is None:
                return
