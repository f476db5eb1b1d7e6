"""What is kept of a mailbox, and how it counts."""

from __future__ import annotations

import pytest

from triage.coverage.assess import Assessed
from triage.coverage.compare import Standing, kept
from triage.coverage.model import CoverageChanges, MailboxChange, ScanState, UncoveredMailbox, new_scan
from triage.coverage.tally import counted, ended, tells_nothing
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.diagnose import Diagnosis, undetermined
from triage.graph.reasons import Lack, Reason

LACK = Lack(check="mailbox", reason=Reason.FORBIDDEN, permission="Mail.ReadBasic.All")
BEFORE = UncoveredMailbox(
    mailbox="a@x.example", cause=Cause.LICENSE_LAPSED, confidence=Confidence.CONFIRMED, summary="It lapsed.",
    since="2026-11-01T02:00:00Z", change=MailboxChange.NEW,
)  # fmt: skip


def mailbox(cause: Cause | None) -> Assessed:
    if cause is Cause.UNDETERMINED:
        return Assessed("a@x.example", undetermined((LACK,), "a@x.example"))
    return Assessed("a@x.example", cause and Diagnosis(cause, Confidence.PROBABLE, Severity.MEDIUM, "Because."))


COVERED, UNKNOWN, UNCOVERED = mailbox(None), mailbox(Cause.UNDETERMINED), mailbox(Cause.MAILBOX_UNLICENSED)
FIRST = new_scan("t")
NEXT = FIRST.model_copy(update={"changes": CoverageChanges(since="earlier")})


def test_the_numbers_add_up() -> None:
    scan = counted(FIRST, 6, [COVERED, UNCOVERED, UNCOVERED, UNKNOWN], 20)
    assert (scan.users, scan.mailboxes, scan.covered, scan.uncovered, scan.unknown, scan.progress) == (
        6,
        4,
        1,
        2,
        1,
        0.3,
    )
    assert (scan.by_cause, scan.reasons) == ({Cause.MAILBOX_UNLICENSED: 2}, [LACK])
    scan = counted(scan, 20, [mailbox(Cause.MAILBOX_ON_PREMISES), UNKNOWN], 20)
    assert scan.by_cause == {Cause.MAILBOX_UNLICENSED: 2, Cause.MAILBOX_ON_PREMISES: 1}
    assert (scan.users, scan.mailboxes, scan.unknown, scan.progress) == (26, 6, 2, 0.99), "more have come"
    assert scan.reasons == [LACK], "each once"
    assert counted(FIRST, 6, [], None).progress == 0


def test_reasons_are_not_without_end() -> None:
    many = [Assessed("a", undetermined((Lack(check=str(n), reason=Reason.TIMEOUT),), "a")) for n in range(100)]
    assert len(counted(FIRST, 100, many, None).reasons) == 20


def test_how_a_scan_ends() -> None:
    scan = counted(NEXT, 5, [UNCOVERED], 10)
    complete = ended(scan)
    assert complete.state is ScanState.COMPLETE
    assert (complete.progress, complete.reasons, complete.changes) == (1, [], scan.changes)
    partial = ended(scan, LACK)
    assert partial.state is ScanState.PARTIAL
    assert (partial.progress, partial.reasons, partial.changes) == (0.5, [LACK], None)
    assert complete.finished_at and partial.finished_at
    alone = [counted(NEXT, 1, [one], 1) for one in (COVERED, UNCOVERED, UNKNOWN)]
    assert [tells_nothing(one) for one in alone] == [False, False, True]
    assert ended(alone[-1]).state is ScanState.PARTIAL, "no mailbox could be read"


@pytest.mark.parametrize(("found", "before", "standing", "change"), [
    (UNCOVERED, None, Standing.UNCOVERED, MailboxChange.NEW),
    (UNCOVERED, BEFORE, Standing.UNCOVERED, None),
    (UNKNOWN, BEFORE, Standing.UNKNOWN, None),
    (COVERED, BEFORE, Standing.RECOVERED, MailboxChange.RECOVERED),
])  # fmt: skip
def test_what_is_kept(
    found: Assessed, before: UncoveredMailbox | None, standing: Standing, change: MailboxChange | None
) -> None:
    row = kept(found, before, NEXT)
    assert row is not None
    assert (row[0], row[1].change) == (standing, change)
    assert row[1].since == (before.since if before else NEXT.started_at)
    assert row[1].cause is (Cause.MAILBOX_UNLICENSED if found is UNCOVERED else Cause.LICENSE_LAPSED)


def test_what_is_not_kept() -> None:
    assert kept(COVERED, None, NEXT) is kept(UNKNOWN, None, NEXT) is None


def test_nothing_is_new_in_a_first_scan() -> None:
    row = kept(UNCOVERED, None, FIRST)
    assert row is not None
    assert row[1].change is None
