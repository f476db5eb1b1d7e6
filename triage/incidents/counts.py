"""What an incident counts: the differences between its members before and after a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from triage.diagnosis.causes import Cause, Severity
from triage.finding import Snapshot
from triage.incidents.mailboxes import Mailboxes
from triage.incidents.model import Incident, Member
from triage.incidents.title import about
from triage.incidents.transitions import updated
from triage.wire import epoch_ns

_WORST_FIRST = list(Severity)
_PRECEDENCE = list(Cause)

Pair = tuple[Member | None, Member]
"""What was counted of a finding, and what has to be counted now."""


def counted(incident: Incident, pairs: Iterable[Pair], seen: Sequence[Snapshot]) -> Incident:
    """The incident with changed members counted. `seen` has the snapshots of their findings, in the order of revisions."""
    books, numbers, mailboxes = incident.books, Counter[str](), Counter[str]()
    causes, open_causes = Counter[Cause](incident.causes), Counter[Cause](books.causes)
    severities = Counter[Severity](books.severities)
    for was, now in pairs:
        for member, sign in ((was, -1), (now, 1)):
            if member is None or member.gone:
                continue
            numbers.update(findings=sign, exposed=sign * member.exposed, read=sign * member.read)
            causes[member.cause] += sign
            mailboxes[member.mailbox] += sign
            if member.open:
                numbers.update(open=sign, to_look_at=sign * (member.fix < books.fixes))
                open_causes[member.cause] += sign
                severities[member.severity] += sign
    findings = incident.findings + numbers["findings"]
    kept = books.mailboxes.changed(mailboxes) if findings else Mailboxes()
    causes, open_causes, severities = +causes, +open_causes, +severities  # without counts of 0
    return updated(
        incident,
        cause=_most(open_causes or causes, incident.cause),
        causes=dict(causes),
        severity=min(severities, key=_WORST_FIRST.index, default=incident.severity),
        findings=findings,
        open_findings=incident.open_findings + numbers["open"],
        exposed=incident.exposed + numbers["exposed"],
        read=incident.read + numbers["read"],
        mailboxes=min(kept.count, findings),
        mailboxes_estimated=kept.estimated,
        first_seen=min((incident.first_seen, *(one.occurred_at for one in seen)), key=epoch_ns),
        last_seen=max((incident.last_seen, *(one.occurred_at for one in seen)), key=epoch_ns),
        books={
            "about": books.about or next(filter(None, map(about, seen)), None),
            "remedies": books.remedies | {one.cause: one.actions for one in seen},
            "causes": dict(open_causes),
            "severities": dict(severities),
            "mailboxes": kept,
            "to_look_at": books.to_look_at + numbers["to_look_at"],
        },
    )


def recounted(incident: Incident, members: Iterable[Member]) -> Incident:
    """The incident with the numbers of all its members. They are the same, unless something went wrong."""
    nothing: dict[str, Any] = {"causes": {}, "findings": 0, "open_findings": 0, "exposed": 0, "read": 0}
    books: dict[str, Any] = {"causes": {}, "severities": {}, "mailboxes": Mailboxes(), "to_look_at": 0}
    return counted(updated(incident, **nothing, books=books), [(None, member) for member in members], [])


def _most(causes: Counter[Cause], known: Cause) -> Cause:
    """The cause of most findings; if two have as many, the one that comes first in the order of precedence."""
    return min(causes, key=lambda cause: (-causes[cause], _PRECEDENCE.index(cause)), default=known)
