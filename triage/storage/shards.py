"""Shards: the partitions that rows are spread over, so that writes don't all go to one partition.

A finding, an incident and an exposure each have a shard, which is determined by their ID. All rows of one of them are in
its shard, so they are written in one transaction. A list reads all shards at the same time and merges the answers. Their
number doesn't depend on the number of tenants or months. A partition takes 2,000 entities a second, and an
account 20,000 (https://learn.microsoft.com/azure/storage/tables/scalability-targets). The number can't
change: rows would no longer be found.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from heapq import heapify, heappop, heapreplace
from math import ceil, sqrt
from typing import Any, TypeVar

from triage.problems import InputError
from triage.storage.account import StorageAccount
from triage.storage.documents import quoted

T = TypeVar("T")

SHARDS = tuple(f"s{number}" for number in range(8))
"""The partition keys of the shards."""
BEGINNING = re.compile(r"[0-9a-f]{6,31}")
"""The beginning of an ID, which people may give in place of all 32 digits."""


def shard_of(identifier: str) -> str:
    """The shard of an id, which begins with a hexadecimal digit."""
    return SHARDS[int(identifier[0], 16) % len(SHARDS)]


def share_of(top: int) -> int:
    """How many of the first `top` rows to read from one shard: its usual share and some more, because shares differ.

    Four standard deviations above the mean, so that a second request to a shard is rare.
    """
    mean = top / len(SHARDS)
    return min(1000, top, ceil(mean + 4 * sqrt(mean)) + 2)


async def merged(sources: Sequence[AsyncIterator[T]], key: Callable[[T], str]) -> AsyncIterator[T]:
    """The items of sorted sources in the order of their keys. The first items of all sources are read at the same time."""
    heads = await asyncio.gather(*(anext(source, None) for source in sources))
    heap = [(key(item), number, item) for number, item in enumerate(heads) if item is not None]
    heapify(heap)
    while heap:
        _, number, item = heap[0]
        yield item
        following = await anext(sources[number], None)
        if following is None:
            heappop(heap)
        else:
            heapreplace(heap, (key(following), number, following))


async def page_of(rows: AsyncIterator[T], top: int) -> tuple[list[T], T | None]:
    """The first `top` rows, and the last of them if there are more: the next page starts after it."""
    found: list[T] = []
    async for row in rows:
        if len(found) == top:
            return found, found[-1]
        found.append(row)
    return found, None


def checked(token: str | None, shape: re.Pattern[str]) -> str | None:
    """The token of a page, or None. InputError if it does not have the shape of one."""
    if token is not None and not shape.fullmatch(token):
        raise InputError("is not the token of a page")
    return token


def in_range(prefix: str, after: str | None = None) -> str:
    """The OData filter of the row keys that begin with a prefix, after the rest of a key."""
    low = f"RowKey gt '{quoted(prefix + after)}'" if after is not None else f"RowKey ge '{quoted(prefix)}'"
    return f"{low} and RowKey lt '{quoted(prefix)}~'"


async def whole_id(client: Any, prefix: str, beginning: str) -> str | None:
    """The only ID that begins like this, in row keys of a prefix and an ID; None if there is none, or several.

    Raises azure.core's errors.
    """
    where = f"PartitionKey eq '{shard_of(beginning)}' and {in_range(prefix + beginning)}"
    rows = client.query_entities(where, select=["RowKey"], results_per_page=2)
    [*found], more = await page_of(rows, 1)
    return str(found[0]["RowKey"]).removeprefix(prefix) if found and not more else None


def rows_of_all(
    account: StorageAccount, table: str, where: str, *, most: int = 1000, select: Sequence[str] = ()
) -> AsyncIterator[Any]:
    """The rows of all shards that match an OData filter, in the order of their keys; about `most` are read at a time.

    Raises azure.core's errors.
    """

    async def of(shard: str) -> AsyncIterator[Any]:
        options: dict[str, Any] = {"select": list(select)} if select else {}
        client = await account.table(table)
        query = f"PartitionKey eq '{shard}' and {where}"
        async for row in client.query_entities(query, results_per_page=share_of(most), **options):
            yield row

    return merged([of(shard) for shard in SHARDS], lambda row: str(row["RowKey"]))
