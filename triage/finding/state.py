"""Whether a finding is open or resolved, since when, and for how long the message was in reach (docs/incidents.md).

A look resolves a finding if it shows that nobody can open the message. A look that knows less resolves nothing, and
opens nothing again.
"""

from __future__ import annotations

from triage.diagnosis.causes import Cause
from triage.diagnosis.exposure import TARGET_FOLDERS
from triage.diagnosis.place import Location
from triage.finding.model import Finding, FindingState, HistoryEntry, Resolution, TimeInReach
from triage.intake.failure import RemediationFailure
from triage.wire import epoch_ns

MOST_CHANGES = 50
_NOTHING_TO_DO = {Cause.RECIPIENT_IS_GROUP, Cause.RECIPIENT_IS_CONTACT, Cause.GUEST_USER}
_SECOND = 1_000_000_000


def with_state(finding: Finding, at: str, *, before: Finding | None = None, look: Finding | None = None) -> Finding:
    """The finding as a look at this time leaves it.

    `before`: the stored finding, if there is one. `look`: what the look alone found out; without it, all of the finding.
    """
    look = look or finding
    resolution = _resolution(finding, look, before)
    known = before if before is not None and before.state is FindingState.RESOLVED else None
    resolved_at = (known.resolved_at if known else None) or at
    settled = finding.model_copy(
        update={
            "state": FindingState.RESOLVED if resolution else FindingState.OPEN,
            "resolution": resolution,
            "resolved_at": resolved_at if resolution else None,
            "next_look_at": None if resolution else finding.next_look_at,
            "in_reach_at": at if look.exposed else before and before.in_reach_at,
        }
    )
    return settled.model_copy(
        update={"time_in_reach": _time_in_reach(settled, at, before), "history": _history(settled, at, before)}
    )


def resolved_by_hand(finding: Finding, at: str) -> Finding:
    """The finding, resolved by a person at this time. What is resolved, or was seen in reach since then, stays."""
    if finding.state is FindingState.RESOLVED or _later(finding.in_reach_at, at):
        return finding
    update = {
        "state": FindingState.RESOLVED,
        "resolution": Resolution.BY_HAND,
        "resolved_at": at,
        "next_look_at": None,
    }
    settled = finding.model_copy(update=update)
    return settled.model_copy(update={"history": _history(settled, at, finding)})


def reopened_by_hand(finding: Finding, at: str) -> Finding:
    """The finding, opened again by a person at this time, if it was resolved by hand."""
    if finding.resolution is not Resolution.BY_HAND:
        return finding
    update = {"state": FindingState.OPEN, "resolution": None, "resolved_at": None}
    opened = finding.model_copy(update=update)
    return opened.model_copy(update={"history": _history(opened, at, finding)})


def brought_forward(finding: Finding) -> Finding:
    """A finding that was stored before findings had a state, as its last look leaves it."""
    if "state" in finding.model_fields_set:
        return finding
    return with_state(finding, finding.triaged_at)


def out_of_reach(location: Location, failure: RemediationFailure) -> bool:
    """Whether nobody can open a message there, or the action put it there."""
    return _as_aimed(location, failure) or location is Location.RECOVERABLE_ITEMS


def _as_aimed(location: Location, failure: RemediationFailure) -> bool:
    """Whether a message there is where the action aimed, or in quarantine."""
    return location in (TARGET_FOLDERS.get(failure.target_folder or ""), Location.QUARANTINE)


def _resolution(finding: Finding, look: Finding, before: Finding | None) -> Resolution | None:
    """Why the finding is resolved; None: it is open.

    What is resolved stays so until a look sees the message in reach, or until the cause that resolved it is another one.
    """
    known, cause = (before.resolution, before.cause) if before is not None else (None, None)
    if known is Resolution.BY_HAND and before is not None:
        return None if look.exposed and _later(look.triaged_at, before.resolved_at) else known
    if finding.exposed:
        return None
    if finding.exposed is False:
        aimed = finding.cause is Cause.MESSAGE_QUARANTINED or _as_aimed(finding.message.location, finding.failure)
        return Resolution.REMEDIATED if aimed else Resolution.OUT_OF_REACH
    if finding.cause in _NOTHING_TO_DO:
        return known or Resolution.NOTHING_TO_DO
    rested_on_cause = cause in (*_NOTHING_TO_DO, Cause.USER_DELETED) and cause is not finding.cause
    return None if rested_on_cause else known


def _time_in_reach(finding: Finding, at: str, before: Finding | None) -> TimeInReach | None:
    known = before.time_in_reach if before is not None else None
    if finding.exposed is not False or known is not None:
        return None if finding.exposed else known
    seen = finding.in_reach_at
    least = _seconds(finding.occurred_at, seen) if seen else 0
    return TimeInReach(at_least=least, at_most=max(least, _seconds(finding.occurred_at, at)))


def _history(finding: Finding, at: str, before: Finding | None) -> list[HistoryEntry]:
    known = before.history if before is not None else []
    change = HistoryEntry(
        at=at, cause=finding.cause, location=finding.message.location, exposed=finding.exposed, state=finding.state
    )
    if known and known[-1].model_copy(update={"at": at}) == change:
        return known
    return [*known, change][-MOST_CHANGES:]


def _seconds(start: str, end: str) -> int:
    return max(0, (epoch_ns(end) - epoch_ns(start)) // _SECOND)


def _later(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and epoch_ns(one) > epoch_ns(other)
