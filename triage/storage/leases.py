"""Rows that one run at a time holds. A row is written only if it has not changed since it was read.

A row that is held is an entity with its `etag`. Both functions raise azure.core's errors.
"""

from __future__ import annotations

from typing import Any

from triage.storage.account import if_etag, if_unchanged, is_conflict


async def take(table: Any, known: Any, row: dict[str, Any]) -> dict[str, Any] | None:
    """Writes a row, in place of the one that was read if there was one, and holds it. None if another run was faster."""
    from azure.core.exceptions import HttpResponseError

    try:
        if known is None:
            written = await table.create_entity(row)
        else:
            written = await table.update_entity(row, mode="replace", **if_unchanged(known))
    except HttpResponseError as error:
        if is_conflict(error):
            return None
        raise
    return {**row, "etag": written["etag"]}


async def release(table: Any, held: dict[str, Any], changes: dict[str, Any] | None = None) -> None:
    """Changes or deletes the row that is held. Does nothing if another run holds it by now."""
    from azure.core import MatchConditions
    from azure.core.exceptions import HttpResponseError

    row = {**held, **(changes or {})}
    etag = row.pop("etag")
    try:
        if changes is None:
            await table.delete_entity(row, etag=etag, match_condition=MatchConditions.IfNotModified)
        else:
            await table.update_entity(row, **if_etag(etag))
    except HttpResponseError as error:
        if not is_conflict(error):
            raise
