"""The service, measured: messages in, findings out, by the code that the queue trigger runs.

Findings are made as they would be stored, and dropped: Azurite would be what is measured. With `--storage` they go to
the storage account, whichever it is, and everything that is derived from them is brought up to date before the end;
`--without-incidents` leaves incidents and exposures out.
With `--host` the messages come from another process, which reads the queue as the Functions host does (host.py).
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

from benchmarks.measure import Queued, Source, arguments, measure, report, source
from benchmarks.traffic import Traffic
from triage.finding import Finding
from triage.operations.deliveries import handle
from triage.operations.messages import QueueMessage
from triage.operations.services import Services, services
from triage.storage.documents import pack_text
from triage.storage.findings import Findings
from triage.storage.projection import Projection
from triage.wire import now

_PROJECTION = 120.0


class Causes:
    """What stands in for table `findings`: it makes the document, and keeps the cause alone."""

    def __init__(self, storage: Findings | None) -> None:
        self._storage = storage
        self.by_id: dict[str, str] = {}

    async def open(self) -> None:
        """Findings.open."""
        if self._storage is not None:
            await self._storage.open()

    async def save(self, finding: Finding, *arguments: Any, **options: Any) -> Finding:
        """Findings.save, without the table."""
        self.by_id[finding.id] = finding.cause.value
        if self._storage is not None:
            return await self._storage.save(finding, *arguments, **options)
        pack_text("document", finding.wire())
        return finding


async def _from_host() -> Source:
    """Messages from standard input, a line for each."""
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    lock = asyncio.Lock()

    async def following() -> Queued | None:
        async with lock:
            line = (await reader.readline()).decode()
        return Queued(*line.rstrip("\n").split("\t", 2)) if line else None

    return following


async def main() -> dict[str, Any]:
    options = arguments()
    traffic = Traffic()
    if options.storage:
        traffic.install()
    found: Services = services()
    if options.without_incidents:
        found.projection = Projection(found.account, [])
    causes = Causes(found.findings if options.storage else None)
    found.findings = cast("Findings", causes)

    async def triage(message: Queued) -> str:
        await handle(found, QueueMessage(message.text, message.finding_id, now()))
        if options.host:
            print(message.finding_id, flush=True)
        return causes.by_id.pop(message.finding_id)

    async def project() -> None:
        if options.storage:
            await found.projector.run(_PROJECTION)

    async def warm() -> None:
        await project()
        traffic.counts.clear()

    following = await _from_host() if options.host else source(options.messages)
    figures = await measure(following, triage, options.concurrent, options.started, warm=warm, finish=project)
    await found.close()
    return figures | {"tables": {name: number / figures["count"] for name, number in traffic.counts.items()}}


if __name__ == "__main__":
    report(asyncio.run(main()))
