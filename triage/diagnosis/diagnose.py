"""Why a remediation failed: a pure function of the failure and the evidence.

A rule says that the evidence of its cause is there (Match), that it is not (None), or that what decides could not be
read (Unread). A cause is given only when everything above it in the order of its scenario was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from triage.diagnosis.case import Case, Match
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.precedence import LAST_WITHOUT_APP, OF_MAILBOX, precedence
from triage.diagnosis.rule import RULES, Rule
from triage.diagnosis.undetermined import why
from triage.graph.evidence import Lack, Reason, Unread
from triage.settings import Mode


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The cause of one failure, and what else was seen."""

    cause: Cause
    confidence: Confidence
    severity: Severity
    summary: str
    alternatives: tuple[Cause, ...] = ()
    also_seen: tuple[Cause, ...] = ()
    lacks: tuple[Lack, ...] = ()


def diagnose(case: Case) -> Diagnosis:
    """The cause, or `undetermined` and what could not be read."""
    return _decided(case, _look(case, precedence(case.scenario)))


def obstacle(case: Case) -> Diagnosis | None:
    """What would make a remediation fail whatever the app and the message: the address or the mailbox; None if nothing.

    `undetermined` if that could not be read.
    """
    found = _look(case, OF_MAILBOX)
    return _decided(case, found) if found.chosen or found.lacks else None


@dataclass(slots=True)
class _Found:
    """The causes whose evidence is there, the first of them, and what above it could not be read."""

    matches: dict[Cause, Match] = field(default_factory=dict[Cause, Match])
    lacks: list[Lack] = field(default_factory=list[Lack])
    chosen: Cause | None = None

    def also_seen(self, chosen: Cause | None) -> tuple[Cause, ...]:
        """The other causes that were found and would make the next try fail."""
        sure = (Confidence.CONFIRMED, Confidence.PROBABLE)
        return tuple(
            cause
            for cause, match in self.matches.items()
            if cause is not chosen
            and not RULES[cause].next_try_works
            and (match.confidence or RULES[cause].confidence) in sure
        )


def _look(case: Case, causes: Iterable[Cause]) -> _Found:
    """Looks for the evidence of each cause, in their order."""
    found = _Found()
    for cause in causes:
        try:
            match = RULES[cause].find(case)
        except Unread as unread:
            match = None
            if found.chosen is None:
                found.lacks.append(unread.lack)
        if match is not None:
            found.matches[cause] = match
            found.chosen = found.chosen or cause
        if cause is LAST_WITHOUT_APP and found.chosen is None and case.evidence.tenant.mode is Mode.NO_AUTH:
            found.lacks.append(Lack(check="service_principal", reason=Reason.NO_AUTH))
            break
    return found


def _decided(case: Case, found: _Found) -> Diagnosis:
    """The diagnosis with the first cause; undetermined without one, or if what could not be read might stand above it."""
    if found.chosen is None or found.lacks:
        return undetermined(tuple(dict.fromkeys(found.lacks)), case.failure.mailbox, found.also_seen(None))
    rule, match = RULES[found.chosen], found.matches[found.chosen]
    confidence = match.confidence or rule.confidence
    return Diagnosis(
        found.chosen,
        confidence,
        rule.severity,
        match.summary,
        _alternatives(rule, match, confidence),
        found.also_seen(found.chosen),
    )


def undetermined(lacks: tuple[Lack, ...], mailbox: str, also_seen: tuple[Cause, ...] = ()) -> Diagnosis:
    """No cause, and why there is none."""
    lacks = lacks or (Lack(check="evidence", reason=Reason.UNAVAILABLE),)
    rule = RULES[Cause.UNDETERMINED]
    whys = "; ".join(dict.fromkeys(map(why, lacks)))
    summary = f"Why the remediation in {mailbox} failed could not be determined: {whys}."
    return Diagnosis(rule.cause, rule.confidence, rule.severity, summary, also_seen=also_seen, lacks=lacks)


def _alternatives(rule: Rule, match: Match, confidence: Confidence) -> tuple[Cause, ...]:
    """The other causes that fit: those of the match; if it has none and is only possible, those of the rule."""
    if match.alternatives is not None:
        return match.alternatives
    return rule.alternatives if confidence is Confidence.POSSIBLE else ()
