"""`/_sandbox/…`: how a test or a person drives ETD while it runs. Not part of ETD. `tenantId` may be left out: the first one.

GET           /_sandbox/apis            the service's setting ETD_APIS
GET, PUT      /_sandbox/switches        the switches (`sandbox/etd/switches.py`); PUT changes those that it names
GET, PUT      /_sandbox/clock           {"now", "running"}; PUT: {"now"}, {"advanceSeconds"} or {"running"}
POST          /_sandbox/convict         {"tenantId", "messages": [...]} as in `sandbox.etd`: 200 with their ids
POST          /_sandbox/convict/{id}    {"tenantId", "verdict", "action", "by", "at"}: a later verdict, action or release
GET           /_sandbox/messages        what ETD did, and the result, which ETD itself does not show
GET, POST, DELETE /_sandbox/faults      the rules (`sandbox/etd/faults.py`); add one or a list; remove all
GET, DELETE   /_sandbox/stats           the counts; reset them
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sandbox.etd.clock import moment, written
from sandbox.etd.mail import Mail
from sandbox.etd.serving import SERVED, Served

Json = dict[str, Any]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/_sandbox/apis", apis),
        web.get("/_sandbox/switches", switches),
        web.put("/_sandbox/switches", set_switches),
        web.get("/_sandbox/clock", clock),
        web.put("/_sandbox/clock", set_clock),
        web.post("/_sandbox/convict", convict),
        web.post("/_sandbox/convict/{id}", judge),
        web.get("/_sandbox/messages", messages),
        web.get("/_sandbox/faults", faults),
        web.post("/_sandbox/faults", add_faults),
        web.delete("/_sandbox/faults", clear_faults),
        web.get("/_sandbox/stats", stats),
        web.delete("/_sandbox/stats", reset_stats),
    ]


@web.middleware
async def refusals(request: web.Request, handler: Any) -> web.StreamResponse:
    """Wrong input is answered with 400 and the reason."""
    if not request.path.startswith("/_sandbox/"):
        return await handler(request)
    try:
        return await handler(request)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


async def apis(request: web.Request) -> web.Response:
    return web.json_response(_served(request).apis())


async def switches(request: web.Request) -> web.Response:
    return web.json_response(_served(request).switches.wire())


async def set_switches(request: web.Request) -> web.Response:
    _served(request).switches.change(await request.json())
    return web.Response(status=204)


async def clock(request: web.Request) -> web.Response:
    found = _served(request).clock
    return web.json_response({"now": written(found.now(), 6), "running": found.running})


async def set_clock(request: web.Request) -> web.Response:
    served = _served(request)
    body = await request.json()
    if unknown := set(body) - {"now", "advanceSeconds", "running"}:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    if "running" in body:
        served.clock.run(body["running"])
    if "now" in body:
        served.clock.move(moment(body["now"], served.clock.now()))
    await served.advance(seconds=body.get("advanceSeconds", 0))
    return await clock(request)


async def convict(request: web.Request) -> web.Response:
    body = await request.json()
    found = await _served(request).convict(body["messages"], body.get("tenantId"))
    return web.json_response({"messages": [{"id": one.id, "internetMessageId": one.message_id} for one in found]})


async def judge(request: web.Request) -> web.Response:
    body = await request.json()
    tenant_id = body.pop("tenantId", None)
    await _served(request).etd.judge(request.match_info["id"], body, tenant_id)
    return web.Response(status=204)


async def messages(request: web.Request) -> web.Response:
    businesses = _served(request).etd.businesses
    found = {tenant_id: [_truth(mail) for mail in one.mail.values()] for tenant_id, one in businesses.items()}
    return web.json_response(found)


def _truth(mail: Mail) -> Json:
    return {
        "id": mail.id,
        "internetMessageId": mail.message_id,
        "mailboxes": mail.mailboxes,
        "receivedAt": written(mail.received),
        "verdicts": [{"verdict": one.word, "at": written(one.at), "by": one.by} for one in mail.verdicts],
        "actions": [
            {"folder": one.folder, "at": written(one.at), "by": one.by, "moved": dict(one.moved)}
            for one in mail.actions
        ],
    }


async def faults(request: web.Request) -> web.Response:
    rules = _served(request).faults.rules
    return web.json_response({"value": [rule.spec | {"hits": rule.hits} for rule in rules]})


async def add_faults(request: web.Request) -> web.Response:
    body = await request.json()
    _served(request).faults.add(body if isinstance(body, list) else [body])
    return web.Response(status=204)


async def clear_faults(request: web.Request) -> web.Response:
    _served(request).faults.rules.clear()
    return web.Response(status=204)


async def stats(request: web.Request) -> web.Response:
    return web.json_response(_served(request).statistics())


async def reset_stats(request: web.Request) -> web.Response:
    _served(request).stats.clear()
    return web.Response(status=204)


def _served(request: web.Request) -> Served:
    return request.app[SERVED]
