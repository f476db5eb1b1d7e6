"""The circle of the demo, with the simulated tenant and ETD, and the service's answers as the API gives them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
from aiohttp import web

from sandbox.demo.circle import FIX_SECONDS, MESSAGE, PLAN, SUBJECTS, TENANT, Circle
from sandbox.etd.server import serve as serve_etd
from sandbox.etd.serving import Served
from sandbox.stack import Stack
from sandbox.tenant.serve.server import serve
from sandbox.tenant.world import World

Api = dict[str, list[dict[str, Any]]]


@asynccontextmanager
async def running(api: Api) -> AsyncIterator[tuple[Circle, Served]]:
    """A service that answers with what `api` has at the moment."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"value": api[request.match_info["name"]]})

    app = web.Application()
    app.router.add_get("/api/{name}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    async with serve(World.load()) as graph, serve_etd([TENANT], graph.url) as etd:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        nothing = cast("Any", None)
        yield Circle(Stack(address, graph.url, nothing, nothing, {}, etd.url)), etd
        await runner.cleanup()


async def steps(circle: Circle) -> list[str]:
    return await asyncio.to_thread(lambda: list(circle.step()))


async def moved(etd: Served) -> list[dict[str, bool]]:
    async with aiohttp.ClientSession() as session, session.get(f"{etd.url}/_sandbox/messages") as answer:
        [mail] = (await answer.json())[TENANT]
        return [action["moved"] for action in mail["actions"]]


def incident(subject: str, state: str) -> dict[str, Any]:
    return {"subject": subject, "state": state, "title": "A title", "cause": "a_cause"}


async def test_two_of_three_fail_until_the_fix_and_each_step_prints_once() -> None:
    api: Api = {"feeds": [{"tenantId": "other"}, {"tenantId": TENANT, "candidates": 0}], "incidents": []}
    async with running(api) as (circle, etd):
        await asyncio.to_thread(circle.begin)
        people = [f"{name}@contoso.com" for name in ("wade", "wren", "will")]
        assert await moved(etd) == [dict(zip(people, (True, False, False), strict=True))]
        assert await steps(circle) == []

        api["feeds"][1]["candidates"] = 3
        [line] = await steps(circle)
        assert "3 attempts" in line
        assert await steps(circle) == []

        api["incidents"] = [incident("dora@contoso.com", "open"), incident("wren@contoso.com", "open")]
        [line] = await steps(circle)
        assert line == "Incident open: A title (wren@contoso.com, a_cause)"
        assert circle.fix_at is None
        api["incidents"] += [incident(MESSAGE, "open")]
        [line] = await steps(circle)
        assert "will@contoso.com" in line
        assert circle.fix_at is not None
        assert await steps(circle) == []

        circle.fix_at -= FIX_SECONDS
        assert (await steps(circle))[0].startswith("Fixed: ")
        assert (await moved(etd))[1] == dict.fromkeys(people, True)
        assert not circle.ended
        api["incidents"] = [incident(subject, "resolved") for subject in SUBJECTS]
        assert [line[:18] for line in await steps(circle)] == ["Incident resolved:"] * 2
        assert circle.ended


async def test_the_people_of_the_plan_are_those_of_the_message() -> None:
    async with running({"feeds": [], "incidents": []}) as (circle, etd):
        await asyncio.to_thread(circle.begin)
        [mail] = etd.etd.business(TENANT).mail.values()
        assert all(mailbox in PLAN for mailbox in mail.mailboxes)
