"""IDs as short as the tables show them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from triage.cli.client.answers import Json, NotFoundError
from triage.cli.client.service import Service, Target, connect, segment
from triage.cli.errors import UsageError
from triage.storage.shards import BEGINNING

_TOO_SHORT = re.compile(r"[0-9a-f]{1,5}")
# What the service finds by the beginning of an ID.
_FOUND = ("findings", "incidents")
# What is searched for another ID that begins like this.
SEARCHED = 10_000
_UNPAGED = ("coverage/latest",)


async def whole_id(service: Service, collection: str, text: str) -> str:
    """The ID in a collection of the service that begins like this. Anything else is taken for a whole ID.

    Findings and incidents are all looked at; of what else there is the newest, page by page, until one has it.
    NotFoundError if none has, UsageError if too many could.
    """
    text = text.strip()
    if re.fullmatch(r"[0-9A-Fa-f]+", text):
        text = text.lower()
    if _TOO_SHORT.fullmatch(text):
        raise UsageError(f"The ID {text} is too short. Give at least 6 characters; 8 are better.")
    if not BEGINNING.fullmatch(text):
        return text
    if collection in _FOUND:
        return await _found(service, collection, text)
    pages = service.whole(collection) if collection in _UNPAGED else service.pages(collection, {}, SEARCHED)
    async for rows in pages:
        # The last part of an audit's ID tells it from others.
        found = [one for one in (str(row["id"]) for row in rows) if one.rpartition(".")[2].startswith(text)]
        if len(found) > 1:
            raise UsageError(f"Several IDs begin with {text}: {', '.join(found)}. Give more characters.")
        if found:
            return found[0]
    raise NotFoundError(
        f"No ID among the first {SEARCHED:,} {collection} begins with {text}. Give the whole ID (--columns id lists them)."
    )


async def _found(service: Service, collection: str, text: str) -> str:
    try:
        return str((await service.get(f"{collection}/{text}"))["id"])
    except NotFoundError:
        raise NotFoundError(
            f"No ID of {collection} begins with {text}, or several do. Give the whole ID (--columns id lists them)."
        ) from None


async def item_of(target: Target, collection: str, text: str) -> Json:
    """The item of a collection whose ID is this, or begins like it."""
    async with connect(target) as service:
        return await service.get(f"{collection}/{segment(await whole_id(service, collection, text))}")


async def whole_ids(service: Service, query: Mapping[str, str]) -> dict[str, str]:
    """The query with a whole ID of its incident."""
    if "incidentId" not in query:
        return dict(query)
    return {**query, "incidentId": await whole_id(service, "incidents", query["incidentId"])}
