"""A collection of the service, printed page by page, so that any number of items fits into memory."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from triage.api.exports import csv_text
from triage.cli.client.answers import Json
from triage.cli.client.service import Service, Target, connect, tenant_names
from triage.cli.client.short_ids import whole_ids
from triage.cli.errors import UsageError
from triage.cli.show.collection import TENANT, Collection, many, tenant_of
from triage.cli.show.columns import chosen, table
from triage.cli.show.terminal import harmless, output, plain, print_parts, say
from triage.cli.show.web import open_page

Pages = AsyncIterator[list[Json]]
Total = Callable[[list[Json]], Awaitable[str]]
"""What is said before a table, from its first page."""


class Form(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Listing:
    """How much of a collection is shown (`most`; None: all), and in which form. Without `columns`: the usual ones."""

    form: Form
    most: int | None
    columns: tuple[str, ...] = ()
    web: bool = False


async def show_collection(target: Target, collection: Collection, query: Mapping[str, str], listing: Listing) -> None:
    """Shows what matches the query, or opens its page."""
    if listing.web:
        if collection.view is None:
            raise UsageError(f"--web: the dashboard has no page of {collection.nouns[1]}.")
        open_page(target, view=collection.view, **query)
        return
    async with connect(target) as service:
        await print_collection(service, collection, await whole_ids(service, query), listing)


async def print_collection(
    service: Service, collection: Collection, query: Mapping[str, str], listing: Listing
) -> None:
    """Prints what matches the query."""

    async def total(rows: list[Json]) -> str:
        return await _total(service, collection, query, rows)

    # A table and CSV have nothing that a summary lacks.
    short = dict(collection.query) if listing.form is not Form.JSON or listing.columns else {}
    paged = service.pages(collection.path, {**query, **short}, listing.most)
    pages = paged if collection.paged else service.whole(collection.path)
    names = await tenant_names(service) if listing.form is Form.TABLE else {}
    count = await print_pages(pages, collection, listing, total, names)
    if service.more:
        say_more(count)
    elif not count and listing.form is Form.TABLE:
        say(f"No {collection.nouns[1]} match these filters." if query else collection.nothing)


def say_more(count: int) -> None:
    """Says that this was not all, and how to get the rest."""
    say(f"There are more than these {count}. Use --all to show all of them, or --top N.")


async def _total(service: Service, collection: Collection, query: Mapping[str, str], rows: list[Json]) -> str:
    """What all of them are: from the summary's counts, if these rows are not all."""
    if not service.more:
        return collection.sentence(rows)
    if collection.whole and query.keys() <= set(collection.summarized):
        return collection.whole(await service.get("summary", query))
    return f"Only the first {many(len(rows), collection.nouns)}: {collection.total(rows)}"


async def print_pages(
    pages: Pages, collection: Collection, listing: Listing, total: Total, names: Mapping[str, str]
) -> int:
    """Prints items, and returns their number. `names` are those of the tenants, in a table."""
    match listing.form:
        case Form.TABLE:
            return await _print_table(pages, collection, listing, total, names)
        case Form.JSON:
            return await _print_json(pages, collection, listing)
        case Form.CSV:
            return await _print_csv(pages, collection, listing)


async def _print_table(
    pages: Pages, collection: Collection, listing: Listing, total: Total, names: Mapping[str, str]
) -> int:
    usual = [column for column in collection.columns if column.name != TENANT.name or len(names) != 1]
    columns = chosen(collection.columns, listing.columns) if listing.columns else usual
    count = 0
    async for items in pages:
        rows = [collection.flat(item) for item in items]
        if collection.order:
            rows.sort(key=collection.order)
        named = [{**row, TENANT.name: tenant_of(row, names)} for row in rows]
        if rows and not count:
            print_parts([plain(await total(rows), "bold"), ""])
        if rows:
            print_parts([table(columns, named, output().width, header=count == 0)])
        count += len(rows)
    return count


async def _print_json(pages: Pages, collection: Collection, listing: Listing) -> int:
    """Prints `{"value": [...]}`, with each item on its own line."""
    count = 0
    sys.stdout.write('{"value": [')
    async for items in pages:
        for item in items:
            shown = _some(collection.flat(item), listing.columns) if listing.columns else item
            sys.stdout.write(f"{',' if count else ''}\n{json.dumps(shown)}")
            count += 1
    sys.stdout.write("\n]}\n" if count else "]}\n")
    sys.stdout.flush()
    return count


async def _print_csv(pages: Pages, collection: Collection, listing: Listing) -> int:
    """Prints CSV as the service writes it, with the ends of lines of this system."""
    names = listing.columns or collection.names
    count = 0
    sys.stdout.write(_lines(names, (), header=True))
    async for items in pages:
        sys.stdout.write(_lines(names, [_some(collection.flat(item), names) for item in items], header=False))
        count += len(items)
    sys.stdout.flush()
    return count


def _lines(names: tuple[str, ...], rows: list[Json] | tuple[()], *, header: bool) -> str:
    safe = [{name: harmless(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows]
    return csv_text(names, safe, header).replace("\r\n", "\n")


def _some(row: Json, names: tuple[str, ...]) -> Json:
    return {name: row.get(name) for name in names}
