"""What a check shows as observed: whether the answer is yes, or something was found, and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic.alias_generators import to_camel

from triage.addresses import domain_of
from triage.diagnosis.app_state import no_credential_left, switched_off
from triage.diagnosis.case import Case
from triage.diagnosis.grants import required_states
from triage.diagnosis.trace import traced
from triage.diagnosis.words import rules_to_folder
from triage.graph.evidence import Answer, State
from triage.graph.license import license
from triage.graph.models.applications import Application, OAuth2PermissionGrant, ServicePrincipal
from triage.graph.models.directory import Organization
from triage.graph.models.licenses import SubscribedSku
from triage.graph.models.mail import MailFolder, Message, MessageRule, MessageTrace
from triage.graph.models.resource import Resource
from triage.wire import from_datetime

Judged = tuple[bool | None, dict[str, Any]]
"""Whether the answer is yes, or something was found (None: the question does not apply), and what was seen."""


def judge(case: Case, answer: Answer[Any]) -> Judged:
    """What one answer says. Raises Unread if another answer that it depends on could not be read."""
    return _JUDGES.get(answer.check, _judge_presence)(case, answer)


_SHOWN = {name: to_camel(name) for name in (
    "id", "user_principal_name", "user_type", "account_enabled", "on_premises_sync_enabled", "tenant_id",
    "display_name", "is_hidden", "deleted_date_time",
)}  # fmt: skip


def _judge_presence(_: Case, answer: Answer[Any]) -> Judged:
    """Whether it is there, or anything is; for directory objects, also which one it is."""
    observed: dict[str, Any] = {}
    for name, shown in _SHOWN.items():
        seen = getattr(answer.value, name, None)
        observed[shown] = from_datetime(seen) if isinstance(seen, datetime) else seen
    return answer.state is State.READ and answer.value != [], observed


def _judge_organization(case: Case, answer: Answer[Organization]) -> Judged:
    domain = domain_of(case.failure.mailbox)
    organization = answer.value
    return bool(organization and organization.verifies(domain)), {"domain": domain}


def _judge_messages(_: Case, answer: Answer[list[Message]]) -> Judged:
    copies = len(answer.value or [])
    return copies > 0, {"copies": copies}


def _judge_purpose(_: Case, answer: Answer[str]) -> Judged:
    return answer.value is not None, {"userPurpose": answer.value}


def _judge_skus(case: Case, answer: Answer[list[SubscribedSku]]) -> Judged:
    """Which of the user's licenses, assigned or not, include a mailbox plan; those that the tenant no longer has apart."""
    person = case.evidence.known_person
    found = license(person, answer) if person else None
    if found is None:
        return None, {}
    assigned = [sku.sku_id for sku in found.user.assigned_licenses or []]
    names: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for sku_id in dict.fromkeys([*assigned, *(error.sku_id for error in found.errors)]):
        names[found.includes_mailbox(sku_id)].append(found.sku_name(sku_id))
    observed = {"withExchangeOnline": names[True], "without": names[False], "notInTheTenant": names[None]}
    return bool(names[True]), {name: skus for name, skus in observed.items() if skus}


def _judge_hidden_folders(_: Case, answer: Answer[list[MailFolder]]) -> Judged:
    hidden = [folder.display_name for folder in answer.value or [] if folder.is_hidden]
    return bool(hidden), {"hidden": hidden}


def _judge_rules(case: Case, answer: Answer[list[MessageRule]]) -> Judged:
    there = rules_to_folder(case)
    return bool(there), {"rules": len(answer.value or []), "moveToItsFolder": there or None}


def _judge_trace(case: Case, answer: Answer[list[MessageTrace]]) -> Judged:
    found = sorted(traced(case))
    return bool(found), {"status": found or None, "recipients": len(answer.value or [])}


def _judge_service_principal(case: Case, answer: Answer[ServicePrincipal]) -> Judged:
    there, observed = _judge_presence(case, answer)
    switches = switched_off(answer.value) if answer.value else []
    return (there and not switches), {**observed, "switchedOff": switches or None}


def _judge_permissions(case: Case, _: Answer[Any]) -> Judged:
    assert case.evidence.app is not None  # noqa: S101 - there is no such answer without an app
    states = required_states(case.evidence.app, case.evidence.tenant.mode)
    return all(state.allows for state in states.values()), {name: state.value for name, state in states.items()}


def _judge_delegated_grants(_: Case, answer: Answer[list[OAuth2PermissionGrant]]) -> Judged:
    scopes = sorted({scope for grant in answer.value or [] for scope in (grant.scope or "").split()})
    return bool(scopes), {"scopes": scopes}


def _judge_registration(case: Case, answer: Answer[Application]) -> Judged:
    if answer.value is None:
        return None, {"why": "The app's registration is in another tenant."}
    assert case.evidence.app is not None  # noqa: S101 - there is no such answer without an app
    observed = {"credentials": len(answer.value.credentials), "signInAudience": answer.value.sign_in_audience}
    return not no_credential_left(case.evidence.app, case.evidence.now), observed


def _judge_federated_credentials(_: Case, answer: Answer[list[Resource]]) -> Judged:
    return bool(answer.value), {"federatedCredentials": len(answer.value or [])}


def _judge_app_elsewhere(_: Case, answer: Answer[ServicePrincipal]) -> Judged:
    # Nothing that would show which tenant it is: not everybody who may read this finding may read of that tenant.
    return answer.value is not None, {"signInAudience": answer.value.sign_in_audience if answer.value else None}


_JUDGES: dict[str, Callable[[Case, Answer[Any]], Judged]] = {
    "organization": _judge_organization,
    "message": _judge_messages,
    "recoverable_items": _judge_messages,
    "snoozed": _judge_messages,
    "hidden_folder": _judge_messages,
    "mailbox_purpose": _judge_purpose,
    "inbox_rules": _judge_rules,
    "message_trace": _judge_trace,
    "subscribed_skus": _judge_skus,
    "hidden_folders": _judge_hidden_folders,
    "service_principal": _judge_service_principal,
    "permissions": _judge_permissions,
    "delegated_grants": _judge_delegated_grants,
    "registration": _judge_registration,
    "federated_credentials": _judge_federated_credentials,
    "app_elsewhere": _judge_app_elsewhere,
}
