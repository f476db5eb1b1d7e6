"""What a feed counts: each change of an action once."""

from __future__ import annotations

from collections import Counter

from triage.feeds.actions import Action, ActionState

CANDIDATES, VERIFIED, FAILURES_FOUND = "candidates", "verified", "failuresFound"
NOT_FOUND, NOT_VERIFIED, MAILBOXES_UNKNOWN = "notFound", "notVerified", "mailboxesUnknown"
_ENDS = {
    ActionState.DONE: VERIFIED,
    ActionState.POSTED: FAILURES_FOUND,
    ActionState.NOT_FOUND: NOT_FOUND,
    ActionState.NOT_VERIFIED: NOT_VERIFIED,
}


def counted(before: Action | None, after: Action | None) -> Counter[str]:
    """What the change of an action adds to the counts. An action without mailboxes counts only as such."""
    found: Counter[str] = Counter()
    if after is None:
        return found
    is_new = before is None or before.seen_at != after.seen_at or before.folder != after.folder
    known = None if is_new or before is None else before.state
    if not after.mailbox:
        found[MAILBOXES_UNKNOWN] += after.state is ActionState.NOT_VERIFIED and known is not after.state
        return +found
    if is_new and after.state is not ActionState.RELEASED:
        found[CANDIDATES] += 1
    if after.state in _ENDS and known is not after.state:
        found[_ENDS[after.state]] += 1
    return found
