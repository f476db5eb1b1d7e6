"""The outbox: notifications in table `incidents`, written in the transaction of what they are about.

| row key | what it is |
|---|---|
| `out|<newest first>|<id>` | waits for its delivery to one channel; `document` is what it is about |
| `done|<newest first>|<id>` | was delivered, or has failed |
| `told|<channel>|<subject>` | what was last sent to the channel about an incident |

A subject's rows are in its shard, so that the transition of an incident and its notifications are one transaction, and
a delivery with its result is one too. A run that delivers to a channel has the lease on the channel (channel_leases.py),
so rows need no lease. All methods raise azure.core's errors.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from triage.notifications.notice import Json
from triage.notifications.pending import LastSent, Pending
from triage.storage.account import StorageAccount, get_entity, is_conflict
from triage.storage.documents import quoted, unpack_compressed
from triage.storage.outbox_rows import (
    COLUMNS,
    Delivery,
    DeliveryState,
    Entity,
    delivery_of,
    entity_of,
    last_sent_entity,
    last_sent_key,
    last_sent_of,
    outbox_rows,
    pending_of,
    place,
    shard,
    shard_of_subject,
)
from triage.storage.shards import SHARDS
from triage.storage.transactions import submit
from triage.telemetry.instruments import Metric, count

TABLE = "incidents"
MOST_ROWS = 1000
"""Rows of one channel in one shard that a run reads. The next run reads the others."""
FINISH_SECONDS = 15.0

_AT_ONCE = 32
_DONE_AT_ONCE = 33  # each has three operations of a transaction, which takes 100


class Outbox:
    """The notifications of all channels."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def add(self, rows: Iterable[Pending]) -> None:
        """Stores notifications that don't belong to an incident. Existing ones stay."""
        from azure.core.exceptions import ResourceExistsError

        table = await self._account.table(TABLE)
        for entity in outbox_rows(rows):
            try:
                await table.create_entity(entity)
            except ResourceExistsError:
                continue

    async def channels_with_rows(self) -> set[str]:
        """The names of the channels with waiting notifications."""
        table = await self._account.table(TABLE)

        async def of(shard: str) -> set[str]:
            rows = table.query_entities(_waiting(shard), select=["channel"], results_per_page=MOST_ROWS)
            return {str(entity["channel"]) async for entity in rows}

        return set[str]().union(*await asyncio.gather(*map(of, SHARDS)))

    async def waiting(self, channel: str) -> list[Pending]:
        """The waiting notifications of a channel, without their documents."""
        table = await self._account.table(TABLE)
        queries = [f"{_waiting(shard)} and channel eq '{quoted(channel)}'" for shard in SHARDS]
        found = await asyncio.gather(*(_first(table, query, MOST_ROWS) for query in queries))
        return [pending_of(entity) for entities in found for entity in entities]

    async def document(self, row: Pending) -> Json | None:
        """What a waiting row is about; None if it no longer waits."""
        table = await self._account.table(TABLE)
        entity = await get_entity(table, shard(row), f"out|{place(row)}")
        return unpack_compressed("document", entity) if entity is not None else None

    async def last_sent(self, channel: str, subject_ids: Iterable[str]) -> dict[str, LastSent]:
        """What was last sent to a channel about these incidents."""
        table = await self._account.table(TABLE)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(subject_id: str) -> tuple[str, Any]:
            async with limit:
                return subject_id, await get_entity(
                    table, shard_of_subject(subject_id), last_sent_key(channel, subject_id)
                )

        found = await asyncio.gather(*(one(subject_id) for subject_id in set(subject_ids)))
        return {subject_id: last_sent_of(entity) for subject_id, entity in found if entity is not None}

    async def finish(
        self,
        rows: Sequence[Pending],
        state: DeliveryState | None,
        last_sent: Mapping[str, LastSent] | None = None,
        error: str | None = None,
    ) -> None:
        """Finishes waiting rows: they were delivered or have failed, or, without a state, there was nothing to send.

        `last_sent` has what was sent to their channel about their subjects. Another run may have finished some of them. Rows
        that are not finished within FINISH_SECONDS stay waiting, so that the lease on the channel doesn't end before.
        """
        table = await self._account.table(TABLE)
        if rows and state is DeliveryState.FAILED:
            count(Metric.NOTIFICATIONS_FAILED, len(rows))
        by_shard: dict[str, list[Pending]] = {}
        for row in rows:
            by_shard.setdefault(shard(row), []).append(row)
        until = time.monotonic() + FINISH_SECONDS

        async def finish_shard(shard_rows: list[Pending]) -> None:
            for start in range(0, len(shard_rows), _DONE_AT_ONCE):
                if time.monotonic() < until:
                    part = shard_rows[start : start + _DONE_AT_ONCE]
                    await _finish(table, part, state, last_sent or {}, error)

        await asyncio.gather(*map(finish_shard, by_shard.values()))

    async def retry(self, row: Pending) -> None:
        """Keeps what a try has changed. Nothing happens if another run has ended the row."""
        from azure.core.exceptions import HttpResponseError

        table = await self._account.table(TABLE)
        try:
            await table.update_entity(entity_of(row, f"out|{place(row)}"), mode="merge")
        except HttpResponseError as error:
            if not is_conflict(error):
                raise

    async def page(
        self, top: int, token: str | None, tenant_ids: Sequence[str] | None = None, states: Collection[str] = ()
    ) -> tuple[list[Delivery], str | None]:
        """At most `top` notifications, newest first, and the token of the next page.

        With `tenant_ids`, only those about these tenants; with `states`, only those in one of these states.
        """
        table = await self._account.table(TABLE)
        after = quoted(token or "")
        queries = [
            f"PartitionKey eq '{shard}' and RowKey gt '{kind}|{after}' and RowKey lt '{kind}}}'{clause}"
            for kind, clause in _clauses(tenant_ids, states).items()
            for shard in SHARDS
        ]
        found = await asyncio.gather(*(_first(table, query, top + 1) for query in queries))
        merged = list(heapq.merge(*found, key=lambda entity: str(entity["place"])))
        following = str(merged[top - 1]["place"]) if len(merged) > top else None
        return [delivery_of(entity) for entity in merged[:top]], following


async def _finish(
    table: Any,
    rows: Sequence[Pending],
    state: DeliveryState | None,
    last_sent: Mapping[str, LastSent],
    error: str | None,
) -> None:
    """Rows of one shard in one transaction; one by one if another run has ended some of them."""
    from azure.core.exceptions import HttpResponseError

    operations: list[Any] = []
    for row in rows:
        operations.append(("delete", {"PartitionKey": shard(row), "RowKey": f"out|{place(row)}"}))
        if state is not None:
            done = entity_of(replace(row, last_error=_words(error, row)), f"done|{place(row)}")
            operations.append(("upsert", {**done, "state": state.value}, {"mode": "replace"}))
    for subject_id in {row.subject_id for row in rows} & last_sent.keys():
        operations.append(
            ("upsert", last_sent_entity(rows[0].channel, subject_id, last_sent[subject_id]), {"mode": "replace"})
        )
    try:
        await submit(table, operations)
    except HttpResponseError as failure:
        if failure.status_code != 404:
            raise
        if len(rows) > 1:
            for row in rows:
                await _finish(table, [row], state, last_sent, error)


def _waiting(shard: str) -> str:
    """The OData filter of the rows of a shard that wait."""
    return f"PartitionKey eq '{shard}' and RowKey ge 'out|' and RowKey lt 'out}}'"


def _clauses(tenant_ids: Sequence[str] | None, states: Collection[str]) -> dict[str, str]:
    """The further conditions on each kind of row that is listed; no kind if nothing can match."""
    if tenant_ids is not None and not tenant_ids:
        return {}
    tenants = "" if tenant_ids is None else f" and {_one_of('tenantId', tenant_ids)}"
    ended = [state for state in states if state != DeliveryState.PENDING]
    kinds: dict[str, str] = {}
    if not states or DeliveryState.PENDING in states:
        kinds["out"] = tenants
    if not states or ended:
        kinds["done"] = f"{tenants} and {_one_of('state', ended)}" if ended else tenants
    return kinds


def _one_of(column: str, values: Sequence[str]) -> str:
    return "(" + " or ".join(f"{column} eq '{quoted(value)}'" for value in values) + ")"


def _words(error: str | None, row: Pending) -> str | None:
    """Why it has failed, and what the other side said last."""
    if error is None or row.last_error in (None, error):
        return error or row.last_error
    return f"{error} {row.last_error}"


async def _first(table: Any, query: str, most: int) -> list[Entity]:
    """The first rows of a range, each with its `place`: what comes after the kind in its key."""
    found: list[Entity] = []
    async for entity in table.query_entities(query, select=[*COLUMNS, "state"], results_per_page=min(most, 1000)):
        found.append({**entity, "place": str(entity["RowKey"]).partition("|")[2]})
        if len(found) == most:
            break
    return found
