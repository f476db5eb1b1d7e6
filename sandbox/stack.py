"""Storage, the simulated tenants, ETD and the Functions host, connected on free ports. They all stop together."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.azurite import Azurite, azurite
from sandbox.client import ask
from sandbox.processes import ROOT, Child, ChildError, child, free_port, host, started
from sandbox.tenant.world import World

FUNC_SECONDS = 180  # Core Tools download their extension bundle at the first start


@dataclass(frozen=True)
class Stack:
    address: str  # of the function app, without /api
    graph: str
    storage: Azurite
    host: Child
    settings: Mapping[str, str]
    etd: str | None = None  # its address, if any tenant has a business


@contextmanager
def stack(
    *, port: int = 0, core_tools: str | None = None, businesses: Sequence[str] = (), **more: str
) -> Iterator[Stack]:
    """`core_tools`: the path of `func`, to run instead of the local host. `businesses`: ids of the tenants that have
    one in ETD, which then runs as well. `more`: further settings."""
    with (
        child("tenant", "--port", "0", environ={}) as tenant,  # it starts while storage does
        azurite() as storage,
    ):
        graph = tenant.wait_for(r"^Graph listening at (http://\S+)")[1]
        with _etd(graph, businesses) as (etd, apis):
            settings = {
                "TriageStorage": storage.connection_string,
                "TRIAGE_TENANTS": json.dumps(World.load().triage_tenants()),
                "GRAPH_ENDPOINT": graph,
                **apis,
                **more,
            }
            running = _core_tools(core_tools, port, settings) if core_tools else host(port=port, environ=settings)
            with running as (process, address):
                yield Stack(address, graph, storage, process, settings, etd)


@contextmanager
def _etd(graph: str, businesses: Sequence[str]) -> Iterator[tuple[str | None, dict[str, str]]]:
    """The address of the simulated ETD, and the setting that points to it; nothing if nobody has a business."""
    if not businesses:
        yield None, {}
        return
    with child("etd", "--graph", graph, "--tenants", *businesses, environ={}) as process:
        address = process.wait_for(r"^ETD listening at (http://\S+)")[1]
        yield address, {"ETD_APIS": json.dumps(ask(f"{address}/_sandbox/apis"))}


def core_tools() -> str | None:
    """The path of Azure Functions Core Tools, if they are installed."""
    return shutil.which("func")


@contextmanager
def _core_tools(program: str, port: int, settings: Mapping[str, str]) -> Iterator[tuple[Child, str]]:
    port = port or free_port()
    environ = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": settings["TriageStorage"],
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        **settings,
    }
    address = f"http://127.0.0.1:{port}"
    with started([program, "start", "--port", str(port)], environ=environ, cwd=ROOT) as process:
        end = time.monotonic() + FUNC_SECONDS
        while not _answers(address):
            if process.process.poll() is not None or time.monotonic() > end:
                raise ChildError(f"func start does not answer:\n{process.output}")
            time.sleep(0.3)
        yield process, address


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address + "/api/health", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
