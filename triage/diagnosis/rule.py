"""A rule: all that the service knows about one cause, above the function that looks for its evidence.

A new cause is a member in causes.py, at its place in the order, and a rule in the file of its subject. docs/causes.md is
generated from the rules (`make docs`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from triage.diagnosis.case import Case, Match
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.steps import Step

# The checks that the causes of a subject rest on, if a rule does not name others.
_RESTS_ON = {
    Subject.ETD_APP: ("permissions", "service_principal"),
    Subject.ADDRESS: ("user", "alias"),
    Subject.MAILBOX: ("license", "mailbox"),
    Subject.MESSAGE: ("message", "folder", "snoozed", "recoverable_items", "hidden_folders", "hidden_folder"),
    Subject.NONE: (),
}

Find = Callable[[Case], Match | None]
"""Match: the evidence of the cause is there. None: it is not. Raises Unread if what decides could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One cause: when it is given, how sure and how severe it is, what it means, and what to do.

    `title`, `meaning` and `recognized_by` are sentences for people. `could_also_be` names what else fits the same
    evidence: causes, or words where there is no cause for it. `last_resort`: given only after every cause about the
    app, the address, the mailbox and the message was ruled out. `next_try_works`: says nothing that would fail the
    next try, so it is not worth a mention beside another cause. `rests_on` names the checks that decide: a finding shows
    them first.
    """

    cause: Cause
    subject: Subject
    confidence: Confidence
    severity: Severity
    title: str
    meaning: str
    recognized_by: str
    remedy: tuple[Step, ...]
    could_also_be: tuple[Cause | str, ...] = ()
    last_resort: bool = False
    next_try_works: bool = False
    rests_on: tuple[str, ...]
    find: Find

    @property
    def alternatives(self) -> tuple[Cause, ...]:
        """The other causes that fit the same evidence."""
        return tuple(one for one in self.could_also_be if isinstance(one, Cause))


RULES: dict[Cause, Rule] = {}
"""Every rule that was imported; `precedence` imports them all."""


def rule(  # noqa: PLR0913 - a rule is a record
    cause: Cause,
    subject: Subject,
    confidence: Confidence,
    severity: Severity,
    *,
    title: str,
    meaning: str,
    recognized_by: str,
    remedy: tuple[Step, ...],
    could_also_be: tuple[Cause | str, ...] = (),
    last_resort: bool = False,
    next_try_works: bool = False,
    rests_on: tuple[str, ...] = (),
) -> Callable[[Find], Find]:
    """Makes a function the rule of a cause. ValueError if the cause has one already."""

    def register(find: Find) -> Find:
        if cause in RULES:
            raise ValueError(f"{cause} has two rules")
        RULES[cause] = Rule(
            cause=cause,
            subject=subject,
            confidence=confidence,
            severity=severity,
            title=title,
            meaning=meaning,
            recognized_by=recognized_by,
            remedy=remedy,
            could_also_be=could_also_be,
            last_resort=last_resort,
            next_try_works=next_try_works,
            rests_on=rests_on or _RESTS_ON[subject],
            find=find,
        )
        return find

    return register
