"""Changes: what each write of a finding means for the data that is derived from findings.

A row of changes is written in the transaction of the findings themselves (commits.py): `chg|<time>|<random>` in their
shard, with what each finding counted as before and counts as now. Counts, incidents, exposures and the index of later
looks are derived from these rows, a shard at a time (projection.py). So writers don't wait for them, and nothing is left
out. A row that was applied is deleted in the transaction that counts it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from triage.finding.snapshot import Snapshot
from triage.storage.account import StorageAccount
from triage.storage.documents import decompressed, pack_compressed
from triage.storage.stored import read_stored
from triage.wire import Wire

PREFIX = "chg|"


class Change(Wire):
    """One write of a finding: what it counted as before (null: it is new), and what it counts as now (null: removed).

    `follow_up`: it is to be looked at again at its `next_look_at` (due.py).
    """

    before: Snapshot | None
    after: Snapshot | None
    follow_up: bool = False

    @classmethod
    def of(cls, before: Snapshot | None, after: Snapshot | None, *, follow_up: bool = False) -> Change:
        """A change. The actions of the finding before are left out, because nobody needs them."""
        known = before and before.model_copy(update={"summary": "", "actions": []})
        return cls(before=known, after=after, follow_up=follow_up)

    @property
    def finding_id(self) -> str:
        """The id of the finding."""
        return self.either.finding_id

    @property
    def revision(self) -> int:
        """The revision of the finding after the write. A removal has the next revision."""
        return self.after.revision if self.after else self.either.revision + 1

    @property
    def either(self) -> Snapshot:
        """What the finding counts as now, or counted as before its removal."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change from nothing to nothing")
        return found


class _Changes(Wire):
    """The content of a row of changes."""

    changes: list[Change]


def change_row(shard: str, changes: Sequence[Change]) -> dict[str, Any]:
    """The row of the changes of one transaction."""
    values = [change.wire() for change in changes]
    key = f"{PREFIX}{time.time_ns():020d}|{uuid4().hex[:12]}"
    document = pack_compressed("changes", {"changes": values})
    return {"PartitionKey": shard, "RowKey": key, "number": len(changes), **document}


def changes_of(row: Any) -> list[Change]:
    """The changes in a row."""
    return read_stored(_Changes, decompressed("changes", row)).changes


async def waiting_rows(account: StorageAccount, table: str, shard: str, most: int) -> list[Any]:
    """At most `most` rows of changes of a shard, the oldest first. Raises azure.core's errors."""
    client = await account.table(table)
    clauses = f"PartitionKey eq '{shard}' and RowKey ge '{PREFIX}' and RowKey lt '{PREFIX}~'"
    rows: list[Any] = []
    async for row in client.query_entities(clauses, results_per_page=min(most, 1000)):
        rows.append(row)
        if len(rows) == most:
            break
    return rows
