"""Actions on messages and their looks, in table `feeds` (feeds.py). PartitionKey: the tenant's id.

| row key | what it is |
|---|---|
| `act|<ETD id>|<mailbox>` | the newest action on a message in a mailbox, and its state |
| `due|<time>|<key of the act row>` | when it is looked at; written in the transaction of its act row |
| `orphan|<ETD id>` | the newest action on a message whose mailboxes are not known yet |
| `count|<day>|<job>` | what a job has counted on a day, in the same transaction |

All methods raise azure.core's errors.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from triage.feeds.actions import Action
from triage.feeds.counts import counted
from triage.feeds.lanes import HOUR
from triage.storage.account import StorageAccount, get_entity
from triage.storage.documents import pack_text, unpack_text
from triage.storage.feeds import TABLE, feed_rows
from triage.storage.transactions import submit
from triage.wire import from_epoch_ns

CHANGES_AT_ONCE = 33
"""Each has up to three operations of a transaction, which takes 100, including the one of the counts."""
LATEST = 25 * HOUR
"""No look is due later than this, because ETD_LOOKS has at most a day. If one is, it was written by a wrong clock."""

_LONGEST_KEY = 200  # two of them: a row key has at most 512 characters


@dataclass(frozen=True, slots=True)
class StoredAction:
    """An action as it was read."""

    action: Action
    etag: str


@dataclass(frozen=True, slots=True)
class Change:
    """An action as it was read, and as it is to be stored; None: there is none."""

    before: StoredAction | None
    after: Action | None


class FeedActions:
    """The actions of one tenant's feed."""

    def __init__(self, account: StorageAccount, tenant_id: str) -> None:
        self._account = account
        self.tenant_id = tenant_id

    async def of_message(self, etd_id: str) -> dict[str, StoredAction]:
        """The actions on a message, by mailbox."""
        found = [_stored(row) async for row in self._rows(f"act|{_key_part(etd_id)}|")]
        return {one.action.mailbox: one for one in found}

    async def orphans(self) -> dict[str, StoredAction]:
        """The actions whose mailboxes are not known, by ETD's id of the message."""
        found = [_stored(row) async for row in self._rows("orphan|")]
        return {one.action.etd_id: one for one in found}

    async def due(self, now: int, most: int) -> list[StoredAction]:
        """At most `most` actions that are due, the longest overdue first."""
        table = await self._account.table(TABLE)
        found: list[StoredAction] = []
        wrong = f"due|{from_epoch_ns(now + LATEST)}"
        for first, end in (("due|", f"due|{from_epoch_ns(now)[:19]}~"), (wrong, "due}")):
            async for row in self._rows(first, end):
                if len(found) == most:
                    return found
                act = await get_entity(table, self.tenant_id, row["key"])
                if act is not None and _due_key(stored := _stored(act).action, row["key"]) == row["RowKey"]:
                    found.append(StoredAction(stored, act.metadata["etag"]))
                else:
                    await table.delete_entity(row)
        return found

    async def save(self, changes: Sequence[Change], day: str, job: str) -> None:
        """Stores changes with their looks and counts, in as few transactions as possible.

        A conflict (409, 412) means that another job was faster. Nothing of its transaction was stored.
        """
        for start in range(0, len(changes), CHANGES_AT_ONCE):
            await self._save(changes[start : start + CHANGES_AT_ONCE], day, job)

    async def _save(self, changes: Sequence[Change], day: str, job: str) -> None:
        table = await self._account.table(TABLE)
        operations = [operation for change in changes for operation in self._operations(change)]
        counts: Counter[str] = Counter()
        for change in changes:
            counts.update(counted(change.before.action if change.before else None, change.after))
        if counts:
            operations.append(await self._counting(table, counts, f"count|{day}|{job}"))
        await submit(table, operations)

    async def _counting(self, table: Any, counts: Counter[str], row_key: str) -> tuple[Any, ...]:
        row = await get_entity(table, self.tenant_id, row_key)
        total = counts + Counter(json.loads(row["counts"]) if row else {})
        fresh = {"PartitionKey": self.tenant_id, "RowKey": row_key, "counts": json.dumps(total)}
        return ("create", fresh) if row is None else ("update", fresh, {"etag": row.metadata["etag"]})

    def _operations(self, change: Change) -> list[tuple[Any, ...]]:
        before, after = change.before, change.after
        some = after or (before.action if before else None)
        if some is None:
            return []
        key = _row_key(some)
        keys = {"PartitionKey": self.tenant_id, "RowKey": key}
        found: list[tuple[Any, ...]] = []
        if after is None:
            found.append(("delete", keys, {"etag": before.etag if before else None}))
        elif before is None:
            found.append(("create", {**keys, **pack_text("document", after.wire())}))
        else:
            found.append(("update", {**keys, **pack_text("document", after.wire())}, {"etag": before.etag}))
        old = _due_key(before.action, key) if before else None
        new = _due_key(after, key) if after else None
        if old != new:
            if old:
                found.append(("delete", {**keys, "RowKey": old}))
            if new:
                found.append(("upsert", {**keys, "RowKey": new, "key": key}))
        return found

    def _rows(self, first: str, end: str | None = None) -> AsyncIterator[Any]:
        return feed_rows(self._account, self.tenant_id, first, end)


def _row_key(action: Action) -> str:
    if not action.mailbox:
        return f"orphan|{_key_part(action.etd_id)}"
    return f"act|{_key_part(action.etd_id)}|{_key_part(action.mailbox)}"


def _key_part(text: str) -> str:
    """A text as part of a row key, which can't have every character, nor more than 1 KiB in total."""
    part = quote(text, safe="@+")
    return part if len(part) <= _LONGEST_KEY else hashlib.sha256(text.encode()).hexdigest()


def _due_key(action: Action, key: str) -> str | None:
    """The key of the row that says when an action is looked at. An action without mailbox has none."""
    return f"due|{action.next_look_at}|{key}" if action.next_look_at and action.mailbox else None


def _stored(row: Any) -> StoredAction:
    return StoredAction(Action.model_validate_json(unpack_text("document", row)), row.metadata["etag"])
