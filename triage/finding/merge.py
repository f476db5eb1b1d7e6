"""One finding of two looks at the same failure."""

from __future__ import annotations

from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.exposure import severity
from triage.diagnosis.remedy import Action
from triage.diagnosis.rule import RULES
from triage.finding.model import Finding
from triage.finding.person import about_person, remedy
from triage.finding.state import out_of_reach, with_state
from triage.wire import epoch_ns


def merge(old: Finding, new: Finding, *, delivered: bool) -> Finding:
    """One finding of two looks at the same failure: a later look that knows less takes nothing away.

    What was determined, and where the message was last seen, are the newest of each that is known. `delivered` says
    that the new finding came with another delivery. `occurredAt` stays, and `firstSeen` is the earlier one.
    """
    kept = old if _knows_less(new, old) else new
    seen = new if new.message.location.known or not old.message.location.known else old
    exposed = _exposed(old, new)
    message, level = seen.message, kept.severity
    if message.location.known and message.looked_at is None:  # stored before there was this field
        message = message.model_copy(update={"looked_at": seen.triaged_at})
    if kept is not seen or exposed != kept.exposed:
        level = severity(RULES[kept.cause].severity, exposed=exposed, is_read=message.is_read)
    merged = kept.model_copy(
        update={
            "message": message,
            "exposed": exposed,
            "severity": level,
            "actions": kept.actions if kept is seen else _actions(kept, seen, exposed=exposed),
            "occurred_at": old.occurred_at,
            "received_at": old.received_at,
            "triaged_at": max(old.triaged_at, new.triaged_at, key=epoch_ns),
            "first_seen": min(old.first_seen, new.first_seen, key=epoch_ns),
            "last_seen": max(old.last_seen, new.last_seen, key=epoch_ns),
            "deliveries": old.deliveries + delivered,
            "looks": max(old.looks, new.looks),
            "next_look_at": new.next_look_at,
        }
    )
    return with_state(merged, new.triaged_at, before=old, look=new)


def _exposed(old: Finding, new: Finding) -> bool | None:
    """Whether the message can be opened, by the newest look that knows it.

    An account that was deleted and is there again lets its owner open what is in the mailbox.
    """
    if new.message.location.known or new.exposed is not None:
        return new.exposed
    restored = old.cause is Cause.USER_DELETED and new.cause not in (Cause.USER_DELETED, Cause.UNDETERMINED)
    if not restored or out_of_reach(old.message.location, old.failure):
        return old.exposed
    return True if old.message.location.holds_message else None


def _knows_less(new: Finding, old: Finding) -> bool:
    """Whether the old cause still holds, and the new look found none.

    A cause about the place of the message does not hold once the message was seen in another place.
    """
    if new.cause is not Cause.UNDETERMINED or old.cause is Cause.UNDETERMINED:
        return False
    about_place = RULES[old.cause].subject is Subject.MESSAGE and old.message.location.known
    return not (about_place and new.message.location.known and new.message.location is not old.message.location)


def _actions(kept: Finding, seen: Finding, *, exposed: bool | None) -> list[Action]:
    """What to do about the person, as the message was last seen; then the remedy of the cause that is kept."""
    first = about_person(seen.actions) if exposed else []
    return [*first, *remedy(kept.actions)]
