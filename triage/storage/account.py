"""The storage account: its clients, made at first use on the running event loop, and what its errors mean."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, cast
from urllib.request import getproxies

from triage import deadlines
from triage.settings import Storage

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables.aio import TableServiceClient
    from azure.storage.queue.aio import QueueServiceClient

# The queue client's own backoff would start at 15 s.
_QUEUE_BACKOFF: dict[str, Any] = {"initial_backoff": 0.5, "increment_base": 2}


class StorageAccount:
    """The clients of one account, for one event loop."""

    def __init__(self, settings: Storage) -> None:
        self._settings = settings
        self._credential: AsyncTokenCredential | None = None
        self._tables: TableServiceClient | None = None
        self._queues: QueueServiceClient | None = None
        self._ready: dict[str, asyncio.Task[None]] = {}
        self._clients: dict[str, Any] = {}

    def tables(self) -> TableServiceClient:
        """The client of the account's tables. It connects at the first request."""
        from azure.data.tables.aio import TableServiceClient

        if self._tables is None:
            if self._settings.connection_string:
                self._tables = TableServiceClient.from_connection_string(self._settings.connection_string, **_options())
            else:
                endpoint = self._settings.table_uri or ""
                self._tables = TableServiceClient(endpoint, credential=self._identity(), **_options())
        return self._tables

    async def load(self) -> None:
        """Imports the client of the tables in a thread, so that the event loop can do other work."""
        await asyncio.to_thread(importlib.import_module, "azure.data.tables.aio")

    async def table(self, name: str) -> Any:
        """The TableClient of a table, which is created if it does not exist. Raises azure.core's errors.

        Any to the type checker, because the SDK leaves the types of entities and arguments open.
        """
        if (known := self._clients.get(name)) is not None:
            return known
        client = self.tables()
        task = self._ready.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._ready[name] = asyncio.create_task(_make(client, name))
            # If all callers give up first, nobody would retrieve its exception.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(task)
        return self._clients.setdefault(name, client.get_table_client(name))

    def queues(self) -> QueueServiceClient:
        """The client of the account's queues. It connects at the first request."""
        from azure.storage.queue.aio import QueueServiceClient

        if self._queues is None:
            if self._settings.connection_string:
                self._queues = QueueServiceClient.from_connection_string(
                    self._settings.connection_string, **_options(), **_QUEUE_BACKOFF
                )
            else:
                endpoint = self._settings.queue_uri or ""
                self._queues = QueueServiceClient(endpoint, credential=self._identity(), **_options(), **_QUEUE_BACKOFF)
        return self._queues

    async def close(self) -> None:
        """Closes all connections."""
        for client in (self._tables, self._queues, self._credential):
            if client is not None:
                await client.close()

    def _identity(self) -> AsyncTokenCredential:
        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

            if self._settings.managed_identity:
                self._credential = ManagedIdentityCredential(client_id=self._settings.client_id)
            else:
                self._credential = DefaultAzureCredential()
        return self._credential


def _options() -> dict[str, Any]:
    """The options of a client: how long it waits, and whether it uses HTTP_PROXY and HTTPS_PROXY.

    It does if one is set. Otherwise aiohttp would look for a proxy and for ~/.netrc at each request, which takes a third of
    the request's CPU time.
    """
    return {
        "connection_timeout": deadlines.STORAGE_CONNECT,
        "read_timeout": deadlines.STORAGE_READ,
        "retry_total": 2,
        "use_env_settings": bool(getproxies()),
    }


async def get_entity(table: Any, partition: str, row_key: str) -> Any:
    """The entity of a table with these keys; None if there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return await table.get_entity(partition, row_key)
    except ResourceNotFoundError:
        return None


def if_unchanged(entity: Any) -> dict[str, Any]:
    """The options of a write that succeeds only if the entity has not changed since it was read."""
    from azure.core import MatchConditions

    return {"etag": entity.metadata["etag"], "match_condition": MatchConditions.IfNotModified}


def if_etag(etag: str) -> dict[str, Any]:
    """The options of a write that replaces an entity only if it still has this ETag."""
    from azure.core import MatchConditions

    return {"mode": "replace", "etag": etag, "match_condition": MatchConditions.IfNotModified}


def is_conflict(error: Any) -> bool:
    """Whether another writer was faster: the entity is gone (404), already exists (409), or has changed (412)."""
    return error.status_code in (404, 409, 412)


def is_away(error: Exception) -> bool:
    """Whether storage could not be reached or denied access, so that the same call may succeed later.

    False if storage refused the request (400, or 413: too large), and for errors that are not from storage.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    refused = isinstance(error, HttpResponseError) and error.status_code in (400, 413)
    return isinstance(error, AzureError | TimeoutError) and not refused


async def _make(client: TableServiceClient, name: str) -> None:
    await cast("Any", client).create_table_if_not_exists(name)
