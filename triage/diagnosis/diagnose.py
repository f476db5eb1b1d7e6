"""Why a remediation failed: a pure function of the failure and the evidence.

Each cause has a rule, which says that its evidence is there (Match), that it is not (None), or that what it needs
could not be read (Unread). A cause is given only when everything above it in its scenario's order was read.
"""

from __future__ import annotations

from dataclasses import dataclass

from triage.diagnosis import address, etd_app, mailbox, message
from triage.diagnosis.case import Case, Match
from triage.diagnosis.causes import FACTS, LAST_WITHOUT_APP, Cause, Confidence, Severity, precedence
from triage.graph.evidence import Reason, Unread
from triage.settings import Mode

RULES = {**etd_app.RULES, **address.RULES, **mailbox.RULES, **message.RULES}

# What holds but would not fail the next try is not worth a mention beside the cause.
_HARMLESS = (Cause.APP_HEALTHY, Cause.MESSAGE_REMEDIATED, Cause.MESSAGE_PRESENT, Cause.MAILBOX_REACHABLE)


@dataclass(frozen=True, slots=True)
class Lack:
    """What could not be known, why, and the permission that the triage identity lacks for it."""

    check: str
    reason: Reason
    permission: str | None = None


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
            found = RULES[cause](case)
        except Unread as unread:
            found = None
            if chosen is None:
                lacks.append(Lack(unread.check, unread.reason, unread.permission))
        if found is not None:
            matches[cause] = found
            chosen = chosen or cause
        if cause is LAST_WITHOUT_APP and chosen is None and case.evidence.tenant.mode is Mode.NO_AUTH:
            lacks.append(Lack("service_principal", Reason.NO_AUTH))
            break
    if chosen is None or lacks:
        return undetermined(tuple(dict.fromkeys(lacks)), case.failure.mailbox, _also_seen(matches, None))
    facts, winner = FACTS[chosen], matches[chosen]
    return Diagnosis(
        chosen,
        winner.confidence or facts.confidence,
        facts.severity,
        winner.summary,
        winner.alternatives,
        _also_seen(matches, chosen),
    )


def undetermined(lacks: tuple[Lack, ...], mailbox: str, also_seen: tuple[Cause, ...] = ()) -> Diagnosis:
    """No cause, and why there is none."""
    lacks = lacks or (Lack("evidence", Reason.UNAVAILABLE),)
    facts = FACTS[Cause.UNDETERMINED]
    why = "; ".join(dict.fromkeys(_why(lack) for lack in lacks))
    summary = f"Why the remediation in {mailbox} failed could not be determined: {why}."
    return Diagnosis(Cause.UNDETERMINED, facts.confidence, facts.severity, summary, also_seen=also_seen, lacks=lacks)


_WHY = {
    Reason.THROTTLED: "Graph throttled the triage",
    Reason.UNAVAILABLE: "Graph could not be reached, or its answer not be understood",
    Reason.TIMEOUT: "Graph did not answer in time",
    Reason.UNAUTHENTICATED: "the triage identity could not sign in to the tenant",
    Reason.NO_AUTH: "Email Threat Defense has no app in the tenant (no_auth), and nothing else explains the failure",
    Reason.TENANT_NOT_CONFIGURED: "its tenant is not among TRIAGE_TENANTS",
    Reason.POISON: "every try to triage it failed",
}


def _why(lack: Lack) -> str:
    if lack.reason is Reason.FORBIDDEN:
        return f"the triage identity lacks {lack.permission}" if lack.permission else "a read was forbidden"
    return _WHY[lack.reason]


def _also_seen(matches: dict[Cause, Match], chosen: Cause | None) -> tuple[Cause, ...]:
    sure = (Confidence.CONFIRMED, Confidence.PROBABLE)
    return tuple(
        cause
        for cause, found in matches.items()
        if cause is not chosen and cause not in _HARMLESS and (found.confidence or FACTS[cause].confidence) in sure
    )
