"""`/_sandbox/…`: how a test controls the tenant while it runs. Not part of Graph.

GET, DELETE /_sandbox/stats      read the counts; reset them
GET         /_sandbox/faults     the rules, each with its number of hits
POST        /_sandbox/faults     add a rule or a list of rules
DELETE      /_sandbox/faults     remove all rules; with ?tenant=, only the rules with that `tenant`
PUT         /_sandbox/state      merge into the data ({"tenants": {"contoso": {...}}}); ?replace=true replaces it
POST        /_sandbox/deliver    {"tenantId", "mailbox", "message": {"in", "id", …}}: mail arrives; 404 if nobody has the address
POST        /_sandbox/remediate  {"tenantId", "mailbox", "internetMessageId", "folder"}: ETD's app tries to move a message;
                                 {"moved": true or false}
GET         /_sandbox/tenants    TRIAGE_TENANTS for this data
PUT         /_sandbox/settings   latencyMs, itemLatencyMs, and the limits (null: off)
"""

from __future__ import annotations

import json
from typing import Any

import yaml
from aiohttp import web

from sandbox.tenant.serve.dispatch import Simulator
from sandbox.tenant.world import World, mail
from sandbox.tenant.world.tenant import Tenant
from sandbox.tenant.world.texts import read_yaml

SIMULATOR = web.AppKey("simulator", Simulator)
LIMITS = {
    "directoryUnits": "directory_units",
    "directorySeconds": "directory_seconds",
    "outlookConcurrent": "outlook_concurrent",
    "outlookRequests": "outlook_requests",
    "outlookSeconds": "outlook_seconds",
    "retryAfter": "retry_after",
}


def routes() -> list[web.RouteDef]:
    return [
        web.get("/_sandbox/stats", stats),
        web.delete("/_sandbox/stats", reset_stats),
        web.get("/_sandbox/faults", faults),
        web.post("/_sandbox/faults", add_faults),
        web.delete("/_sandbox/faults", clear_faults),
        web.put("/_sandbox/state", state),
        web.post("/_sandbox/deliver", deliver),
        web.post("/_sandbox/remediate", remediate),
        web.get("/_sandbox/tenants", tenants),
        web.put("/_sandbox/settings", settings),
    ]


def _refuse(text: str) -> web.Response:
    return web.json_response({"error": text}, status=400)


async def stats(request: web.Request) -> web.Response:
    simulator = request.app[SIMULATOR]
    return web.json_response(simulator.stats.as_json(simulator.limits))


async def reset_stats(request: web.Request) -> web.Response:
    request.app[SIMULATOR].reset_stats()
    return web.Response(status=204)


async def faults(request: web.Request) -> web.Response:
    rules = request.app[SIMULATOR].faults.rules
    return web.json_response({"value": [rule.spec | {"hits": rule.hits} for rule in rules]})


async def add_faults(request: web.Request) -> web.Response:
    try:
        body: Any = await request.json()
        request.app[SIMULATOR].faults.add(body if isinstance(body, list) else [body])
    except (ValueError, TypeError) as error:
        return _refuse(str(error))
    return web.Response(status=204)


async def clear_faults(request: web.Request) -> web.Response:
    faults = request.app[SIMULATOR].faults
    tenant = request.query.get("tenant")
    faults.rules = [rule for rule in faults.rules if tenant and rule.spec.get("tenant") != tenant]
    return web.Response(status=204)


async def state(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    try:
        body = read_yaml(await request.text())  # JSON is YAML
        (world.replace if request.query.get("replace") == "true" else world.merge)(body)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        return _refuse(f"{type(error).__name__}: {error}")
    return web.Response(status=204)


async def deliver(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    try:
        body = await request.json()
        found = mail.deliver(world, _tenant(world, body), body["mailbox"], body["message"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return _refuse(f"{type(error).__name__}: {error}")
    return web.Response(status=204 if found else 404)


async def remediate(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    try:
        body = await request.json()
        tenant = _tenant(world, body)
        moved = mail.remediate(world, tenant, body["mailbox"], body["internetMessageId"], body["folder"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return _refuse(f"{type(error).__name__}: {error}")
    return web.json_response({"moved": moved})


def _tenant(world: World, body: dict[str, Any]) -> Tenant:
    found = world.tenant(body["tenantId"])
    if found is None:
        raise KeyError(body["tenantId"])
    return found


async def tenants(request: web.Request) -> web.Response:
    return web.json_response(request.app[SIMULATOR].world.triage_tenants())


async def settings(request: web.Request) -> web.Response:
    simulator = request.app[SIMULATOR]
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        return _refuse(str(error))
    if unknown := set(body) - LIMITS.keys() - {"latencyMs", "itemLatencyMs"}:
        return _refuse(f"unknown settings: {', '.join(sorted(unknown))}")
    simulator.latency = body.get("latencyMs", simulator.latency * 1000) / 1000
    simulator.item_latency = body.get("itemLatencyMs", simulator.item_latency * 1000) / 1000
    for name, attribute in LIMITS.items():
        if name in body:
            setattr(simulator.limits, attribute, body[name])
    return web.Response(status=204)
