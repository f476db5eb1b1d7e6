"""The notification of a coverage scan: mailboxes that can no longer be remediated, or can be again."""

from __future__ import annotations

from triage.amounts import amount
from triage.coverage.model import CoverageScan, ScanState
from triage.diagnosis.causes import Severity
from triage.diagnosis.precedence import RULES
from triage.notifications.notice import Json
from triage.notifications.pending import Occasion
from triage.settings import NotificationEvent

_CAUSES = 5


def coverage_occasion(scan: CoverageScan) -> Occasion | None:
    """The notification after a scan; None if it was not complete, or nothing has changed since the last complete one."""
    changes = scan.changes
    if scan.state is not ScanState.COMPLETE or scan.finished_at is None or changes is None:
        return None
    new, recovered = changes.newly_uncovered, changes.recovered
    if not new and not recovered:
        return None
    title = ", ".join([
        *([f"{_mailboxes(new)} can no longer be remediated"] if new else []),
        *([f"{recovered:,} {'has' if recovered == 1 else 'have'} recovered" if new else f"{_mailboxes(recovered)} can be remediated again"] if recovered else []),
    ])  # fmt: skip
    causes = [f"{RULES[cause].title}: {number:,}" for cause, number in list(scan.by_cause.items())[:_CAUSES]]
    unknown = [f"{_mailboxes(scan.unknown)} could not be read."] if scan.unknown else []
    document: Json = {
        "title": title,
        "lines": [f"{scan.uncovered:,} of {_mailboxes(scan.mailboxes)} can't be remediated.", *causes, *unknown],
        "step": "Look at the new mailboxes, and fix their causes" if new else None,
        "view": f"?view=coverage&scan={scan.id}",
        "data": scan.wire(),
    }
    return Occasion(
        NotificationEvent.COVERAGE_CHANGED, scan.id, 1, scan.finished_at, document, scan.tenant_id,
        # Recovered mailboxes go to the channels that would have got them as uncovered.
        Severity.MEDIUM.value if new else None,
    )  # fmt: skip


def _mailboxes(number: int) -> str:
    return amount(number, "mailbox", "mailboxes")
