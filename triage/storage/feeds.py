"""Table `feeds`: what the feed of each tenant has read, and its budget. PartitionKey: the tenant's ID.

| row key | what it is |
|---|---|
| `lane|<lane>` | how far a lane is |
| `hour|<hour>`, `file|<hour>|<sha256 of the path>` | what is known of an hour of Log Export, and of its files |
| `quota|<day>|<job>` | the requests that a job has made on a day (UTC), by lane |
| `gap|<from>|<to>` | a time that could not be read, and why |
| `act|…`, `due|…`, `orphan|…`, `count|…` | actions and their looks (feed_actions.py) |
| `lease|<job>` | which run does a job now |

Only the run that has the lease on a job writes its rows. `lane`, `hour`, `file` and `gap` rows belong to the job `poll`. All
methods raise azure.core's errors.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar
from uuid import uuid4

from triage.feeds.hours import FileState, HourState, LedgerState
from triage.feeds.lanes import DAY, SECOND, WINDOWS, Lane, LaneState, Progress
from triage.feeds.model import FeedGap
from triage.feeds.status import Record
from triage.storage.account import StorageAccount, get_entity
from triage.storage.documents import pack_text, quoted, unpack_text
from triage.storage.leases import release, take
from triage.wire import Wire, epoch_ns, from_epoch_ns

TABLE = "feeds"
COUNTED_DAYS = 14

Entity = dict[str, Any]
Model = TypeVar("Model", bound=Wire)


class Feeds:
    """The rows of one tenant's feed."""

    def __init__(self, account: StorageAccount, tenant_id: str) -> None:
        self._account = account
        self.tenant_id = tenant_id

    async def lease(self, job: str, now: int, seconds: float) -> Entity | None:
        """The lease on a job for some seconds; None if another run has it."""
        table = await self._account.table(TABLE)
        known = await get_entity(table, self.tenant_id, f"lease|{job}")
        # A lease that ends too late was written by a wrong clock.
        if known is not None and now < epoch_ns(known["until"]) <= now + 600 * SECOND:
            return None
        until = from_epoch_ns(now + int(seconds * SECOND))
        return await take(table, known, {**self._keys(f"lease|{job}"), "id": uuid4().hex, "until": until})

    async def release(self, lease: Entity) -> None:
        """Ends a lease. Does nothing if another run has it by now."""
        await release(await self._account.table(TABLE), lease)

    async def lane(self, lane: Lane) -> LaneState:
        """How far a lane of Message Search is."""
        return await self._read(f"lane|{lane}", LaneState) or LaneState()

    async def ledger(self) -> LedgerState:
        """How far Log Export was read."""
        return await self._read(f"lane|{Lane.LEDGER}", LedgerState) or LedgerState()

    async def save_lane(self, lane: Lane, state: Progress) -> None:
        """Stores how far a lane is."""
        await self._write(f"lane|{lane}", state)

    async def hours(self, first: str) -> dict[str, HourState]:
        """What is known of the hours from `first` on."""
        rows = self._rows(f"hour|{first}", "hour}")
        return {row["RowKey"].partition("|")[2]: _model(HourState, row) async for row in rows}

    async def save_hour(self, hour: str, state: HourState) -> None:
        """Stores what is known of an hour."""
        await self._write(f"hour|{hour}", state)

    async def files(self, hour: str) -> dict[str, FileState]:
        """What is known of the files of an hour, by the digest of their path."""
        rows = self._rows(f"file|{hour}|")
        return {row["RowKey"].rpartition("|")[2]: _model(FileState, row) async for row in rows}

    async def save_file(self, hour: str, name: str, state: FileState) -> None:
        """Stores what is known of a file. `name` is the digest of its path."""
        await self._write(f"file|{hour}|{name}", state)

    async def used(self, day: str) -> dict[str, Counter[str]]:
        """The requests of a day by job, and by lane."""
        rows = self._rows(f"quota|{day}|")
        return {row["RowKey"].rpartition("|")[2]: Counter(json.loads(row["requests"])) async for row in rows}

    async def save_used(self, day: str, job: str, used: Mapping[str, int]) -> None:
        """Stores the requests of a job on a day, by lane."""
        table = await self._account.table(TABLE)
        await table.upsert_entity({**self._keys(f"quota|{day}|{job}"), "requests": json.dumps(used)}, mode="replace")

    async def add_gap(self, gap: FeedGap) -> None:
        """Stores a time that could not be read."""
        await self._write(f"gap|{gap.begin}|{gap.end}", gap)

    async def record(self, now: int) -> Record:
        """What the state of the feed is made from."""
        lanes: dict[Lane, LaneState] = {}
        ledger = LedgerState()
        async for row in self._rows("lane|"):
            lane = row["RowKey"].partition("|")[2]
            if lane in WINDOWS:
                lanes[Lane(lane)] = _model(LaneState, row)
            elif lane == Lane.LEDGER:
                ledger = _model(LedgerState, row)
        counts: Counter[str] = Counter()
        first = from_epoch_ns(now - (COUNTED_DAYS - 1) * DAY)[:10]
        async for row in self._rows(f"count|{first}", "count}"):
            counts.update(json.loads(row["counts"]))
        gaps = [_model(FeedGap, row) async for row in self._rows("gap|")]
        used = sum(number.total() for number in (await self.used(from_epoch_ns(now)[:10])).values())
        return Record(lanes, ledger, counts, gaps, used, await self._oldest_due())

    async def _oldest_due(self) -> int | None:
        async for row in self._rows("due|", select=["RowKey"], results_per_page=1):
            return epoch_ns(row["RowKey"].split("|")[1])
        return None

    def _keys(self, row_key: str) -> dict[str, str]:
        return {"PartitionKey": self.tenant_id, "RowKey": row_key}

    def _rows(self, first: str, end: str | None = None, **options: Any) -> AsyncIterator[Any]:
        return feed_rows(self._account, self.tenant_id, first, end, **options)

    async def _read(self, row_key: str, model: type[Model]) -> Model | None:
        row = await get_entity(await self._account.table(TABLE), self.tenant_id, row_key)
        return _model(model, row) if row is not None else None

    async def _write(self, row_key: str, state: Wire) -> None:
        table = await self._account.table(TABLE)
        await table.upsert_entity({**self._keys(row_key), **pack_text("document", state.wire())}, mode="replace")


async def feed_rows(
    account: StorageAccount, tenant_id: str, first: str, end: str | None = None, **options: Any
) -> AsyncIterator[Any]:
    """The rows of a feed whose keys are in a range (`key_range`)."""
    table = await account.table(TABLE)
    where = f"PartitionKey eq '{quoted(tenant_id)}' and {key_range(first, end)}"
    async for row in table.query_entities(where, **options):
        yield row


def key_range(first: str, end: str | None = None) -> str:
    """The OData filter of the row keys from `first` up to `end`; without `end`, of those that begin with `first`, a `…|`."""
    return f"RowKey ge '{quoted(first)}' and RowKey lt '{quoted(end or f'{first[:-1]}}}')}'"


def digest(path: str) -> str:
    """The name of a file: its URL changes with each listing, but its path does not."""
    return hashlib.sha256(path.encode()).hexdigest()


def _model(model: type[Model], row: Any) -> Model:
    return model.model_validate_json(unpack_text("document", row))
