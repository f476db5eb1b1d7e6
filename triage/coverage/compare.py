"""What is stored about a mailbox, by what this scan and the last complete one found."""

from __future__ import annotations

from enum import StrEnum

from triage.coverage.assess import Assessed
from triage.coverage.model import CoverageScan, MailboxChange, UncoveredMailbox
from triage.diagnosis.causes import Cause


class Standing(StrEnum):
    """The state of a stored mailbox: the beginning of its key.

    unknown: it was uncovered before, and could not be read now. So it has not recovered, and is not new the next time.
    """

    UNCOVERED = "u"
    UNKNOWN = "x"
    RECOVERED = "r"


def kept(
    one: Assessed, before: UncoveredMailbox | None, scan: CoverageScan
) -> tuple[Standing, UncoveredMailbox] | None:
    """What is stored about a mailbox; None if it is covered and was covered before, or is unknown and was not stored before.

    `before` is what the earlier scan stored about it.
    """
    obstacle = one.obstacle
    if obstacle is None:
        changed = before and before.model_copy(update={"change": MailboxChange.RECOVERED})
        return (Standing.RECOVERED, changed) if changed else None
    if obstacle.cause is Cause.UNDETERMINED:
        return (Standing.UNKNOWN, before.model_copy(update={"change": None})) if before else None
    found = UncoveredMailbox(
        mailbox=one.mailbox,
        cause=obstacle.cause,
        confidence=obstacle.confidence,
        summary=obstacle.summary,
        since=before.since if before else scan.started_at,
        change=MailboxChange.NEW if before is None and scan.changes is not None else None,
    )
    return Standing.UNCOVERED, found
