"""No answer that could not be read turns into a cause that depends on it.

Of random evidence in which everything was read, some answers become unread. The diagnosis is then `undetermined`, or it
is the one that the answers lead to. So a cause that is given is right whatever the unread answers would have been.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diagnosis.test_precedence import COPIES, FOLDERS, USERS, YESTERDAY
from tests.factories import (
    INBOX,
    credential,
    delegated,
    grants,
    make_app,
    make_case,
    make_tenant,
    make_user,
    organization,
    owner,
    principal,
    registration,
    well_known,
)
from triage.diagnosis.causes import Cause
from triage.diagnosis.diagnose import diagnose
from triage.graph.evidence import Reason
from triage.graph.models.directory import Recipient
from triage.graph.models.mail import Message
from triage.intake.scenario import Scenario
from triage.settings import Mode

REASONS = st.sampled_from([Reason.FORBIDDEN, Reason.THROTTLED, Reason.UNAVAILABLE, Reason.TIMEOUT])
BOTH = ("Mail.ReadWrite", "Organization.Read.All")
SINGLE = principal(sign_in_audience="AzureADMyOrg")


def _mostly(usual: Any, others: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 3).flatmap(lambda number: others if number == 3 else st.just(usual))


# What is in order, or not there, comes first and most often: otherwise the first cause in the order hides the others.
PERSON = {
    "organization": st.sampled_from([organization("contoso.com"), organization("other.example")]),
    "user": _mostly(None, USERS),
    "alias": _mostly(None, USERS),
    "untagged": _mostly(None, USERS),
    "deleted_user": _mostly(None, st.just(make_user())),
    "group": _mostly(None, st.just(Recipient(id="g"))),
    "contact": _mostly(None, st.just(Recipient(id="c"))),
    "domain_owner": st.sampled_from([None, owner(), owner(make_tenant().tenant_id)]),
    "mailbox": st.sampled_from([None, INBOX]),
    "message": COPIES,
    "recoverable_items": st.sampled_from([[], [Message(id="r")]]),
    "hidden_folders": st.sampled_from([[], [FOLDERS["Hidden"]]]),
}
APP = {
    "service_principal": _mostly(principal(), st.sampled_from([None, principal(account_enabled=False), SINGLE])),
    "deleted_service_principal": st.sampled_from([None, principal()]),
    "graph_service_principal": _mostly(principal(id="graph-object"), st.none()),
    "permissions": _mostly(grants(*BOTH), st.sampled_from([[], grants("Mail.Read"), grants("Mail.ReadWrite")])),
    "delegated_grants": st.sampled_from([[], delegated(*BOTH)]),
    "registration": st.sampled_from([
        None, registration(), registration(roles=BOTH),
        registration(scopes=BOTH, password_credentials=[credential(YESTERDAY)])]),
    "federated_credentials": st.sampled_from([[], [principal()]]),
    "app_elsewhere": st.sampled_from([None, principal(), SINGLE]),
}  # fmt: skip
# Without the delegated grants, a missing permission is `permission_missing`: docs/permissions.md says so.
DECIDING = [*PERSON, *(APP.keys() - {"delegated_grants"})]


@settings(max_examples=200)
@given(
    person=st.fixed_dictionaries(PERSON),
    app=st.fixed_dictionaries(APP),
    tenant=st.sampled_from([make_tenant(), make_tenant(mode=Mode.READ), make_tenant(mode=Mode.NO_AUTH)]),
    scenario=st.sampled_from(Scenario),
    failure=st.fixed_dictionaries({}, optional={
        "internet_message_id": st.none(),
        "folder": st.sampled_from(["trash", "quarantine", "delete"]),
        "error": st.sampled_from(["[RAOP]", "Access to OData is disabled", "anything"]),
    }),
    unread=st.dictionaries(st.sampled_from(sorted(DECIDING)), REASONS, min_size=1, max_size=4),
)  # fmt: skip
def test_a_cause_does_not_depend_on_what_was_not_read(
    person: dict[str, Any],
    app: dict[str, Any],
    tenant: Any,
    scenario: Scenario,
    failure: dict[str, Any],
    unread: dict[str, Reason],
) -> None:
    if person["group"] is not None:
        person["contact"] = None  # an address belongs to one of them, so one that was found is enough
    if not (person["user"] or person["alias"] or person["untagged"]):
        person["mailbox"] = None  # no mailbox answers for nobody, so its answer is not needed

    def diagnosis(hidden: dict[str, Reason]) -> Cause:
        parts = {name: hidden.get(name, value) for name, value in app.items()}
        evidence = {name: hidden.get(name, value) for name, value in person.items()}
        places = {"well_known": well_known(), "folders": {}}
        case = make_case(
            scenario,
            failure,
            **evidence,
            **places,
            tenant=tenant,
            app=make_app(**parts) if tenant.app_id else None,
        )
        return diagnose(case).cause

    everything, something = diagnosis({}), diagnosis(unread)
    assert something in (everything, Cause.UNDETERMINED)
