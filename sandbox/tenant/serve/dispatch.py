"""From a call to a reply: injected faults, the path, the method, the permission, the limits, then the handler."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.faults import Faults
from sandbox.tenant.errors import GraphError, forbidden, method_not_allowed
from sandbox.tenant.odata.query import Query
from sandbox.tenant.serve import directory, exchange, faults, limits, message_trace
from sandbox.tenant.serve.call import Call, Reply
from sandbox.tenant.serve.limits import Limits
from sandbox.tenant.serve.paths import GraphPath, Router
from sandbox.tenant.world import World

ROUTER = Router(exchange.paths, directory.paths, message_trace.paths)


@dataclass
class Stats:
    """What was requested since the start or the last reset."""

    requests: int = 0  # HTTP requests; a batch is one
    batches: int = 0
    batch_items: int = 0
    writes_refused: int = 0
    unknown_paths: int = 0
    unauthorized: int = 0
    by_path: Counter[str] = field(default_factory=Counter)  # template -> requests and items
    by_status: Counter[int] = field(default_factory=Counter)

    def as_json(self, limits: Limits) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "batches": self.batches,
            "batchItems": self.batch_items,
            "writesRefused": self.writes_refused,
            "unknownPaths": self.unknown_paths,
            "unauthorized": self.unauthorized,
            "resourceUnits": limits.units_used,
            "throttled": limits.throttled,
            "maxOutlookConcurrency": limits.max_outlook_concurrency,
            "byPath": dict(sorted(self.by_path.items())),
            "byStatus": {str(status): count for status, count in sorted(self.by_status.items())},
        }


@dataclass
class Simulator:
    """The running tenant: its data and its switches. `latency`, `item_latency`: seconds."""

    world: World
    latency: float = 0.0
    item_latency: float = 0.0
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=lambda: Faults(faults.FIELDS))
    stats: Stats = field(default_factory=Stats)

    def reset_stats(self) -> None:
        self.stats = Stats()
        self.limits.units_used = self.limits.throttled = self.limits.max_outlook_concurrency = 0


async def answer(simulator: Simulator, call: Call, due: float) -> Reply:
    """The reply to one request or batch item, not before the event loop's time `due`."""
    try:
        reply = await _answer(simulator, call, due)
    except GraphError as error:
        reply = Reply.error(call, error)
    simulator.stats.by_status[reply.status] += 1
    return reply


async def _answer(simulator: Simulator, call: Call, due: float) -> Reply:
    try:
        path, values = ROUTER.match(call.path)
        simulator.stats.by_path[path.template] += 1
    except GraphError:
        path, values = None, []
        simulator.stats.unknown_paths += 1
    rule = faults.take(simulator.faults, call)
    if rule is not None:
        due = max(due, asyncio.get_running_loop().time() + rule.delay)
        injected = faults.reply(rule, call)
        if injected is not None:
            await sleep_until(due)
            return injected
    if call.method != "GET":
        simulator.stats.writes_refused += 1
        await sleep_until(due)
        raise forbidden(path.workload) if path else method_not_allowed()
    if path is None:
        await sleep_until(due)
        ROUTER.match(call.path)  # raises, and names the wrong segment
    assert path is not None
    call.query = Query.read(call.query_text, call.headers)
    if not call.roles & path.roles:
        await sleep_until(due)
        raise forbidden(path.workload)
    if path.workload == "outlook":
        return await _outlook(simulator, call, path, values, due)
    headers = simulator.limits.spend(call.tenant.id, limits.price(path.price, call.query.options))
    await sleep_until(due)
    return Reply(200, path.handler(call, *values), headers)


async def _outlook(simulator: Simulator, call: Call, path: GraphPath, values: list[str], due: float) -> Reply:
    """The request holds one of the mailbox's places for as long as it takes."""
    with simulator.limits.outlook(call.tenant.id, exchange.mailbox_key(call.tenant, values[0])):
        await sleep_until(due)
        body = path.handler(call, *values)
    headers = {"Preference-Applied": 'IdType="ImmutableId"'} if call.wants_immutable_ids else {}
    return Reply(200, body, headers)


async def sleep_until(due: float) -> None:
    wait = due - asyncio.get_running_loop().time()
    if wait > 0:
        await asyncio.sleep(wait)
