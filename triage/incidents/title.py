"""The title of an incident: that of its cause, and what it is about."""

from __future__ import annotations

from triage.diagnosis.causes import Cause
from triage.diagnosis.rule import RULES
from triage.diagnosis.undetermined import why
from triage.finding import Scope, Snapshot

_LONGEST = 120


def title_of(cause: Cause, about: str | None) -> str:
    """The title of an incident: `The user was deleted: adele@contoso.com`."""
    title = RULES[cause].title
    return f"{title}: {about}" if about else title


def about(snapshot: Snapshot) -> str | None:
    """What the incident of a finding is about, for people: the domain, the mailbox, the subject of the message, or the
    reason why something could not be read. None: the app."""
    match snapshot.scope:
        case Scope.APP:
            return None
        case Scope.DOMAIN | Scope.MAILBOX:
            return snapshot.incident_subject
        case Scope.MESSAGE:
            subject = " ".join((snapshot.subject or "").split())
            return f"{subject[: _LONGEST - 1]}…" if len(subject) > _LONGEST else subject or None
        case Scope.EVIDENCE:
            return why(snapshot.first_reason) if snapshot.first_reason else None
