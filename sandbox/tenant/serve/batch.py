"""`POST /$batch`: up to 20 requests in one, each with its own answer, in any order.

Source: "Combine multiple HTTP requests using JSON batching". The outer 200 says nothing about the items. Exchange runs
up to four items of a batch at one time ("Microsoft Graph throttling limits", Outlook).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.tenant.errors import GraphError, bad_request
from sandbox.tenant.serve.call import CONTENT_TYPE, Call, Reply
from sandbox.tenant.serve.dispatch import ROUTER, Simulator, answer

LARGEST = 20
OUTLOOK_AT_ONCE = 4


def read(body: Any) -> list[dict[str, Any]]:
    """The items of a batch; 400 for the whole batch if it is malformed."""
    items = body.get("requests") if isinstance(body, Mapping) else None
    if not isinstance(items, list) or not items:
        raise bad_request("Invalid batch payload format.")
    if len(items) > LARGEST:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {LARGEST}.")
    seen: set[str] = set()
    for item in items:
        if not isinstance(item, dict) or not all(isinstance(item.get(key), str) for key in ("id", "method", "url")):
            raise bad_request("Invalid batch payload format.")
        name = item["id"].lower()
        if not name or name in seen:
            raise bad_request(f"Request Id '{item['id']}' is empty or not unique in the batch.")
        wanted = item.get("dependsOn") or []
        if any(other.lower() not in seen for other in wanted):
            raise bad_request(f"Request '{item['id']}' depends on a request that does not come before it.")
        seen.add(name)
    return items


async def run(simulator: Simulator, outer: Call, body: Any, due: float) -> Reply:
    """All items, run at the same time; `due` is when the first of them may be answered."""
    items = read(body)
    simulator.stats.batch_items += len(items)
    places = asyncio.Semaphore(OUTLOOK_AT_ONCE)
    running: dict[str, asyncio.Task[Reply]] = {}
    for item in items:
        before = [running[other.lower()] for other in item.get("dependsOn") or []]
        running[item["id"].lower()] = asyncio.create_task(
            _one(simulator, outer, item, before=before, places=places, due=due)
        )
    replies = await asyncio.gather(*running.values())
    if any(reply.drop for reply in replies):
        return Reply(0, None, drop=True)
    responses = [_response(item["id"], reply) for item, reply in zip(items, replies, strict=True)]
    simulator.world.random.shuffle(responses)
    return Reply(200, {"responses": responses})


def _response(item_id: str, reply: Reply) -> dict[str, Any]:
    headers = {"Cache-Control": "no-cache", "Content-Type": CONTENT_TYPE} | reply.headers
    response = {"id": item_id, "status": reply.status, "headers": headers}
    return response if reply.body is None else response | {"body": reply.body}


async def _one(
    simulator: Simulator,
    outer: Call,
    item: dict[str, Any],
    *,
    before: list[asyncio.Task[Reply]],
    places: asyncio.Semaphore,
    due: float,
) -> Reply:
    path, _, query_text = item["url"].partition("#")[0].partition("?")
    headers = outer_headers(outer) | {name.lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    call = replace(
        outer,
        method=item["method"].upper(),
        path="/" + path.lstrip("/"),
        query_text=query_text,
        headers=headers,
        in_batch=True,
    )
    if any(reply.status >= 400 for reply in await asyncio.gather(*before)):
        return Reply.error(call, GraphError(424, "FailedDependency", "A request that this one depends on has failed."))
    if "://" in item["url"]:
        return Reply.error(call, bad_request("Batch request urls have to be relative."))
    if path.strip("/").lower() == "$batch":
        return Reply.error(call, bad_request("A batch inside a batch is not supported."))
    if "body" in item and "content-type" not in headers:
        return Reply.error(call, bad_request("A request with a body needs a Content-Type header."))
    loop = asyncio.get_running_loop()
    if not _is_outlook(call):
        return await answer(simulator, call, max(due, loop.time() + simulator.item_latency))
    async with places:
        return await answer(simulator, call, max(due, loop.time() + simulator.item_latency))


def outer_headers(outer: Call) -> dict[str, str]:
    """An item takes only the caller's request id from the batch; it brings its own preferences."""
    return {name: value for name, value in outer.headers.items() if name == "client-request-id"}


def _is_outlook(call: Call) -> bool:
    try:
        return ROUTER.match(call.path)[0].workload == "outlook"
    except GraphError:
        return False
