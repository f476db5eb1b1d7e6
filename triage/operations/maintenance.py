"""What the service does each minute: work that is due, and work that other instances left unfinished.

One part can fail without the others. All parts may run on several instances at the same time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from triage import deadlines
from triage.operations.coverage import run_scans
from triage.operations.feed_looks import look_at_actions
from triage.operations.follow_up import release
from triage.operations.recovery import probe
from triage.operations.services import Services
from triage.telemetry.errors import safe_traceback

_log = logging.getLogger(__name__)


async def maintain(services: Services, seconds: float = deadlines.MAINTENANCE) -> None:
    """Applies changes of findings, releases looks, checks actions of ETD, probes Graph after an outage, continues coverage
    scans, ends suppressions, and migrates findings of version 1.

    Raises the first error, after the other parts have ended.
    """
    parts: dict[str, Awaitable[object]] = {
        "changes": services.projector.run(seconds),
        "looks": release(services),
        "retries": probe(services),
        "coverage": run_scans(services),
        "actions": look_at_actions(services, seconds),
        "suppressions": services.incidents.end_suppressions(),
        "version 1": _migrate(services, seconds),
    }
    results = await asyncio.gather(*parts.values(), return_exceptions=True)
    failed = [result for result in results if isinstance(result, Exception)]
    for error in failed:
        _log.warning("A part of the maintenance failed: %s", safe_traceback(error))
    if failed:
        raise failed[0]


async def _migrate(services: Services, seconds: float) -> None:
    """Migrates findings of version 1 until there are no more, or time is up."""
    try:
        async with asyncio.timeout(seconds):
            async for _ in services.findings.migrate():
                pass
    except TimeoutError:
        _log.info("Some findings of version 1 are left. The next run migrates them.")
