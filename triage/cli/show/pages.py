"""A collection of the service, printed page by page, so that any number of items fits into memory."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable

from rich.console import RenderableType

from triage.cli.client.answers import Json
from triage.cli.client.service import Target, connect
from triage.cli.show.terminal import print_parts, say

Pages = AsyncIterator[list[Json]]
Table = Callable[[list[Json], bool], RenderableType]
"""Shows some items, with a header or without."""


async def print_collection(
    target: Target, path: str, query: dict[str, str], most: int | None, table: Table | None, *, nothing: str
) -> None:
    """Prints at most `most` items (None: all), as JSON if `table` is None. `nothing` is said if there are none."""
    async with connect(target) as service:
        pages = service.pages(path, query, most)
        count = await (_print_json(pages) if table is None else _print_table(pages, table))
    if service.more:
        say(f"There are more than these {count}. Use --all to show all of them, or --top N.")
    elif not count and table is not None:
        say(nothing)


async def _print_table(pages: Pages, table: Table) -> int:
    count = 0
    async for rows in pages:
        if rows:
            print_parts([table(rows, count == 0)])
        count += len(rows)
    return count


async def _print_json(pages: Pages) -> int:
    """Prints `{"value": [...]}`, with each item on its own line."""
    count = 0
    sys.stdout.write('{"value": [')
    async for rows in pages:
        for row in rows:
            sys.stdout.write(f"{',' if count else ''}\n{json.dumps(row)}")
            count += 1
    sys.stdout.write("\n]}\n" if count else "]}\n")
    sys.stdout.flush()
    return count
