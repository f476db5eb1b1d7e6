"""The daily digest: what is in reach and open now, and the failures of the last 24 hours."""

from __future__ import annotations

import time

from triage.amounts import amount
from triage.audit.model import Verdict
from triage.diagnosis.causes import Cause
from triage.diagnosis.precedence import RULES
from triage.notifications.notice import Json
from triage.notifications.pending import Occasion, Pending, pending
from triage.notifications.routing import subscribed
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import NotificationEvent
from triage.wire import from_epoch_ns

_DAY = 86400 * 1_000_000_000
_CAUSES = 3


async def send_digests(services: Services) -> int:
    """Adds the digest of the last 24 hours to the outbox, for each channel that wants one. Returns their number.

    A channel that is limited to some tenants gets only their numbers. Raises azure.core's errors.
    """
    end = time.time_ns()
    rows: list[Pending] = []
    for channel in services.settings.notifications:
        if subscribed(channel, NotificationEvent.DIGEST_DAILY):
            tenants = tuple(channel.tenant_ids) or None
            rows += pending([channel], digest(await summarize(services, end - _DAY, end, tenants), end))
    await services.outbox.add(rows)
    return len(rows)


def digest(summary: Json, at: int) -> Occasion:
    """The digest of a summary (GET /api/summary). `at` is the end of its day, in nanoseconds since 1970."""
    exposures, incidents = summary["exposures"], summary["openIncidents"]
    title = f"{amount(exposures['messages'], 'message')} can still be opened, {amount(incidents, 'incident')} open"
    broken = sum(audit["verdict"] == Verdict.BROKEN.value for audit in summary["audits"])
    lines = [
        f"{amount(summary['total'], 'failed remediation')} in the last 24 hours",
        *(f"{RULES[Cause(cause)].title}: {number:,}" for cause, number in _most(summary["byCause"])),
    ]
    if exposures["read"]:
        lines.insert(0, amount(exposures["read"], "of these messages was read", "of these messages were read"))
    if broken:
        lines.append(f"Email Threat Defense can't remediate in {amount(broken, 'tenant')}")
    document: Json = {"title": title, "lines": lines, "data": summary}
    moment = from_epoch_ns(at // 1_000_000_000 * 1_000_000_000)
    return Occasion(NotificationEvent.DIGEST_DAILY, f"digest-{moment[:10]}", 1, moment, document)


def _most(causes: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(causes.items(), key=lambda one: (-one[1], one[0]))[:_CAUSES]
