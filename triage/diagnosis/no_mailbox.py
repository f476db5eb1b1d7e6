"""What the causes about a mailbox that does not answer have in common: the user's license, and who is synced."""

from __future__ import annotations

from collections.abc import Callable

from triage.diagnosis.case import Case, Match, mailbox_answers
from triage.diagnosis.causes import Cause
from triage.diagnosis.rule import Find
from triage.graph.evidence import Reason, Unread
from triage.graph.license import License, license

FindInLicense = Callable[[License, str], Match | None]
"""A rule's function on a license and the address of the mailbox."""

UNLESS_SYNCED: dict[Cause, FindInLicense] = {}
"""The causes that are given only for a user that is not synced from on-premises."""


def without_mailbox(case: Case) -> License | None:
    """The license of a user whose mailbox does not answer. Raises Unread if one of the two is not known."""
    evidence = case.evidence
    user = evidence.person()
    if user is None or mailbox_answers(evidence):
        return None
    found = license(user, evidence.subscribed_skus)
    if found is None:
        answers = (evidence.user, evidence.alias, evidence.untagged)
        shown = next(answer for answer in answers if answer.value is not None)
        raise Unread(shown.unread(Reason.FORBIDDEN, "User.Read.All"))
    return found


def unless_synced(cause: Cause) -> Callable[[FindInLicense], Find]:
    """Makes a function on a license a rule's function, for users that are not synced from on-premises.

    A synced user may have no plan on purpose, because the mailbox is on-premises. So for a synced user such a cause is
    only an alternative to `mailbox_on_premises`.
    """

    def register(find: FindInLicense) -> Find:
        UNLESS_SYNCED[cause] = find

        def find_in_case(case: Case) -> Match | None:
            found = without_mailbox(case)
            if found is None or found.user.on_premises_sync_enabled:
                return None
            return find(found, case.failure.mailbox)

        return find_in_case

    return register


def if_not_synced(found: License, mailbox: str, *, below: Cause | None = None) -> tuple[Cause, ...]:
    """The first cause, of all or of those below one, that holds for the license, and the alternatives to it."""
    order = list(Cause)
    for cause in order[order.index(below) + 1 if below else 0 :]:
        match = UNLESS_SYNCED[cause](found, mailbox) if cause in UNLESS_SYNCED else None
        if match is not None:
            return (cause, *(match.alternatives or ()))
    return ()
