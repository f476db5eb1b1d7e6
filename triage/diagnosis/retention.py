"""Until when something can still be done: how long Microsoft 365 keeps what was deleted, and what it recorded.

Sources: https://learn.microsoft.com/entra/architecture/recover-from-deletions, and on Exchange Online the pages "Delete or
restore user mailboxes", "Recoverable Items folder" and "Get-MessageTraceV2".
"""

from __future__ import annotations

from datetime import datetime, timedelta

DELETED_OBJECT = timedelta(days=30)
"""A deleted user, service principal or group, and the mailbox that was soft-deleted with the user."""
DELETED_ITEM = timedelta(days=14)
"""An item in Recoverable Items, unless the mailbox keeps them longer (up to 30 days) or is on hold."""
NEW_MAILBOX, PENDING_MAILBOX = timedelta(hours=24), timedelta(hours=48)
"""How long a new mailbox takes at most: usually, and while Exchange says that it is still being provisioned."""
TRACE = timedelta(days=90)
TRACE_WINDOW = timedelta(days=10)
"""A message trace reaches back 90 days, and covers at most ten of them at once."""


def written(moment: datetime) -> str:
    """A day in a sentence, such as `4 December 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def ready_by(assigned: datetime | None, now: datetime) -> str:
    """When a new mailbox has to be there, as a sentence."""
    if assigned is None:
        return "A new mailbox is ready within 24 hours after its license is assigned."
    end = assigned + NEW_MAILBOX
    by = f"by {written(end)}, {end:%H:%M} UTC, 24 hours after its license was assigned"
    if end <= now:
        return f"The mailbox should have been ready {by}."
    return f"The mailbox has to be ready {by}. Nothing is wrong until then."


def restorable(deleted: datetime | None, now: datetime) -> str:
    """Until when a deleted user or app can be restored, as a sentence."""
    if deleted is None:
        return "It can be restored for 30 days after it was deleted."
    end = deleted + DELETED_OBJECT
    if end <= now:
        return f"It could be restored until {written(end)}: after 30 days it is removed for good."
    return f"It can be restored until {written(end)}, 30 days after it was deleted."


def recoverable(now: datetime) -> str:
    """Until when an item that is in Recoverable Items now can be restored from there at the latest, as a sentence."""
    return (
        "By default, the person can restore the message for 14 days after it was deleted, so until "
        f"{written(now + DELETED_ITEM)} at the latest. A mailbox may keep deleted items for up to 30 days, or longer on hold."
    )


def traceable(occurred: datetime, now: datetime) -> str:
    """Until when a message trace finds what happened at a time, as a sentence."""
    end = occurred + TRACE
    if end <= now:
        return f"A message trace reaches back 90 days: after {written(end)} it no longer finds this message."
    return f"A message trace reaches back 90 days: it finds this message until {written(end)}."


def around(occurred: datetime, now: datetime) -> tuple[datetime, datetime]:
    """From when to when to look for the message: it arrived before the failure, and some verdicts come days later."""
    end = min(occurred + timedelta(days=2), now)
    return end - TRACE_WINDOW + timedelta(hours=1), end


def within_trace(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime] | None:
    """What of a time a message trace reaches; None if that is nothing."""
    start = max(start, now - TRACE + timedelta(hours=1))
    return (start, end) if start < end else None
