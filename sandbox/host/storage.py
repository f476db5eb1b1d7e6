"""Queues of the storage account that a binding's `connection` names.

A connection is one setting with a connection string, or several with an identity:
https://learn.microsoft.com/azure/azure-functions/functions-reference#configure-an-identity-based-connection
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from sandbox.host.config import HostError
from sandbox.host.driver import Datum

POISON = "-poison"

# Two retries, after about one and three seconds: for a short failure while a message is deleted or returned.
_CLIENT: dict[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 30,
    "retry_total": 2,
    "initial_backoff": 1,
    "increment_base": 1,
    "random_jitter_range": 0,
    "use_env_settings": False,  # or aiohttp looks for a proxy and for ~/.netrc at each request
}


class Storage:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.services: dict[str, QueueServiceClient] = {}
        self.credentials: list[Any] = []

    def queue(self, binding: Mapping[str, Any], where: str) -> QueueClient:
        connection = binding.get("connection") or "AzureWebJobsStorage"
        if connection not in self.services:
            self.services[connection] = self._service(connection, where)
        name = binding["queueName"].lower()
        if not re.fullmatch(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*", name):
            raise HostError(f"{where}: {name!r} is not a valid queue name")
        return self.services[connection].get_queue_client(name)

    def poison_queue(self, binding: Mapping[str, Any], where: str) -> QueueClient | None:
        """None for a poison queue, or if the name is too long for the suffix."""
        name = binding["queueName"].lower() + POISON
        if name.endswith(POISON * 2) or len(name) > 63:
            return None
        return self.queue({**binding, "queueName": name}, where)

    async def close(self) -> None:
        for opened in [*self.services.values(), *self.credentials]:
            await opened.close()

    def _service(self, connection: str, where: str) -> QueueServiceClient:
        def setting(suffix: str = "") -> str | None:
            return self.environ.get(f"AzureWebJobs{connection}{suffix}") or self.environ.get(connection + suffix)

        try:
            if text := setting():
                return QueueServiceClient.from_connection_string(text, **_CLIENT)
            uri = setting("__queueServiceUri")
            if not uri and (account := setting("__accountName")):
                uri = f"https://{account}.queue.core.windows.net"
            if uri:
                return QueueServiceClient(
                    uri, self._credential(setting("__credential"), setting("__clientId")), **_CLIENT
                )
        except ValueError as error:
            raise HostError(f"{where}: the setting {connection} is not a storage connection: {error}") from None
        raise HostError(f"{where}: the setting {connection} is not set (nor {connection}__queueServiceUri)")

    def _credential(self, kind: str | None, client_id: str | None) -> Any:
        from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

        managed = (kind or "").casefold() == "managedidentity"
        self.credentials.append(ManagedIdentityCredential(client_id=client_id) if managed else DefaultAzureCredential())
        return self.credentials[-1]


async def create(queue: QueueClient, **options: Any) -> None:
    try:
        await queue.create_queue(**options)
    except ResourceExistsError:
        return


def decode(text: str, encoding: str) -> bytes:
    """The body of a message. ValueError if the encoding is base64 and the text is not."""
    if encoding == "none":
        return text.encode("utf-8")
    return base64.b64decode("".join(text.split()), validate=True)


def encode(body: bytes, encoding: str) -> str:
    return body.decode("utf-8") if encoding == "none" else base64.b64encode(body).decode("ascii")


def messages(datum: Datum) -> list[bytes]:
    """The messages in a queue output: text, bytes, or JSON text of one message or a list of messages."""
    if datum.type != "json":
        return [datum.value.encode("utf-8") if isinstance(datum.value, str) else bytes(datum.value)]
    content = json.loads(datum.value)
    bodies = [item["body"] if isinstance(item, dict) and "body" in item else item for item in _as_list(content)]
    return [(body if isinstance(body, str) else json.dumps(body)).encode("utf-8") for body in bodies]


def _as_list(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]
