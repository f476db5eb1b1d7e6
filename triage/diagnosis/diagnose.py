"""Why a remediation failed: a pure function of the failure and the evidence.

A rule says that the evidence of its cause is there (Match), that it is not (None), or that what decides could not be
read (Unread). A cause is given only when everything above it in the order of its scenario was read.
"""

from __future__ import annotations

from dataclasses import dataclass

from triage.diagnosis.case import Case, Match
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.precedence import LAST_WITHOUT_APP, precedence
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
    matches: dict[Cause, Match] = {}
    lacks: list[Lack] = []
    chosen: Cause | None = None
    for cause in precedence(case.scenario):
        try:
            found = RULES[cause].find(case)
        except Unread as unread:
            found = None
            if chosen is None:
                lacks.append(unread.lack)
        if found is not None:
            matches[cause] = found
            chosen = chosen or cause
        if cause is LAST_WITHOUT_APP and chosen is None and case.evidence.tenant.mode is Mode.NO_AUTH:
            lacks.append(Lack(check="service_principal", reason=Reason.NO_AUTH))
            break
    if chosen is None or lacks:
        return undetermined(tuple(dict.fromkeys(lacks)), case.failure.mailbox, _also_seen(matches, None))
    rule, match = RULES[chosen], matches[chosen]
    confidence = match.confidence or rule.confidence
    return Diagnosis(
        chosen,
        confidence,
        rule.severity,
        match.summary,
        _alternatives(rule, match, confidence),
        _also_seen(matches, chosen),
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


def _also_seen(matches: dict[Cause, Match], chosen: Cause | None) -> tuple[Cause, ...]:
    """The other causes that were found and would make the next try fail."""
    sure = (Confidence.CONFIRMED, Confidence.PROBABLE)
    return tuple(
        cause
        for cause, match in matches.items()
        if cause is not chosen
        and not RULES[cause].next_try_works
        and (match.confidence or RULES[cause].confidence) in sure
    )
