"""Time from process start to first finding, compared with a function app that has one empty function.

Both run on the local host with the platform's worker library, and a message waits in the queue of each. Both times
include Python, the host, the worker library, indexing, and polling the queue. Only the service's time includes its
modules, msgraph-sdk, the storage clients, two tables and a finding in Azurite, and the round trips to the tenant.
Modules are compiled, as they are in the deployed package.
"""

from __future__ import annotations

import compileall
import resource
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from azure.storage.queue import QueueServiceClient

from benchmarks.load import messages
from benchmarks.measure import read
from benchmarks.tenant import tenant
from sandbox.azurite import azurite
from sandbox.processes import ROOT, child

EMPTY = Path(__file__).with_name("empty")
APPS = {"service": (ROOT, "triage_failure"), "empty": (EMPTY, "empty")}


def run(*, runs: int, latency_ms: float) -> dict[str, Any]:
    """Seconds of each app, the median of `runs` starts, and their ratio. The apps take turns."""
    compiled()
    starts: dict[str, list[tuple[float, float]]] = {name: [] for name in APPS}
    with (
        tempfile.TemporaryDirectory() as without,
        azurite() as storage,
        tenant(runs + 1, latency_ms=latency_ms) as graph,
        messages(runs) as path,
    ):
        # httpx loads its command line if click is installed: it is here, and it is not in the deployed package.
        Path(without, "click.py").write_text("raise ImportError('not deployed')", encoding="utf-8")
        queues = QueueServiceClient.from_connection_string(storage.connection_string)
        texts = [message.text for message in read(path)]
        for number in range(runs):
            for name, (folder, function) in APPS.items():
                queue = f"start-{name}-{number}"
                queues.create_queue(queue).send_message(texts[number])
                settings = graph.settings | {"TriageStorage": storage.connection_string, "TRIAGE_QUEUE": queue}
                settings["PYTHONPATH"] = without
                starts[name].append(_start(folder, function, settings))
    seconds, cpu = ({name: median(start[of] for start in starts[name]) for name in APPS} for of in (0, 1))
    return {
        "runs": runs,
        "latencyMs": latency_ms,
        "serviceSeconds": seconds["service"],
        "emptySeconds": seconds["empty"],
        "ratio": seconds["service"] / seconds["empty"],
        "serviceCpuSeconds": cpu["service"],
        "emptyCpuSeconds": cpu["empty"],
        "all": starts,
    }


def compiled() -> None:
    """Compiles this project's modules if they are not compiled yet."""
    for folder in ("triage", "sandbox", "benchmarks"):
        compileall.compile_dir(ROOT / folder, quiet=2)
    compileall.compile_file(ROOT / "function_app.py", quiet=2)


def _start(folder: Path, function: str, settings: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until the function has ended, and seconds of CPU of the whole process."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with child("host", "--port", "0", "--app", str(folder), environ=settings) as host:
        host.wait_for(rf"Executed {function} \(Succeeded", 60)
        seconds = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
