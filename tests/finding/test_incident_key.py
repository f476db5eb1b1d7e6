"""Which incident a finding belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import MAILBOX, MESSAGE_ID, OTHER_TENANT_ID, TENANT_ID, make_failure
from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.precedence import RULES
from triage.finding import IncidentKey, Scope
from triage.graph.evidence import Lack, Reason

SCOPES = {
    Subject.ETD_APP: Scope.APP,
    Subject.ADDRESS: Scope.MAILBOX,
    Subject.MAILBOX: Scope.MAILBOX,
    Subject.MESSAGE: Scope.MESSAGE,
    Subject.NONE: Scope.EVIDENCE,
}
ABOUT_DOMAINS = {Cause.APP_SINGLE_TENANT, Cause.DOMAIN_IN_OTHER_TENANT, Cause.DOMAIN_UNKNOWN}
SCOPE = {cause: SCOPES[rule.subject] for cause, rule in RULES.items()} | dict.fromkeys(ABOUT_DOMAINS, Scope.DOMAIN)
FORBIDDEN = Lack(check="mailbox", reason=Reason.FORBIDDEN, permission="Mail.ReadBasic.All")


def key(cause: Cause, *reasons: Lack, tenant_id: str | None = TENANT_ID, **failure: Any) -> IncidentKey:
    return IncidentKey.of(tenant_id, cause, make_failure(**failure), reasons)


def test_every_cause_has_a_scope() -> None:
    assert {cause: key(cause).scope for cause in Cause} == SCOPE


@pytest.mark.parametrize("cause", Cause)
def test_the_id_is_that_of_what_is_to_be_fixed(cause: Cause) -> None:
    here = key(cause, FORBIDDEN)
    assert len(here.id) == 32
    assert int(here.id, 16) >= 0
    assert key(cause, FORBIDDEN, occurred_at="2026-11-20T10:11:12Z", error="another", subject="s").id == here.id
    assert key(cause, FORBIDDEN, tenant_id=OTHER_TENANT_ID).id != here.id
    assert key(cause, FORBIDDEN, tenant_id=None).id not in (here.id, key(cause, FORBIDDEN, tenant_id="").id)
    scope = SCOPE[cause]
    assert (key(cause, FORBIDDEN, mailbox="bob@contoso.com").id == here.id) is (scope is not Scope.MAILBOX)
    assert (key(cause, FORBIDDEN, mailbox="bob@fabrikam.com").id == here.id) is (
        scope not in (Scope.MAILBOX, Scope.DOMAIN)
    )
    assert (key(cause, FORBIDDEN, internet_message_id="<other@mail>").id == here.id) is (scope is not Scope.MESSAGE)
    assert (key(cause).id == here.id) is (scope is not Scope.EVIDENCE)


def test_causes_are_apart_except_those_of_one_message() -> None:
    ids = {cause: key(cause).id for cause in Cause}
    of_message = {ids[cause] for cause, scope in SCOPE.items() if scope is Scope.MESSAGE}
    others = [ids[cause] for cause, scope in SCOPE.items() if scope is not Scope.MESSAGE]
    assert len(of_message) == 1
    assert len({*others, *of_message}) == len(others) + 1


def test_what_it_is_about() -> None:
    assert key(Cause.CONSENT_MISSING).subject is None
    assert key(Cause.DOMAIN_UNKNOWN).subject == "contoso.com"
    assert key(Cause.USER_DELETED).subject == MAILBOX
    assert key(Cause.MESSAGE_PRESENT).subject == MESSAGE_ID
    assert key(Cause.MESSAGE_PRESENT, internet_message_id=None).subject == "m-1"
    assert key(Cause.MESSAGE_PRESENT, internet_message_id=None, message_id=None).subject == MAILBOX
    assert key(Cause.UNDETERMINED).subject is None
    assert key(Cause.UNDETERMINED, FORBIDDEN).subject == "forbidden Mail.ReadBasic.All"
    throttled = Lack(check="user", reason=Reason.THROTTLED)
    assert key(Cause.UNDETERMINED, throttled, FORBIDDEN).subject == "throttled"
    assert key(Cause.UNDETERMINED, Lack(check="user", reason=Reason.THROTTLED)).id == (
        key(Cause.UNDETERMINED, Lack(check="mailbox", reason=Reason.THROTTLED, detail="slow")).id
    )
