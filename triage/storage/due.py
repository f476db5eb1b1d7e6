"""The index of later looks: which open findings are looked at again, and when.

A row `due|<minute>|<random>`, in a shard of table `findings`, has up to 500 looks that are due in one minute (minutes
since 1970). It is written with the counts of the changes that ask for the looks (projection.py). A look that is not the
next one of its finding any more is dropped when it comes, so nothing has to be taken back here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple
from uuid import uuid4

from triage.finding import FindingState
from triage.storage.account import StorageAccount
from triage.storage.changes import Change
from triage.storage.documents import pack_compressed, unpack_compressed
from triage.wire import epoch_ns

_PREFIX = "due|"
_LOOKS_IN_A_ROW = 500
_MINUTE = 60 * 1_000_000_000


class DueLook(NamedTuple):
    """A look at a finding of a tenant. `number` counts the looks at it; None: a look that somebody asked for."""

    finding_id: str
    tenant_id: str | None
    number: int | None


def due_rows(shard: str, changes: Iterable[Change]) -> list[dict[str, Any]]:
    """The rows of the looks that changes ask for."""
    minutes: defaultdict[int, list[DueLook]] = defaultdict(list[DueLook])
    for change in changes:
        after = change.after
        if after is not None and after.state is FindingState.OPEN and after.next_look_at is not None:
            look = DueLook(after.finding_id, after.tenant_id, after.looks + 1)
            minutes[-(-epoch_ns(after.next_look_at) // _MINUTE)].append(look)
    return [row for minute, looks in minutes.items() for row in rows_for(shard, minute, looks)]


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


async def due(account: StorageAccount, table: str, shard: str, minute: int) -> AsyncIterator[tuple[Any, list[DueLook]]]:
    """The rows of a shard that are due in a minute or before, the longest due first. Raises azure.core's errors."""
    client = await account.table(table)
    clauses = f"PartitionKey eq '{shard}' and RowKey ge '{_PREFIX}' and RowKey lt '{_PREFIX}{minute + 1:010d}'"
    async for row in client.query_entities(clauses, results_per_page=20):
        yield row, [DueLook(*look) for look in unpack_compressed("looks", row)]
