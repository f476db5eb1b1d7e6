"""IDs as short as the tables show them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from triage.cli.client.answers import Json, NotFoundError
from triage.cli.client.service import Service, Target, connect, segment
from triage.cli.errors import UsageError

# As a filter takes an incident: whole, or its beginning.
BEGINNING = re.compile(r"[0-9a-f]{6,31}")
_TOO_SHORT = re.compile(r"[0-9a-f]{1,5}")
# What is searched for an ID that begins like this.
SEARCHED = 10_000
_UNPAGED = ("coverage/latest",)
_QUERIES = {"findings": {"fields": "summary"}}


async def whole_id(service: Service, collection: str, text: str) -> str:
    """The ID in a collection of the service that begins like this. Anything else is taken for a whole ID.

    The newest items are searched, page by page, until one has it. NotFoundError if none of them has, UsageError if too
    many could.
    """
    text = text.strip()
    if re.fullmatch(r"[0-9A-Fa-f]+", text):
        text = text.lower()
    if _TOO_SHORT.fullmatch(text):
        raise UsageError(f"The ID {text} is too short. Give at least 6 characters of it, better 8.")
    if not BEGINNING.fullmatch(text):
        return text
    paged = collection not in _UNPAGED
    pages = service.pages(collection, _QUERIES.get(collection, {}), SEARCHED) if paged else service.whole(collection)
    async for rows in pages:
        # The last part of an audit's ID tells it from others.
        found = [one for one in (str(row["id"]) for row in rows) if one.rpartition(".")[2].startswith(text)]
        if len(found) > 1:
            raise UsageError(f"Several IDs begin with {text}: {', '.join(found)}. Give more of it.")
        if found:
            return found[0]
    raise NotFoundError(
        f"No ID among the first {SEARCHED:,} {collection} begins with {text}. Give the whole ID (--columns id lists them)."
    )


async def item_of(target: Target, collection: str, text: str) -> Json:
    """The item of a collection whose ID is this, or begins like it."""
    async with connect(target) as service:
        return await service.get(f"{collection}/{segment(await whole_id(service, collection, text))}")


async def whole_ids(service: Service, query: Mapping[str, str]) -> dict[str, str]:
    """The query with a whole ID of its incident."""
    if "incidentId" not in query:
        return dict(query)
    return {**query, "incidentId": await whole_id(service, "incidents", query["incidentId"])}
