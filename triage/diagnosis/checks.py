"""The evidence as a person reads it: each question, its answer, and what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import Field

from triage.diagnosis.case import Case
from triage.diagnosis.diagnose import Diagnosis
from triage.diagnosis.observed import judge
from triage.diagnosis.rule import RULES
from triage.graph.evidence import Answer, Reason, State, Unread
from triage.graph.license import license, plan_name
from triage.graph.models.directory import User
from triage.graph.questions import QUESTIONS, Kind
from triage.intake.scenario import named_block
from triage.settings import Mode
from triage.wire import Wire, from_datetime

_MAX_REQUEST = 2000  # characters


class Outcome(StrEnum):
    """pass: yes, or a fact was read; fail: no; unknown: could not be read; skipped: does not apply to this failure."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Check(Wire):
    """One question, and its answer.

    Of the kind `yes_no`: what remediation needs, so "no" fails. Of the kind `fact`: passes if it was read, and
    `observed` says what was; `found` in it says whether there is anything.
    """

    id: str
    """What was asked, as a word that stays the same."""
    question: str
    """What was asked, for people."""
    kind: Kind = Kind.YES_NO
    outcome: Outcome
    request: str | None = None
    """The request to Graph."""
    status: int | None = None
    """The HTTP status of Graph's answer."""
    error_code: str | None = None
    """The error code in Graph's answer."""
    reason: Reason | None = None
    """Why there is no answer."""
    permission: str | None = None
    """The permission that the triage identity lacks for it."""
    observed: dict[str, Any] = Field(default_factory=dict[str, Any])
    """What was read."""


def checks(case: Case, first: Sequence[str] = ()) -> list[Check]:
    """Every question that was asked, in the order in which a person would ask, and what follows from the answers.

    Those whose ids are in `first` come before the others: the cause rests on them.
    """
    evidence = case.evidence
    found = [_check(case, answer) for answer in evidence.answers() if answer.state is not State.NOT_ASKED]
    person = evidence.known_person
    if person is not None:
        found.append(_license(case, person))
    if not case.failure.internet_message_id:
        found.append(_skipped("message", "The failure has no internetMessageId."))
    elif evidence.mailbox.state is State.ABSENT and evidence.message.state is State.NOT_ASKED:
        found.append(_skipped("message", _NO_MAILBOX))
    if evidence.tenant.mode is Mode.NO_AUTH:
        found.append(_skipped("service_principal", "Email Threat Defense has no app here (no_auth)."))
    block = named_block(case.failure.error, case.failure.error_code)
    if block is not None:
        question = "Does the error say that Exchange blocks the app?"
        observed = {"found": True, "block": block.value}
        found.append(Check(id="error_text", question=question, kind=Kind.FACT, outcome=Outcome.PASS, observed=observed))
    return sorted(found, key=lambda check: first.index(check.id) if check.id in first else len(first))


def deciding(diagnosis: Diagnosis) -> list[str]:
    """The checks that a diagnosis rests on: those of its cause, or those that could not be read."""
    return [lack.check for lack in diagnosis.lacks] or list(RULES[diagnosis.cause].rests_on)


_NO_MAILBOX = "The mailbox does not answer."


def _cut(request: str | None) -> str | None:
    """A request in a length that a finding with many checks has room for: the message id in it may be a long one."""
    return request if request is None or len(request) <= _MAX_REQUEST else f"{request[: _MAX_REQUEST - 1]}…"


def _skipped(check: str, why: str) -> Check:
    question = QUESTIONS[check]
    return Check(id=check, question=question.text, kind=question.kind, outcome=Outcome.SKIPPED, observed={"why": why})


def _check(case: Case, answer: Answer[Any]) -> Check:
    question = QUESTIONS[answer.check]
    outcome, observed = _outcome(question.kind, case, answer)
    if answer.check in ("message", "recoverable_items", "snoozed") and case.evidence.mailbox.state is State.ABSENT:
        # It was asked in the same round trip as the mailbox, and an answer without a mailbox says nothing.
        outcome, observed = Outcome.SKIPPED, {"why": _NO_MAILBOX}
    unread = outcome is Outcome.UNKNOWN
    observed = {**observed, "readAt": _before(case, answer)}
    return Check(
        id=answer.check,
        question=question.text,
        kind=question.kind,
        outcome=outcome,
        request=_cut(answer.request),
        status=answer.status,
        error_code=answer.error_code,
        reason=answer.reason if unread else None,
        permission=answer.permission if unread else None,
        observed={name: value for name, value in observed.items() if value is not None},
    )


def _before(case: Case, answer: Answer[Any]) -> str | None:
    """When an answer was read that was kept from before this triage; None if this triage read it."""
    if answer.read_at is None or answer.read_at >= case.evidence.now:
        return None
    return from_datetime(answer.read_at)


def _outcome(kind: Kind, case: Case, answer: Answer[Any]) -> tuple[Outcome, dict[str, Any]]:
    if not answer.known:
        return Outcome.UNKNOWN, {"detail": answer.detail}
    try:
        yes, observed = judge(case, answer)
    except Unread:
        return Outcome.UNKNOWN, {}
    if yes is None:
        return Outcome.SKIPPED, observed
    if kind is Kind.FACT:
        return Outcome.PASS, {"found": yes, **observed}
    return _yes(yes), observed


def _yes(answer: bool) -> Outcome:
    return Outcome.PASS if answer else Outcome.FAIL


def _license(case: Case, person: User) -> Check:
    """What the user's licenses include: from the user's own answer, so without a request.

    A mailbox that answers needs no license if it is a shared, room, or equipment mailbox.
    """
    question = "Does the user have an Exchange Online plan that is switched on?"
    found = license(person, case.evidence.subscribed_skus)
    if found is None:
        permission = QUESTIONS["user"].permission
        return Check(
            id="license", question=question, outcome=Outcome.UNKNOWN, reason=Reason.FORBIDDEN, permission=permission
        )
    observed: dict[str, Any] = {
        "plans": [f"{plan_name(plan)}: {plan.capability_status}" for plan in found.plans],
        "disabledPlans": found.switched_off,
        "errors": [f"{error.error} ({found.sku_name(error.sku_id)})" for error in found.errors],
        "provisioning": found.provisioning,
        "provisioningErrors": found.provisioning_errors,
    }
    outcome = _yes(bool(found.working))
    if not found.working and case.evidence.mailbox.state is State.READ:
        outcome, observed = Outcome.SKIPPED, {"why": "The mailbox answers, so it needs no license.", **observed}
    return Check(id="license", question=question, outcome=outcome, observed=observed)
