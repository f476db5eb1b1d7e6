"""What Microsoft's message trace says about a message that is nowhere in the mailbox."""

from __future__ import annotations

from triage.diagnosis.case import Case
from triage.graph.evidence import State, Unread

QUARANTINED, FAILED = "quarantined", "failed"
OUT_OF_REACH = frozenset({QUARANTINED, FAILED})


def traced(case: Case) -> frozenset[str]:
    """What the trace says of the copies for this person; nothing if it has none, or may not be read.

    Its permission is optional, so a refusal decides nothing. Raises Unread if a later try may read it.
    """
    answer = case.evidence.message_trace
    if answer.state is State.UNREAD and answer.reason is not None and answer.reason.passing:
        raise Unread(answer)
    person = case.evidence.known_person
    known = {case.failure.mailbox, *(person.addresses if person else ())}
    return frozenset(
        (row.status or "").lower() for row in answer.value or [] if (row.recipient_address or "").lower() in known
    )
