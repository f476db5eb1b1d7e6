"""The index of later looks: which open findings are looked at again, and when.

A row `due|<minute>|<random>`, in a shard of table `findings`, has up to 500 looks that are due in one minute (minutes
since 1970). It is written with the counts of the changes that ask for the looks (projection.py). A look that is no longer
the next one of its finding is dropped when it runs, so looks are never removed from the index early.

In partition `looks`, a row `tenant|<ID>` says until when the places for looks of a tenant are taken, so that all instances
together keep to its share.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from triage.storage.account import StorageAccount, get_entity, if_unchanged, is_conflict
from triage.storage.changes import Change
from triage.storage.documents import pack_compressed, unpack_compressed
from triage.storage.leases import take
from triage.storage.shards import SHARDS, shard_of
from triage.wire import epoch_ns

_TABLE = "findings"
_PREFIX = "due|"
_LOOKS_IN_A_ROW = 500
_PLACES = "looks"
_ATTEMPTS = 10
_MINUTE = 60 * 1_000_000_000


class DueLook(NamedTuple):
    """A look at a finding of a tenant. `number` is the number of the look; None: somebody asked for it."""

    finding_id: str
    tenant_id: str | None
    number: int | None


def due_looks(changes: Iterable[Change]) -> dict[int, list[DueLook]]:
    """The looks that changes ask for, by the minute (since 1970) in which they are due."""
    minutes: defaultdict[int, list[DueLook]] = defaultdict(list[DueLook])
    for change in changes:
        after = change.after
        if change.follow_up and after is not None and after.next_look_at is not None:
            look = DueLook(after.finding_id, after.tenant_id, after.looks + 1)
            minutes[-(-epoch_ns(after.next_look_at) // _MINUTE)].append(look)
    return minutes


def places(until: float, number: int, per_minute: int) -> tuple[list[int], float]:
    """The delays of at most `number` looks in the next minute, if the places are taken until a time, and the new time."""
    now = time.time()
    start = max(now, until)
    free = max(0, int((now + 60 - start) * per_minute / 60))
    each = 60 / per_minute
    delays = [int(start - now + place * each) for place in range(min(number, free))]
    return delays, start + len(delays) * each


def due_rows(shard: str, changes: Iterable[Change]) -> list[dict[str, Any]]:
    """The rows of the looks that changes ask for."""
    return [row for minute, looks in due_looks(changes).items() for row in rows_for(shard, minute, looks)]


def rows_needed(looks: int) -> int:
    """The number of rows for this number of looks that are due in one minute."""
    return -(-looks // _LOOKS_IN_A_ROW)


def rows_for(shard: str, minute: int, looks: list[DueLook]) -> list[dict[str, Any]]:
    """The rows of looks that are due in one minute."""
    parts = [looks[start : start + _LOOKS_IN_A_ROW] for start in range(0, len(looks), _LOOKS_IN_A_ROW)]
    return [
        {
            "PartitionKey": shard,
            "RowKey": f"{_PREFIX}{minute:010d}|{uuid4().hex[:12]}",
            **pack_compressed("looks", part),
        }
        for part in parts
    ]


class DueLooks:
    """The looks that are due. All methods raise azure.core's errors."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def add(self, looks: Sequence[DueLook]) -> None:
        """Makes looks due now."""
        table = await self._account.table(_TABLE)
        shards: defaultdict[str, list[DueLook]] = defaultdict(list[DueLook])
        for look in looks:
            shards[shard_of(look.finding_id)].append(look)
        minute = time.time_ns() // _MINUTE
        for shard, part in shards.items():
            for row in rows_for(shard, minute, part):
                await table.create_entity(row)

    async def rows(self) -> AsyncIterator[tuple[Any, list[DueLook]]]:
        """The rows that are due by now, for each shard in the order in which they became due."""
        minute = time.time_ns() // _MINUTE
        table = await self._account.table(_TABLE)
        for shard in SHARDS:
            keys = f"RowKey ge '{_PREFIX}' and RowKey lt '{_PREFIX}{minute + 1:010d}'"
            async for row in table.query_entities(f"PartitionKey eq '{shard}' and {keys}", results_per_page=20):
                yield row, [DueLook(*look) for look in unpack_compressed("looks", row)]

    async def reserve(self, tenant_id: str, number: int, per_minute: int) -> list[int]:
        """Takes at most `number` places for looks of a tenant in the next minute. Returns the delay of each, in seconds.

        No other look gets the same place, whichever instance releases it.
        """
        table, key = await self._account.table(_TABLE), f"tenant|{tenant_id}"
        for _ in range(_ATTEMPTS):
            old = await get_entity(table, _PLACES, key)
            delays, until = places(old["until"] if old else 0.0, number, per_minute)
            if not delays or await take(table, old, {"PartitionKey": _PLACES, "RowKey": key, "until": until}):
                return delays
        return []

    async def leave(self, row: Any, looks: list[DueLook]) -> bool:
        """Leaves only some looks in a row, or deletes it if there are none. False if another run was faster."""
        from azure.core.exceptions import HttpResponseError

        table = await self._account.table(_TABLE)
        rest = {"PartitionKey": row["PartitionKey"], "RowKey": row["RowKey"], **pack_compressed("looks", looks)}
        try:
            if looks:
                await table.update_entity(rest, mode="replace", **if_unchanged(row))
            else:
                await table.delete_entity(row, **if_unchanged(row))
        except HttpResponseError as error:
            if not is_conflict(error):
                raise
            return False
        return True
