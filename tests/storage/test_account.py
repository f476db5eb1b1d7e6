"""The clients of the storage account: they use a proxy if the environment names one."""

from __future__ import annotations

import asyncio

import pytest

from triage.settings import Storage
from triage.storage.account import StorageAccount

ACCOUNT = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint=http://{0};QueueEndpoint=http://{0};"
)
NOWHERE = "storage.invalid"


@pytest.mark.parametrize("client", ["tables", "queues"])
async def test_requests_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        account = StorageAccount(Storage(connection_string=ACCOUNT.format(NOWHERE)))
        with pytest.raises(Exception, match="Forbidden"):
            await getattr(account, client)().get_service_properties()
        await account.close()
    assert [line.startswith(f"GET http://{NOWHERE}/".encode()) for line in asked] == [True]
