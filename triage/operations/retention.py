"""Removes what has expired, when the retention timer runs."""

from __future__ import annotations

import logging
import time

from triage import deadlines
from triage.operations.services import Services
from triage.storage.coverage_retention import remove_scans
from triage.storage.feed_retention import remove_feed_rows
from triage.storage.incident_retention import remove_incidents
from triage.storage.retention import Expiry, remove_audits, remove_findings, remove_notifications, remove_rejected
from triage.telemetry.instruments import Metric, count, span

_DAY = 86400 * 1_000_000_000

_log = logging.getLogger(__name__)


async def remove_expired(services: Services, seconds: float = deadlines.RETENTION) -> dict[str, int]:
    """Removes what is older than RETENTION_DAYS (0: nothing), for at most `seconds`. The next run removes the rest.

    Rows of feeds are removed when they are no longer needed, whatever RETENTION_DAYS is. The last coverage scans stay.
    Returns the number of removed entities by table.
    """
    days = services.settings.retention_days
    expiry = Expiry(time.time_ns() - days * _DAY if days else 0, time.monotonic() + seconds)
    with span("Remove expired") as note:
        removed = {
            "feeds": await remove_feed_rows(services.account, time.time_ns(), expiry),
            "coverage": await remove_scans(services.account, expiry),
        }
        if days:
            removed |= {
                "rejected": await remove_rejected(services.account, expiry),
                "incidents": await remove_notifications(services.account, expiry)
                + await remove_incidents(services.account, expiry),
                "audits": await remove_audits(services.account, expiry),
                "findings": await remove_findings(services.findings, services.finding_lists, expiry),
            }
        note(over=expiry.over, **removed)
    for table, number in removed.items():
        if number:
            count(Metric.REMOVED, number, table=table)
    _log.info("Removed what has expired: %s%s", removed, ". The next run removes the rest" if expiry.over else "")
    return removed
