"""Gathered commits: rows of several findings go into one transaction of their shard while another one is under way.

A transaction takes 100 operations of one partition
(https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions). No write waits for others to
join: those that are waiting when a transaction of the shard ends go into the next one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from triage.storage.account import StorageAccount, is_conflict
from triage.storage.changes import Change, change_row
from triage.storage.transactions import submit

_OPERATIONS = 99  # and the row of changes
_FINDINGS = 16


@dataclass(eq=False)
class _Write:
    """The operations of one finding. `done` is set, or has the error, when they are stored.

    `blind`: nobody has checked whether the finding already exists.
    """

    finding_id: str
    operations: list[Any]
    change: Change
    blind: bool
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Commits:
    """Writes to one table, in one transaction of each shard at a time."""

    def __init__(self, account: StorageAccount, table: str) -> None:
        self._account = account
        self._table = table
        self._waiting: dict[str, list[_Write]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # the event loop keeps no reference to its tasks

    async def write(self, shard: str, operations: list[Any], change: Change, *, blind: bool = False) -> None:
        """Stores the operations of a finding and its change: all or nothing. Raises azure.core's errors.

        A conflict (409, 412: another writer was faster) is raised only for its finding. After a conflict of a `blind` write,
        it is raised for all blind writes: if one delivery comes twice, others usually do too, and reading them costs less
        than finding the conflicts one by one.
        """
        write = _Write(change.finding_id, operations, change, blind)
        if shard in self._waiting:
            self._waiting[shard].append(write)
        else:
            self._waiting[shard] = [write]
            # All callers share the task, so that one caller's timeout doesn't cancel the transaction of the others.
            task = asyncio.create_task(self._commit(shard))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await asyncio.shield(write.done)

    async def _commit(self, shard: str) -> None:
        """Commits the waiting writes of a shard, until there are none."""
        waiting = self._waiting[shard]
        try:
            while waiting:
                part = _part(waiting)
                await self._submit(shard, part)
        finally:
            del self._waiting[shard]
            for write in waiting:
                _fail(write, ConnectionAbortedError("the writer ended"))

    async def _submit(self, shard: str, part: list[_Write]) -> None:
        """One transaction. If one finding can't be stored, the others are retried without it."""
        from azure.data.tables import TableTransactionError

        operations = [operation for write in part for operation in write.operations]
        operations.append(("create", change_row(shard, [write.change for write in part])))
        try:
            table = await self._account.table(self._table)
            await submit(table, operations)
        except TableTransactionError as error:
            if len(part) == 1:
                _fail(part[0], error)
                return
            # Only a conflict says which finding it is. If all of it is refused, such as for its size, each is tried alone.
            culprit = _culprit(part, error.index) if is_conflict(error) else None
            if culprit is None:
                for write in part:
                    await self._submit(shard, [write])
                return
            rest = [write for write in part if not (write is culprit or (culprit.blind and write.blind))]
            for write in part:
                if write not in rest:
                    _fail(write, error)
            if rest:
                await self._submit(shard, rest)
        except Exception as error:
            for write in part:
                _fail(write, error)
        else:
            for write in part:
                if not write.done.done():
                    write.done.set_result(None)


def _part(waiting: list[_Write]) -> list[_Write]:
    """Takes the writes of the next transaction. It has each finding once, because it may have each entity only once."""
    part: list[_Write] = []
    ids: set[str] = set()
    size = 0
    for write in list(waiting):
        size += len(write.operations)
        if part and (size > _OPERATIONS or len(part) == _FINDINGS):
            break
        if write.finding_id in ids:
            size -= len(write.operations)
            continue
        ids.add(write.finding_id)
        part.append(write)
        waiting.remove(write)
    return part


def _culprit(part: list[_Write], index: int) -> _Write | None:
    """The write whose operation failed. None if the error does not say, or if it was the row of changes."""
    for write in part:
        if 0 <= index < len(write.operations):
            return write
        index -= len(write.operations)
    return None


def _fail(write: _Write, error: Exception) -> None:
    if not write.done.done():
        write.done.set_exception(error)
        write.done.exception()  # the caller may have given up
