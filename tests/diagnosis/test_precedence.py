"""Which cause is given when the evidence of several is there, and which cause hides which."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import (
    MAILBOX,
    NO_MAILBOX,
    NOBODY,
    NOW,
    copy_in,
    credential,
    delegated,
    diagnosed,
    folder,
    grants,
    license,
    make_app,
    make_case,
    make_tenant,
    make_user,
    message_in,
    organization,
    owner,
    plan,
    principal,
    provisioned,
    registration,
    well_known,
)
from triage.diagnosis.causes import Cause, Confidence, Subject
from triage.diagnosis.checks import Outcome, checks, deciding
from triage.diagnosis.diagnose import diagnose
from triage.diagnosis.place import place_of
from triage.diagnosis.precedence import causes_of, precedence
from triage.diagnosis.remedy import actions
from triage.diagnosis.rule import RULES
from triage.graph.evidence import Lack, Reason, State
from triage.graph.models.directory import Recipient
from triage.graph.models.licenses import LicenseAssignmentState
from triage.graph.models.mail import Message
from triage.intake.scenario import Scenario
from triage.settings import Mode

APP = causes_of(Subject.ETD_APP)
PERSON = causes_of(Subject.ADDRESS, Subject.MAILBOX, Subject.MESSAGE)
REST = causes_of(Subject.MESSAGE, last_resort=True)

APP_FIRST = [Scenario.UNKNOWN_REASON, Scenario.UNCLASSIFIED]
PERSON_FIRST = [Scenario.RESOURCE_NOT_FOUND, Scenario.INVALID_USER, Scenario.MAILBOX_UNAVAILABLE]


def test_the_order_if_the_text_says_nothing_about_a_person() -> None:
    assert precedence(Scenario.UNKNOWN_REASON) == (*APP, *PERSON, Cause.APP_HEALTHY, *REST)
    assert precedence(Scenario.UNCLASSIFIED) == (*APP, *PERSON, *REST, Cause.APP_HEALTHY)


@pytest.mark.parametrize("scenario", PERSON_FIRST)
def test_the_order_if_the_text_shows_that_the_app_could_ask(scenario: Scenario) -> None:
    assert precedence(scenario) == (*PERSON, *APP, *REST)


def test_each_cause_is_considered_once_in_the_order_of_the_causes() -> None:
    assert {*APP, *PERSON, *REST, Cause.APP_HEALTHY, Cause.UNDETERMINED} == set(Cause)
    for scenario in Scenario:
        order = precedence(scenario)
        assert len(set(order)) == len(order)
        for subject in Subject:
            for last_resort in (False, True):
                of_one = [cause for cause in order if cause in causes_of(subject, last_resort=last_resort)]
                assert of_one == sorted(of_one, key=list(Cause).index)


BROKEN = make_app(service_principal=principal(account_enabled=False), permissions=[], registration=registration())


@pytest.mark.parametrize(("person", "cause"), [
    ({**NOBODY, "group": Recipient(id="g")}, "recipient_is_group"),
    (NOBODY, "user_not_found"),
    (NO_MAILBOX, "mailbox_disconnected"),
    (message_in("deleteditems"), "message_deleted"),
    ({"message": [], "recoverable_items": [], "hidden_folders": []}, "message_gone"),
])  # fmt: skip
def test_the_scenario_decides_whether_app_or_person_comes_first(person: dict[str, Any], cause: str) -> None:
    sure = cause != "mailbox_disconnected"
    for scenario in APP_FIRST:
        found = diagnosed(scenario, **person, app=BROKEN)
        assert found.cause == "app_disabled"
        assert found.also_seen == ("permission_missing", *((cause,) if sure else ()))
    for scenario in PERSON_FIRST:
        found = diagnosed(scenario, **person, app=BROKEN)
        assert (found.cause, found.also_seen) == (cause, ("app_disabled", "permission_missing"))


@pytest.mark.parametrize("scenario", PERSON_FIRST)
def test_a_broken_app_stands_above_the_message_in_the_inbox(scenario: Scenario) -> None:
    found = diagnosed(scenario, app=BROKEN)
    assert (found.cause, found.also_seen) == ("app_disabled", ("permission_missing",))


def test_the_order_within_the_mailbox() -> None:
    user = {
        "license_assignment_states": [LicenseAssignmentState(error="CountViolation")],
        "assigned_licenses": [license(plan().service_plan_id or "")],
        "assigned_plans": [],
        "provisioned_plans": [provisioned("Error")],
    }
    found = diagnosed(Scenario.MAILBOX_UNAVAILABLE, **NO_MAILBOX, user=make_user(**user))
    assert (found.cause, found.also_seen) == (
        "license_assignment_failed",
        ("exchange_plan_disabled", "provisioning_error"),
    )


def test_what_would_not_make_the_next_try_fail_is_not_also_seen() -> None:
    for scenario in Scenario:
        found = diagnosed(scenario)
        assert found.also_seen == ()


@pytest.mark.parametrize("scenario", PERSON_FIRST)
@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.THROTTLED])
def test_an_unread_mailbox_hides_a_broken_app(scenario: Scenario, reason: Reason) -> None:
    found = diagnosed(scenario, mailbox=reason, message=reason, recoverable_items=reason, app=BROKEN)
    assert found.cause == "undetermined"
    assert {lack.check for lack in found.lacks} == {"mailbox"}
    assert found.also_seen == ("app_disabled", "permission_missing")


@pytest.mark.parametrize("scenario", APP_FIRST)
def test_an_unread_app_hides_a_known_person(scenario: Scenario) -> None:
    found = diagnosed(scenario, **{**NOBODY, "group": Recipient(id="g")}, app=make_app(permissions=Reason.TIMEOUT))
    assert (found.cause, found.also_seen) == ("undetermined", ("recipient_is_group",))
    assert found.lacks == (Lack(check="permissions", reason=Reason.TIMEOUT),)


@pytest.mark.parametrize("scenario", PERSON_FIRST)
def test_an_unread_app_does_not_matter_to_a_known_person(scenario: Scenario) -> None:
    unread = make_app(
        service_principal=Reason.TIMEOUT, graph_service_principal=Reason.TIMEOUT, registration=Reason.TIMEOUT
    )
    found = diagnosed(scenario, **NO_MAILBOX, app=unread)
    assert (found.cause, found.lacks) == ("mailbox_disconnected", ())
    found = diagnosed(scenario, app=unread)
    assert (found.cause, found.lacks) == ("undetermined", (Lack(check="service_principal", reason=Reason.TIMEOUT),))


@pytest.mark.parametrize("scenario", APP_FIRST)
def test_an_unread_person_does_not_matter_to_a_broken_app(scenario: Scenario) -> None:
    unread = dict.fromkeys(("organization", "user", "mailbox", "message", "recoverable_items"), Reason.TIMEOUT)
    found = diagnosed(scenario, **unread, app=BROKEN)
    assert (found.cause, found.lacks) == ("app_disabled", ())


def test_a_missing_purpose_never_matters() -> None:
    for scenario in Scenario:
        assert diagnosed(scenario, mailbox_purpose=Reason.FORBIDDEN).lacks == ()


NO_AUTH = make_tenant(mode=Mode.NO_AUTH)


@pytest.mark.parametrize("scenario", list(Scenario))
def test_no_auth(scenario: Scenario) -> None:
    found = diagnosed(scenario, tenant=NO_AUTH)
    assert (found.cause, found.lacks) == ("undetermined", (Lack(check="service_principal", reason=Reason.NO_AUTH),))
    assert found.summary == (
        f"Why the remediation in {MAILBOX} failed could not be determined: Email Threat Defense has no app in the tenant "
        "(no_auth), and nothing else explains the failure."
    )
    for person, cause in ((NOBODY, "user_not_found"), (NO_MAILBOX, "mailbox_disconnected"),
                          (message_in("deleteditems"), "message_deleted")):  # fmt: skip
        explained = diagnosed(scenario, tenant=NO_AUTH, **person)
        assert (explained.cause, explained.lacks) == (cause, ())
    unread = diagnosed(scenario, tenant=NO_AUTH, mailbox=Reason.THROTTLED)
    assert {lack.reason for lack in unread.lacks} == {Reason.THROTTLED, Reason.NO_AUTH}


def test_each_reason_is_given_once() -> None:
    unread = dict.fromkeys(("mailbox", "message", "recoverable_items", "user"), Reason.FORBIDDEN)
    found = diagnosed(Scenario.INVALID_USER, **unread, app=make_app(permissions=Reason.THROTTLED))
    assert len(found.lacks) == len(set(found.lacks))
    assert found.summary == (
        f"Why the remediation in {MAILBOX} failed could not be determined: the triage identity does not have "
        "User.Read.All; the triage identity does not have Mail.ReadBasic.All; Graph throttled the triage."
    )


# Random evidence: whatever Graph says, there is a diagnosis, and it keeps these rules.

UNREADABLE = st.sampled_from([Reason.FORBIDDEN, Reason.THROTTLED, Reason.UNAVAILABLE, Reason.TIMEOUT])
YESTERDAY = NOW - timedelta(days=1)


def _answers(*values: Any) -> st.SearchStrategy[Any]:
    """One of the values, absent, unread or not asked."""
    return st.one_of(st.sampled_from([*values, None]), UNREADABLE, st.just(...))


USERS = st.sampled_from([
    make_user(),
    make_user(user_type="Guest"),
    make_user(assigned_plans=None),
    make_user(assigned_plans=[], assigned_licenses=[]),
    make_user(assigned_plans=[plan(status="Suspended")]),
    make_user(assigned_plans=[plan(assigned=NOW)], on_premises_sync_enabled=True),
    make_user(assigned_licenses=[license(plan().service_plan_id or "")], assigned_plans=[]),
    make_user(license_assignment_states=[LicenseAssignmentState(error="Others")]),
])  # fmt: skip
NAMES = ("inbox", "junkemail", "deleteditems", "Invoices", "Hidden", "nowhere")
COPIES = st.lists(st.sampled_from([copy_in(name) for name in NAMES]), max_size=3)
APPS = st.one_of(
    st.none(),
    st.fixed_dictionaries({}, optional={
        "service_principal": _answers(
            principal(), principal(account_enabled=False), principal(sign_in_audience="AzureADMyOrg"),
            principal(sign_in_audience=None)),
        "deleted_service_principal": st.one_of(st.sampled_from([[], [principal()]]), UNREADABLE),
        "graph_service_principal": _answers(principal(id="graph-object")),
        "permissions": _answers(grants("Mail.ReadWrite", "Organization.Read.All"), grants("Mail.Read"), []),
        "delegated_grants": _answers(delegated("Mail.ReadWrite"), []),
        "registration": _answers(
            registration(), registration(roles=["Mail.ReadWrite"], password_credentials=[credential(YESTERDAY)])),
        "federated_credentials": _answers([], [principal()]),
        "app_elsewhere": _answers(principal(), principal(sign_in_audience="AzureADMyOrg")),
    }).map(lambda given: make_app(**{name: value for name, value in given.items() if value is not ...})),
)  # fmt: skip
FOLDERS = {name: folder(name, hidden=name == "Hidden") for name in ("Invoices", "Hidden")}


@st.composite
def _evidence(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {
        "tenant": draw(st.sampled_from([make_tenant(), make_tenant(mode=Mode.READ), NO_AUTH])),
        "organization": draw(_answers(organization("contoso.com"), organization("other.example"))),
        "user": draw(st.one_of(USERS, _answers())),
        "alias": draw(st.one_of(USERS, _answers())),
        "deleted_user": draw(_answers(make_user())),
        "group": draw(_answers(Recipient(id="g"), Recipient(id="g", group_types=["Unified"]))),
        "contact": draw(_answers(Recipient(id="c"))),
        "domain_owner": draw(_answers(owner(), owner(make_tenant().tenant_id))),
        "mailbox": draw(_answers(folder("inbox"))),
        "message": draw(st.one_of(COPIES, _answers())),
        "recoverable_items": draw(st.one_of(st.sampled_from([[], [Message(id="r")]]), _answers())),
        "hidden_folders": draw(_answers([], [FOLDERS["Hidden"]])),
        "snoozed": draw(_answers([], [copy_in("Scheduled")])),
        "mailbox_purpose": draw(_answers("shared")),
        "app": draw(APPS),
    }
    if draw(st.booleans()):
        found["well_known"] = well_known(**draw(st.dictionaries(st.sampled_from(["junkemail", "clutter"]), UNREADABLE)))
    if draw(st.booleans()):
        found |= {"folders": message_in(also=FOLDERS.values())["folders"]}
    return found


@given(
    evidence=_evidence(),
    scenario=st.sampled_from(Scenario),
    failure=st.fixed_dictionaries({}, optional={
        "internet_message_id": st.none(),
        "folder": st.sampled_from(["trash", "junk", "quarantine", "inbox", "delete", "?"]),
        "error": st.sampled_from(["[RAOP]", "anything"]),
    }),
)  # fmt: skip
def test_any_evidence(evidence: dict[str, Any], scenario: Scenario, failure: dict[str, Any]) -> None:
    case = make_case(scenario, failure, **evidence)
    found = diagnose(case)

    assert (found.cause is Cause.UNDETERMINED) == bool(found.lacks)
    assert found.summary.startswith("Why the remediation") == bool(found.lacks)
    assert found.confidence is not Confidence.POSSIBLE or found.alternatives
    assert found.confidence is not Confidence.CONFIRMED or not found.alternatives
    assert set(found.alternatives) <= set(RULES[found.cause].alternatives)
    assert found.severity is RULES[found.cause].severity
    assert found.cause not in (*found.also_seen, *found.alternatives)
    for lack in found.lacks:
        assert (lack.permission is not None) == (lack.reason is Reason.FORBIDDEN)
    if found.cause is not Cause.UNDETERMINED:
        order = precedence(scenario)
        assert found.cause in order
        assert found.cause is not Cause.APP_HEALTHY or scenario in APP_FIRST

    assert actions(found, case), "there is always something to do"
    place = place_of(case)
    assert (place.copies > 0) == place.location.holds_message
    listed = checks(case)
    asked = [answer for answer in case.evidence.answers() if answer.state is not State.NOT_ASKED]
    assert [check.id for check in listed][: len(asked)] == [answer.check for answer in asked]
    for check, answer in zip(listed, asked, strict=False):
        assert (check.reason is None) == (answer.known or check.outcome is Outcome.SKIPPED)
        assert check.outcome in (Outcome.UNKNOWN, Outcome.SKIPPED) or answer.known
    first = checks(case, deciding(found))[0].id
    assert first in deciding(found) or not {*deciding(found)} & {check.id for check in listed}
