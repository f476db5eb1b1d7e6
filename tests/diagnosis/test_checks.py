"""The checks: every question that was asked, with its request and answer, as a person reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import (
    ELSEWHERE,
    MAILBOX,
    NO_MAILBOX,
    NOBODY,
    NOW,
    OTHER_TENANT_ID,
    PERMISSION,
    answer,
    copy_in,
    credential,
    delegated,
    folder,
    grants,
    license,
    make_app,
    make_case,
    make_tenant,
    make_user,
    message_in,
    owner,
    plan,
    principal,
    registration,
    well_known,
)
from triage.diagnosis.causes import Cause
from triage.diagnosis.checks import Check, checks, deciding
from triage.diagnosis.diagnose import diagnose
from triage.diagnosis.observed import judge
from triage.diagnosis.precedence import RULES
from triage.graph.evidence import Answer, Reason, State
from triage.graph.models.directory import OnPremisesProvisioningError, Recipient, ServiceProvisioningError, User
from triage.graph.models.licenses import AssignedLicense, LicenseAssignmentState, ServicePlanInfo, SubscribedSku
from triage.graph.models.mail import Message
from triage.graph.questions import QUESTIONS
from triage.settings import Mode

YESTERDAY, TOMORROW = NOW - timedelta(days=1), NOW + timedelta(days=1)


def check(name: str, failure: dict[str, Any] | None = None, **evidence: Any) -> Check:
    found = [one for one in checks(make_case(failure=failure, **evidence)) if one.id == name]
    assert found, f"no check {name}"
    return found[0]


def test_in_order() -> None:
    known = {name: answer("folder", folder(name)) for name in ("deleteditems", "junkemail", "archive", "sentitems")}
    case = make_case(mailbox_purpose="user", **message_in("Invoices", also=[folder("Invoices")], well_known=known))
    found = checks(case)
    assert [one.id for one in found] == [
        *("organization", "user", "mailbox", "mailbox_purpose", "message", "recoverable_items"),
        *["folder"] * 5,
        *("service_principal", "graph_service_principal", "permissions", "delegated_grants", "registration"),
        "license",
    ]
    assert {one.outcome for one in found if one.id != "registration"} == {"pass"}
    assert all(one.question.endswith("?") for one in found)
    assert all(one.request and one.status for one in found if one.id != "license")


SKUS = [
    SubscribedSku(sku_id="E3", sku_part_number="SPE_E3",
                  service_plans=[ServicePlanInfo(service_plan_id=plan().service_plan_id)]),
    SubscribedSku(sku_id="bi", sku_part_number="POWER_BI_PRO"),
]  # fmt: skip

OUTCOMES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("organization", "pass", {"domain": "contoso.com"}, {}),
    ("organization", "fail", {"domain": "contoso.com"}, {**ELSEWHERE, "domain_owner": None}),
    ("user", "pass", {"id": "user-object", "userPrincipalName": MAILBOX, "userType": "Member", "accountEnabled": True}, {}),
    ("user", "fail", {}, NOBODY),
    ("alias", "pass", {"found": False}, NOBODY),
    ("deleted_user", "pass", {"found": False}, NOBODY),
    ("deleted_user", "pass", {"found": True, "id": "x", "deletedDateTime": "2026-11-18T00:00:00Z"},
     {**NOBODY, "deleted_user": User(id="x", deleted_date_time=datetime(2026, 11, 18, tzinfo=UTC))}),
    ("group", "pass", {"found": True, "id": "g"}, {**NOBODY, "group": Recipient(id="g")}),
    ("contact", "pass", {"found": False}, NOBODY),
    ("domain_owner", "pass", {"found": True, "tenantId": OTHER_TENANT_ID, "displayName": "Fabrikam"},
     {**ELSEWHERE, "domain_owner": owner()}),
    ("domain_owner", "pass", {"found": False}, {**ELSEWHERE, "domain_owner": None}),
    ("mailbox", "fail", {}, NO_MAILBOX),
    ("mailbox_purpose", "pass", {"found": True, "userPurpose": "shared"}, {"mailbox_purpose": "shared"}),
    ("mailbox_purpose", "pass", {"found": False}, {"mailbox_purpose": None}),
    ("message", "pass", {"copies": 2}, {"message": [copy_in("inbox"), copy_in("junkemail")]}),
    ("message", "fail", {"copies": 0}, {"message": []}),
    ("recoverable_items", "pass", {"found": True, "copies": 1}, {"recoverable_items": [Message(id="r")]}),
    ("recoverable_items", "pass", {"found": False, "copies": 0}, {}),
    ("folder", "pass", {"found": True, "id": "junkemail-id", "displayName": "Junk Email", "isHidden": False}, {"well_known": well_known()}),
    ("folder", "pass", {"found": False}, {"well_known": well_known(junkemail=None)}),
    ("hidden_folders", "pass", {"found": True, "hidden": ["H"]}, {"hidden_folders": [folder("H", hidden=True), folder("V")]}),
    ("hidden_folder", "pass", {"found": True, "copies": 1},
     {"hidden_messages": {"H-id": answer("hidden_folder", [copy_in("H")])}}),
    ("service_principal", "fail", {}, {"app": make_app(service_principal=None)}),
    ("deleted_service_principal", "pass", {"found": False}, {"app": make_app(service_principal=None)}),
    ("deleted_service_principal", "pass", {"found": True, "id": "s"}, {"app": make_app(
        service_principal=None, deleted_service_principal=[principal(id="s", display_name=None, account_enabled=None)])}),
    ("permissions", "pass", {"Mail.ReadWrite": "granted", "Organization.Read.All": "granted"}, {}),
    ("permissions", "fail", {"Mail.ReadWrite": "delegated_only", "Organization.Read.All": "granted"},
     {"app": make_app(permissions=grants("Organization.Read.All"), delegated_grants=delegated("Mail.ReadWrite"))}),
    ("delegated_grants", "pass", {"found": True, "scopes": ["Mail.Read", "User.Read"]},
     {"app": make_app(delegated_grants=delegated("User.Read", "Mail.Read"))}),
    ("registration", "skipped", {"why": "The app's registration is in another tenant."}, {}),
    ("registration", "pass", {"credentials": 2, "signInAudience": "AzureADMyOrg"}, {"app": make_app(
        registration=registration(sign_in_audience="AzureADMyOrg", key_credentials=[
            credential(YESTERDAY), credential(TOMORROW)]))}),
    ("registration", "fail", {"credentials": 1}, {"app": make_app(
        registration=registration(password_credentials=[credential(YESTERDAY)]))}),
    ("license", "pass", {"plans": ["EXCHANGE_S_ENTERPRISE: Enabled"], "disabledPlans": [], "errors": [],
                         "provisioning": ["Success"], "provisioningErrors": []}, {}),
    ("license", "fail", {"plans": ["EXCHANGE_S_ENTERPRISE: Deleted"], "disabledPlans": ["EXCHANGE_S_ENTERPRISE"],
                         "errors": ["Others (SKU None)"], "provisioning": ["Success"],
                         "provisioningErrors": ["PropertyConflict", "exchange/x"]},
     {**NO_MAILBOX, "user": make_user(
         assigned_licenses=[license(plan().service_plan_id or "")], assigned_plans=[plan(status="Deleted")],
         license_assignment_states=[LicenseAssignmentState(error="Others")],
         on_premises_provisioning_errors=[OnPremisesProvisioningError(category="PropertyConflict")],
         service_provisioning_errors=[ServiceProvisioningError(service_instance="exchange/x")])}),
    ("license", "skipped", {"why": "The mailbox answers, so it needs no license.", "plans": [], "disabledPlans": [],
                            "errors": [], "provisioning": ["Success"], "provisioningErrors": []},
     {"user": make_user(assigned_plans=[])}),
    ("subscribed_skus", "pass", {"found": True, "withExchangeOnline": ["SPE_E3"], "without": ["POWER_BI_PRO"],
                                 "notInTheTenant": ["SKU gone"]},
     {**NO_MAILBOX, "subscribed_skus": SKUS, "user": make_user(assigned_licenses=[AssignedLicense(sku_id="gone")],
         license_assignment_states=[LicenseAssignmentState(sku_id="e3", error="Others"),
                                    LicenseAssignmentState(sku_id="bi", error="Others")])}),
    ("subscribed_skus", "pass", {"found": False, "without": ["POWER_BI_PRO"]},
     {**NO_MAILBOX, "subscribed_skus": SKUS, "user": make_user(assigned_licenses=[AssignedLicense(sku_id="BI")])}),
    *((name, "skipped", {"why": "The mailbox does not answer."}, NO_MAILBOX) for name in ("message", "recoverable_items")),
    ("message", "skipped", {"why": "The mailbox does not answer."},
     {"mailbox": None, "message": ..., "recoverable_items": ...}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "outcome", "observed", "evidence"), OUTCOMES)
def test_outcomes(name: str, outcome: str, observed: dict[str, Any], evidence: dict[str, Any]) -> None:
    found = check(name, **evidence)
    assert (found.outcome, found.observed) == (outcome, observed)
    assert (found.reason, found.permission) == (None, None)
    assert ("found" in observed) is (found.kind == "fact" and outcome == "pass")


def test_an_app_that_is_switched_off_says_how() -> None:
    found = check("service_principal", app=make_app(service_principal=principal(is_disabled=True)))
    assert found.outcome == "fail"
    assert found.observed["switchedOff"] == ["its owner deactivated the registration (isDisabled is true)"]
    assert found.observed["displayName"] == "Cisco Email Threat Defense"


@pytest.mark.parametrize("name", [
    "organization", "user", "alias", "deleted_user", "group", "contact", "domain_owner", "mailbox",
    "mailbox_purpose", "message", "recoverable_items", "hidden_folders",
])  # fmt: skip
@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.THROTTLED, Reason.TIMEOUT])
def test_unread(name: str, reason: Reason) -> None:
    found = check(name, **{name: reason})
    assert (found.outcome, found.reason, found.observed) == ("unknown", reason, {})
    assert found.permission == (PERMISSION[name] if reason is Reason.FORBIDDEN else None)


def test_the_request_and_answer_are_the_evidence() -> None:
    refused: Answer[Any] = Answer(
        "mailbox", State.UNREAD, None, "GET /users/a/mailFolders/inbox", 403, "ErrorAccessDenied", Reason.FORBIDDEN,
        "Mail.ReadBasic.All",
    )  # fmt: skip
    assert check("mailbox", mailbox=refused).wire() == {
        "id": "mailbox",
        "question": "Does the mailbox answer?",
        "kind": "yes_no",
        "outcome": "unknown",
        "request": "GET /users/a/mailFolders/inbox",
        "status": 403,
        "errorCode": "ErrorAccessDenied",
        "reason": "forbidden",
        "permission": "Mail.ReadBasic.All",
        "observed": {},
    }


def test_permissions_that_cannot_be_judged_are_unknown() -> None:
    found = check("permissions", app=make_app(graph_service_principal=Reason.TIMEOUT))
    assert (found.outcome, found.observed) == ("unknown", {})


def test_a_license_that_graph_does_not_show() -> None:
    found = check("license", user=make_user(assigned_plans=None))
    assert (found.outcome, found.reason, found.permission) == ("unknown", "forbidden", "User.Read.All")
    assert all(one.id != "license" for one in checks(make_case(**NOBODY)))
    assert check("license", **{**NOBODY, "alias": make_user()}).outcome == "pass"


def test_questions_that_do_not_apply_are_skipped() -> None:
    message = check("message", {"internet_message_id": None}, message=..., recoverable_items=...)
    assert (message.outcome, message.observed) == ("skipped", {"why": "The failure has no internetMessageId."})
    app = check("service_principal", tenant=make_tenant(mode=Mode.NO_AUTH))
    assert app.outcome == "skipped"
    asked = [one.id for one in checks(make_case(**NO_MAILBOX))]
    assert "alias" not in asked


@pytest.mark.parametrize(("state", "value", "found"), [
    (State.READ, User(id="u"), True), (State.ABSENT, None, False), (State.READ, [User(id="u")], True), (State.READ, [], False),
])  # fmt: skip
def test_a_new_question_is_about_whether_there_is_anything(state: State, value: Any, found: bool) -> None:
    assert judge(make_case(), Answer("new", state, value))[0] is found


@pytest.mark.parametrize("field", ["error", "error_code"])
def test_a_text_that_names_a_policy_is_a_check_of_its_own(field: str) -> None:
    found = check("error_text", {"error": None, field: "[RAOP] : Blocked"})
    assert (found.kind, found.outcome, found.observed) == ("fact", "pass", {"found": True, "block": "policy"})
    assert all(one.id != "error_text" for one in checks(make_case()))


def test_a_long_request_is_cut() -> None:
    long = replace(answer("message", []), request="GET /" + "x" * 5000)
    case = make_case()
    case.evidence.message = long
    (found,) = (one for one in checks(case) if one.id == "message")
    assert (len(found.request or ""), (found.request or "")[-1]) == (2000, "…")


@pytest.mark.parametrize("answered", [None, Reason.FORBIDDEN, Reason.UNAUTHENTICATED, [copy_in("inbox")]])
def test_what_a_mailbox_that_does_not_answer_said_of_the_message_counts_for_nothing(answered: Any) -> None:
    found = check("message", **{**NO_MAILBOX, "message": answered})
    assert (found.outcome, found.reason, found.permission) == ("skipped", None, None)
    assert found.request == "GET /message", "it was asked"
    assert "copies" not in found.observed


UNLICENSED = make_user(assigned_plans=[], assigned_licenses=[])


@pytest.mark.parametrize(("first", "evidence"), [
    (["license", "mailbox"], {**NO_MAILBOX, "user": UNLICENSED}),
    (["mailbox", "user", "license"], {**NO_MAILBOX, "user": make_user(on_premises_sync_enabled=True)}),
    (["mailbox", "license"], NO_MAILBOX),
    (["group"], {**NOBODY, "group": Recipient(id="g")}),
    (["deleted_user"], {**NOBODY, "deleted_user": User(id="x")}),
    (["domain_owner", "organization", "service_principal"], {**ELSEWHERE, "domain_owner": owner()}),
    (["service_principal"], {"app": make_app(service_principal=principal(account_enabled=False))}),
    (["permissions", "service_principal"], {"app": make_app(permissions=[])}),
    (["message", "folder"], message_in("deleteditems")),
])  # fmt: skip
def test_the_checks_that_decide_come_first(first: list[str], evidence: dict[str, Any]) -> None:
    case = make_case(**evidence)
    decide = deciding(diagnose(case))
    found, rest = checks(case, decide), checks(case)
    assert [one.id for one in found][: len(first)] == first
    assert sorted(map(str, found)) == sorted(map(str, rest))
    after = [one for one in found if one.id not in decide]
    assert after == [one for one in rest if one.id not in decide], "the others stay in their order"


def test_what_could_not_be_read_comes_first_where_it_decides() -> None:
    case = make_case(user=Reason.FORBIDDEN, mailbox=Reason.THROTTLED, app=make_app(permissions=Reason.TIMEOUT))
    found = checks(case, deciding(diagnose(case)))
    assert [one.id for one in found[:2]] == ["permissions", "user"]
    assert {one.outcome for one in found[:2]} == {"unknown"}


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.UNDETERMINED])
def test_every_cause_rests_on_checks_that_exist(cause: Cause) -> None:
    assert RULES[cause].rests_on
    assert set(RULES[cause].rests_on) <= {*QUESTIONS, "license", "error_text"}
