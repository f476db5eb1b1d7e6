"""The service, measured: messages in, findings out, by the code that the queue trigger runs.

Findings are made as they would be stored, and dropped: Azurite would be what is measured. With `--storage` they go to
the storage account, whichever it is.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from benchmarks.measure import Queued, arguments, measure, read, report
from triage.finding import Finding
from triage.operations.deliveries import QueueMessage, handle
from triage.operations.services import Services, services
from triage.storage.documents import pack_text
from triage.storage.finding_rows import Stored
from triage.storage.findings import Findings
from triage.wire import now


class Causes:
    """What stands in for table `findings`: it makes the document, and keeps the cause alone."""

    def __init__(self, storage: Findings | None) -> None:
        self._storage = storage
        self.by_id: dict[str, str] = {}

    async def open(self) -> None:
        """Findings.open."""
        if self._storage is not None:
            await self._storage.open()

    async def save(self, finding: Finding, delivery: str | None, old: Stored | None = None) -> Finding:
        """Findings.save, without the table."""
        self.by_id[finding.id] = finding.cause.value
        if self._storage is not None:
            return await self._storage.save(finding, delivery, old)
        pack_text("document", finding.wire())
        return finding


async def main() -> dict[str, Any]:
    options = arguments()
    found: Services = services()
    causes = Causes(found.findings if options.storage else None)
    found.findings = cast("Findings", causes)

    async def triage(message: Queued) -> str:
        await handle(found, QueueMessage(message.text, message.finding_id, now()))
        return causes.by_id.pop(message.finding_id)

    figures = await measure(read(options.messages), triage, options.concurrent, options.started)
    await found.close()
    return figures


if __name__ == "__main__":
    report(asyncio.run(main()))
