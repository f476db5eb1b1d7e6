from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

import sandbox.azurite
from sandbox.azurite import Azurite, AzuriteError, azurite, start


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def stops_listening(port: int) -> bool:
    for _ in range(100):
        if not listens(port):
            return True
        time.sleep(0.05)
    return False


def test_queues_and_tables_on_ports_of_its_own() -> None:
    with azurite() as one, azurite() as other:
        assert len({one.blob_port, one.queue_port, one.table_port, other.blob_port, other.queue_port}) == 5
        with QueueServiceClient.from_connection_string(one.connection_string) as queues:
            queues.create_queue("some").send_message("text")
            assert [message.content for message in queues.get_queue_client("some").receive_messages()] == ["text"]
        with TableServiceClient.from_connection_string(other.connection_string) as tables:
            tables.create_table("some").upsert_entity({"PartitionKey": "a", "RowKey": "b"})
            assert len(list(tables.get_table_client("some").list_entities())) == 1
    assert not listens(one.queue_port)
    assert not listens(other.table_port)


def test_accounts_share_an_emulator_and_nothing_else(accounts: Iterator[Azurite]) -> None:
    one, other = next(accounts), next(accounts)
    assert one.table_port == other.table_port
    with (
        TableServiceClient.from_connection_string(one.connection_string) as mine,
        TableServiceClient.from_connection_string(other.connection_string) as theirs,
    ):
        mine.create_table("some")
        assert [table.name for table in mine.list_tables()] == ["some"]
        assert list(theirs.list_tables()) == []


def test_it_keeps_connections_longer_than_the_clients_do(accounts: Iterator[Azurite]) -> None:
    storage = next(accounts)
    for port in (storage.blob_port, storage.queue_port, storage.table_port):
        assert httpx.get(f"http://127.0.0.1:{port}/").headers["keep-alive"] == "timeout=60"


async def test_it_starts_while_an_event_loop_runs() -> None:
    storage = await asyncio.to_thread(start)
    try:
        assert listens(storage.blob_port)
    finally:
        storage.stop()


def test_it_ends_when_its_parent_is_killed() -> None:
    code = (
        "import time; from sandbox.azurite import start; s = start();"
        "print(s.process.pid, s.queue_port, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, port = map(int, parent.stdout.readline().split())
    assert listens(port)
    parent.kill()
    parent.wait(5)
    parent.stdout.close()
    try:
        assert stops_listening(port)
    finally:
        if listens(port):
            os.kill(pid, signal.SIGKILL)


def test_a_port_in_use_gives_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AzuriteError, match="did not start"):
        start(queue_port=taken.getsockname()[1])


def test_a_missing_installation_gives_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sandbox.azurite, "SCRIPT", tmp_path / "azurite.js")
    with pytest.raises(AzuriteError, match="make setup"):
        start()


@pytest.mark.parametrize(("version", "good"), [("v24.1.0", True), ("v20.0.0", True), ("v18.9.0", False), ("", False)])
def test_node_on_the_path_must_be_new_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, good: bool
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if good:
        assert sandbox.azurite.node() == str(program)
    else:
        with pytest.raises(AzuriteError, match="Node"):
            sandbox.azurite.node()
