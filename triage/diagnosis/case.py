"""What a rule gets, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass

from triage.diagnosis.causes import Cause, Confidence
from triage.graph.evidence import Evidence
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Case:
    """One failure with its scenario and all the evidence."""

    failure: RemediationFailure
    scenario: Scenario
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Match:
    """A cause whose evidence is there, in a sentence; its confidence and alternatives if they are not those of the rule.

    The alternatives of a rule count only for a match that is possible; those of a match always do.
    """

    summary: str
    confidence: Confidence | None = None
    alternatives: tuple[Cause, ...] | None = None


def mailbox_answers(evidence: Evidence) -> bool:
    """Whether Exchange Online has a mailbox that answers. Raises Unread if that is not known.

    Any 404 for the Inbox says that there is none, `ErrorItemNotFound` too: a mailbox without an Inbox has no store.
    """
    return evidence.mailbox.get() is not None


def has_no_owner(evidence: Evidence) -> bool:
    """Whether the mailbox is one that several people use, as far as that was asked: shared, or of a room or equipment."""
    return (evidence.mailbox_purpose.value or "").lower() in ("shared", "room", "equipment")


def day(moment: object) -> str:
    """The day of a datetime, such as 2026-11-18."""
    return str(moment)[:10]


def listed(names: list[str]) -> str:
    """Names in a sentence, such as `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
