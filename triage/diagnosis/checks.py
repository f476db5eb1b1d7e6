"""The evidence as a person reads it: each question, its answer, and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field
from pydantic.alias_generators import to_camel

from triage.addresses import domain_of
from triage.diagnosis.case import Case
from triage.diagnosis.credentials import all_expired, credentials
from triage.diagnosis.etd_app import switched_off
from triage.diagnosis.grants import PermissionState, required_states
from triage.diagnosis.license import license, plan_name
from triage.graph.evidence import Answer, Evidence, Reason, State, Unread
from triage.graph.models import MailFolder, Organization, User
from triage.intake.scenario import names_access_policy
from triage.settings import Mode
from triage.wire import Wire


class Outcome(StrEnum):
    """pass: yes; fail: no; unknown: could not be read; skipped: there was nothing to ask."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Check(Wire):
    """One question that was put, and the answer."""

    id: str
    question: str
    outcome: Outcome
    request: str | None = None
    status: int | None = None
    error_code: str | None = None
    reason: Reason | None = None
    permission: str | None = None
    observed: dict[str, Any] = Field(default_factory=dict[str, Any])


_QUESTIONS = {
    "organization": "Is the domain verified in this tenant?",
    "user": "Is there a user with this address?",
    "alias": "Does a user have it as another of its addresses?",
    "deleted_user": "Is it none of a deleted user's addresses?",
    "group": "Is it no group's address?",
    "contact": "Is it no contact's address?",
    "domain_owner": "Has any tenant verified the domain?",
    "mailbox": "Does the mailbox answer?",
    "mailbox_purpose": "What is the mailbox for?",
    "message": "Is the message in the mailbox's folders?",
    "recoverable_items": "Is the message outside of Recoverable Items?",
    "folder": "Which folder is it?",
    "hidden_folders": "Which hidden folders are there?",
    "hidden_folder": "Is the message outside of this hidden folder?",
    "service_principal": "Is Email Threat Defense's app in the tenant and switched on?",
    "deleted_service_principal": "Is the app not among the deleted items?",
    "graph_service_principal": "Which is Microsoft Graph's own service principal?",
    "permissions": "Does the app have every permission that remediation needs?",
    "delegated_grants": "Which delegated permissions does the app have?",
    "registration": "Are the credentials of the app's registration valid?",
}
# Questions to which a hit is the answer "no".
_HIT_IS_NO = ("deleted_user", "group", "contact", "deleted_service_principal")


def checks(case: Case) -> list[Check]:
    """Every question that was put, in the order in which a person would ask, and what follows from the answers."""
    evidence = case.evidence
    found = [_check(case, answer) for answer in evidence.answers() if answer.state is not State.NOT_ASKED]
    person = evidence.user.value or evidence.alias.value
    if person is not None:
        found.append(_licence(evidence, person))
    if not case.failure.internet_message_id:
        found.append(_skipped("message", "The failure has no internetMessageId."))
    if evidence.tenant.mode is Mode.NO_AUTH:
        found.append(_skipped("service_principal", "Email Threat Defense has no app here (no_auth)."))
    if names_access_policy(case.failure.error) or names_access_policy(case.failure.error_code):
        question = "Does the error name no application access policy?"
        found.append(Check(id="error_text", question=question, outcome=Outcome.FAIL))
    return found


def _skipped(check: str, why: str) -> Check:
    return Check(id=check, question=_QUESTIONS[check], outcome=Outcome.SKIPPED, observed={"why": why})


def _check(case: Case, answer: Answer[Any]) -> Check:
    outcome, observed = Outcome.UNKNOWN, {}
    if answer.known:
        try:
            outcome, observed = _JUDGES.get(answer.check, _judge_presence)(case, answer)
        except Unread:
            outcome = Outcome.UNKNOWN
    return Check(
        id=answer.check,
        question=_QUESTIONS[answer.check],
        outcome=outcome,
        request=answer.request,
        status=answer.status,
        error_code=answer.error_code,
        reason=answer.reason,
        permission=answer.permission,
        observed={name: value for name, value in observed.items() if value is not None},
    )


Judged = tuple[Outcome, dict[str, Any]]


def _yes(answer: bool) -> Outcome:
    return Outcome.PASS if answer else Outcome.FAIL


def _judge_presence(_: Case, answer: Answer[Any]) -> Judged:
    """Whether it is there; of directory objects, who they are."""
    there = answer.state is State.READ
    value = answer.value
    names = ("id", "user_principal_name", "user_type", "account_enabled", "on_premises_sync_enabled", "tenant_id",
             "display_name", "is_hidden", "deleted_date_time")  # fmt: skip
    observed: dict[str, Any] = {}
    for name in names if there else ():
        seen = getattr(value, name, None)
        if seen is not None:
            observed[to_camel(name)] = seen.isoformat() if isinstance(seen, datetime) else seen
    return _yes(there is not (answer.check in _HIT_IS_NO)), observed


def _judge_organization(case: Case, answer: Answer[Organization]) -> Judged:
    domain = domain_of(case.failure.mailbox)
    organization = answer.value
    return _yes(bool(organization and organization.verifies(domain))), {"domain": domain}


def _judge_messages(_: Case, answer: Answer[list[Any]]) -> Judged:
    copies = len(answer.value or [])
    return _yes(bool(copies) is (answer.check == "message")), {"copies": copies}


def _judge_purpose(_: Case, answer: Answer[str]) -> Judged:
    return Outcome.PASS, {"userPurpose": answer.value}


def _judge_hidden(_: Case, answer: Answer[list[MailFolder]]) -> Judged:
    return Outcome.PASS, {"hidden": [folder.display_name for folder in answer.value or [] if folder.is_hidden]}


def _judge_service_principal(case: Case, answer: Answer[Any]) -> Judged:
    outcome, observed = _judge_presence(case, answer)
    switches = switched_off(answer.value) if answer.value else []
    return (Outcome.FAIL, {**observed, "switchedOff": switches}) if switches else (outcome, observed)


def _judge_permissions(case: Case, _: Answer[Any]) -> Judged:
    assert case.evidence.app is not None  # noqa: S101 - there is no such answer without an app
    states = required_states(case.evidence.app, case.evidence.tenant.mode)
    return _yes(all(state is PermissionState.GRANTED for state in states.values())), {
        name: state.value for name, state in states.items()
    }


def _judge_delegated(_: Case, answer: Answer[list[Any]]) -> Judged:
    scopes = sorted({scope for grant in answer.value or [] for scope in (grant.scope or "").split()})
    return Outcome.PASS, {"scopes": scopes}


def _judge_registration(case: Case, answer: Answer[Any]) -> Judged:
    if answer.value is None:
        return Outcome.SKIPPED, {"why": "The app's registration is in another tenant."}
    observed = {"credentials": len(credentials(answer.value)), "signInAudience": answer.value.sign_in_audience}
    return _yes(not all_expired(answer.value, case.evidence.now)), observed


_JUDGES: dict[str, Callable[[Case, Answer[Any]], Judged]] = {
    "organization": _judge_organization,
    "message": _judge_messages,
    "recoverable_items": _judge_messages,
    "hidden_folder": _judge_messages,
    "mailbox_purpose": _judge_purpose,
    "hidden_folders": _judge_hidden,
    "service_principal": _judge_service_principal,
    "permissions": _judge_permissions,
    "delegated_grants": _judge_delegated,
    "registration": _judge_registration,
}


def _licence(evidence: Evidence, person: User) -> Check:
    """What the user's licenses come to: from the user's own answer, so without a request."""
    question = "Does the user have an Exchange Online plan that is switched on?"
    found = license(person)
    if found is None:
        reason = Reason.FORBIDDEN
        return Check(
            id="license", question=question, outcome=Outcome.UNKNOWN, reason=reason, permission="User.Read.All"
        )
    plans = [f"{plan_name(plan)}: {plan.capability_status}" for plan in found.plans]
    observed = {
        "plans": plans,
        "disabledPlans": list(found.disabled),
        "errors": list(found.errors),
        "provisioning": list(found.provisioning),
    }
    return Check(id="license", question=question, outcome=_yes(bool(found.working)), observed=observed)
