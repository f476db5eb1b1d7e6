"""Stands between a host and one of Azurite's services, which can so be away, or silent, and come back with its data."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StorageProxy:
    """Listens on a loopback port that stays its own. All but `run` is safe from any thread."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.loop = asyncio.new_event_loop()
        self.server: asyncio.Server | None = None
        self.open: set[asyncio.StreamWriter] = set()
        self.silent = False

    def go(self) -> None:
        """Connections are refused, and those that there are end."""
        self._do(self._close())

    def fall_silent(self) -> None:
        """Requests are taken and never answered."""
        self.silent = True
        self._do(self._drop())

    def come_back(self) -> None:
        self.silent = False
        self._do(self._listen())

    def _do(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)  # type: ignore[arg-type]

    async def _listen(self) -> None:
        await self._drop()
        if self.server is None:
            self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self.server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        await self._drop()

    async def _drop(self) -> None:
        for writer in list(self.open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            if self.silent:
                while await reader.read(65536):
                    pass
                return
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
            self.open.add(up_writer)
            try:
                await asyncio.gather(_pump(reader, up_writer), _pump(up_reader, writer))
            finally:
                self.open.discard(up_writer)
                up_writer.close()
        except OSError:
            pass  # it was aborted
        finally:
            self.open.discard(writer)
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


@contextmanager
def storage_proxy(upstream: int) -> Iterator[StorageProxy]:
    proxy = StorageProxy(upstream)
    thread = threading.Thread(target=proxy.loop.run_forever, daemon=True)
    thread.start()
    try:
        proxy.come_back()
        yield proxy
    finally:
        proxy.go()
        proxy._do(_settle())
        proxy.loop.call_soon_threadsafe(proxy.loop.stop)
        thread.join(10)
        proxy.loop.close()


async def _settle() -> None:
    """Lets what was aborted end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=5)
