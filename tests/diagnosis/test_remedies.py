"""The remedies: every cause has its steps, and nothing that a sender wrote leaves its quotes in a command."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.diagnosis.powershell import parse
from tests.factories import (
    APP_ID,
    APP_OBJECT_ID,
    ELSEWHERE,
    FOUNDATION,
    MAILBOX,
    NO_MAILBOX,
    NOBODY,
    NOW,
    OTHER_TENANT_ID,
    TENANT_ID,
    diagnosed,
    grants,
    make_app,
    make_case,
    make_tenant,
    make_user,
    owner,
    plan,
    principal,
    registration,
)
from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.checks import checks
from triage.diagnosis.diagnose import Diagnosis, diagnose, undetermined
from triage.diagnosis.precedence import causes_of
from triage.diagnosis.remedy import Action, actions, app_actions, lack_action
from triage.diagnosis.rule import RULES
from triage.diagnosis.steps import Registration
from triage.graph.evidence import Answer, Lack, Reason, State
from triage.graph.models.applications import ServicePrincipal
from triage.graph.models.directory import Recipient, User
from triage.intake.scenario import Scenario

CAUSES = [cause for cause in Cause if cause is not Cause.UNDETERMINED]


def remedy(cause: Cause, *, scenario: Scenario = Scenario.UNKNOWN_REASON, **evidence: Any) -> list[Action]:
    return actions(given(cause), make_case(scenario, **evidence))


def given(cause: Cause) -> Diagnosis:
    return Diagnosis(cause, RULES[cause].confidence, RULES[cause].severity, "")


@pytest.mark.parametrize("cause", CAUSES)
def test_every_remedy_can_be_filled_in(cause: Cause) -> None:
    assert remedy(cause)
    for action in remedy(cause):
        for text in (action.title, action.detail, action.url or ""):
            assert not re.search(r"\{[a-z_]+\}", text)
        assert action.url is None or re.fullmatch(r"https://\S+", action.url)


def test_ciscos_own_remedies_are_there() -> None:
    """Cisco's page: re-remediate; license and subscription; the account; permissions and consent; audience."""
    texts = {
        cause: " ".join(f"{step.title} {step.detail}" for step in RULES[cause].remedy)
        for cause in (Cause.MAILBOX_UNLICENSED, Cause.CONSENT_MISSING, Cause.APP_SINGLE_TENANT, Cause.USER_NOT_FOUND)
    }
    assert "license" in texts[Cause.MAILBOX_UNLICENSED]
    assert "Licenses and apps" in texts[Cause.MAILBOX_UNLICENSED]
    assert "Grant admin consent" in texts[Cause.CONSENT_MISSING]
    assert "Mail.ReadWrite and Organization.Read.All" in texts[Cause.CONSENT_MISSING]
    assert "any organizational directory" in texts[Cause.APP_SINGLE_TENANT]
    assert "valid account" in texts[Cause.USER_NOT_FOUND]


def test_a_step_that_several_reasons_share_is_given_once() -> None:
    lacks = (
        Lack(check="organization", reason=Reason.UNAUTHENTICATED),
        Lack(check="user", reason=Reason.UNAUTHENTICATED),
        Lack(check="mailbox", reason=Reason.FORBIDDEN, permission="Mail.ReadBasic.All"),
        Lack(check="message", reason=Reason.TIMEOUT),
        Lack(check="folder", reason=Reason.THROTTLED),
    )
    steps = actions(undetermined(lacks, MAILBOX), make_case())
    assert [step.title for step in steps] == [
        "Check the sign-in of the triage identity",
        "Grant Mail.ReadBasic.All to the triage identity",
        "Triage again later",
    ]


def test_values_of_the_case() -> None:
    app = make_app(permissions=grants("Organization.Read.All"), registration=registration())
    steps = remedy(Cause.PERMISSION_MISSING, app=app)
    grant = next(step for step in steps if step.title == "Grant admin consent")
    assert grant.url == f"https://login.microsoftonline.com/{TENANT_ID}/adminconsent?client_id={APP_ID}"
    assert "foreach ($name in @('Mail.ReadWrite'))" in (grant.command or "")
    check = steps[0]
    assert check.url is not None
    assert check.url.endswith(f"/objectId/{APP_OBJECT_ID}/appId/{APP_ID}")

    deleted = make_app(service_principal=None, deleted_service_principal=[ServicePrincipal(id="old")])
    assert remedy(Cause.APP_DELETED, app=deleted)[0].command is not None
    assert "-DirectoryObjectId 'old'" in (remedy(Cause.APP_DELETED, app=deleted)[0].command or "")
    restored = remedy(Cause.USER_DELETED, **{**NOBODY, "deleted_user": User(id="u-9")})
    assert any("'u-9'" in (step.command or "") for step in restored)
    group = remedy(Cause.RECIPIENT_IS_GROUP, **{**NOBODY, "group": Recipient(id="g-9")})
    assert any("'g-9'" in (step.command or "") for step in group)
    other = remedy(Cause.DOMAIN_IN_OTHER_TENANT, **{**ELSEWHERE, "domain_owner": owner()})
    assert any(OTHER_TENANT_ID in str(step) for step in other)


def test_commands_name_the_user_by_upn_and_the_mailbox_by_its_address() -> None:
    person = make_user(user_principal_name="adele.vance@contoso.com")
    steps = remedy(Cause.ADDRESS_IS_ALIAS, user=None, alias=person, deleted_user=None)
    assert "The mailbox belongs to adele.vance@contoso.com" in steps[0].detail
    assert "-UserId 'adele.vance@contoso.com'" in (steps[0].command or "")
    nobody = remedy(Cause.USER_NOT_FOUND, **NOBODY)
    assert any(f"'{MAILBOX}'" in (step.command or "") for step in nobody)


@pytest.mark.parametrize("cause", [
    Cause.CONSENT_MISSING, Cause.PERMISSION_DELEGATED_ONLY, Cause.PERMISSION_MISSING, Cause.APP_SINGLE_TENANT,
])  # fmt: skip
def test_steps_in_a_registration_are_given_only_where_it_is(cause: Cause) -> None:
    """Cisco's own app is registered in Cisco's tenant: there is nothing to change in this one."""
    own = {step.title for step in remedy(cause, app=make_app(registration=registration()))}
    ciscos = {step.title for step in remedy(cause, app=make_app(registration=None))}
    unknown = {step.title for step in remedy(cause, app=make_app(registration=Reason.FORBIDDEN))}
    in_registration = {step.title for step in RULES[cause].remedy if step.registration is Registration.HERE}
    assert in_registration <= own
    assert not in_registration & ciscos
    assert unknown == own | ciscos


def test_a_step_for_one_kind_of_app_says_so_where_the_kind_is_not_known() -> None:
    app = make_app(permissions=grants("Organization.Read.All"), registration=Reason.FORBIDDEN)
    details = {step.title: step.detail for step in remedy(Cause.PERMISSION_MISSING, app=app)}
    assert details["Grant admin consent"].startswith("If the app is registered in this tenant: ")
    assert details["Authorize Email Threat Defense again"].startswith("If the app is Cisco's own: ")
    assert not details["Check the app's permissions"].startswith("If")


def test_consent_names_the_roles_that_can_give_it() -> None:
    for place in (registration(), None):
        steps = remedy(Cause.PERMISSION_MISSING, app=make_app(permissions=[], registration=place))
        granting = next(step for step in steps if "grant" in step.title.lower())
        assert "Privileged Role Administrator or a Global Administrator" in granting.detail
        assert "# Role: Privileged Role Administrator" in (granting.command or "")


@pytest.mark.parametrize(("deleted", "sentence"), [
    (NOW - timedelta(days=16), "It can be restored until 4 December 2026, 30 days after it was deleted."),
    (NOW - timedelta(days=31), "It could be restored until 19 November 2026: after 30 days it is removed for good."),
    (None, "It can be restored for 30 days after it was deleted."),
])  # fmt: skip
def test_until_when_a_user_or_an_app_can_be_restored(deleted: datetime | None, sentence: str) -> None:
    gone = ServicePrincipal(id="old", deleted_date_time=deleted)
    app = make_app(service_principal=None, deleted_service_principal=[gone])
    assert sentence in remedy(Cause.APP_DELETED, app=app)[0].detail
    user = User(id="u-9", deleted_date_time=deleted)
    assert sentence in remedy(Cause.USER_DELETED, **{**NOBODY, "deleted_user": user})[1].detail


def test_until_when_a_deleted_message_can_be_restored_at_the_latest() -> None:
    assert "so until 4 December 2026 at the latest" in remedy(Cause.MESSAGE_RECOVERABLE)[0].detail


def test_when_a_new_mailbox_has_to_be_ready() -> None:
    user = make_user(assigned_plans=[plan(assigned=NOW - timedelta(hours=3)), plan(FOUNDATION, assigned=NOW)])
    wait = remedy(Cause.MAILBOX_PROVISIONING, user=user)[0]
    assert wait.detail.startswith("The mailbox has to be ready by 21 November 2026, 09:00 UTC")
    late = remedy(
        Cause.MAILBOX_PROVISIONING, user=make_user(assigned_plans=[plan(assigned=NOW - timedelta(hours=30))])
    )[0]
    assert late.detail.startswith("The mailbox should have been ready by 20 November 2026, 06:00 UTC")
    nothing = remedy(Cause.MAILBOX_PROVISIONING, user=make_user(assigned_plans=[]))[0]
    assert nothing.detail.startswith("A new mailbox is ready within 24 hours")


@pytest.mark.parametrize(("occurred", "start", "end", "sentence"), [
    ("2026-11-10T08:00:00Z", "2026-11-02T09:00:00Z", "2026-11-12T08:00:00Z", "until 8 February 2027"),
    ("2026-11-20T11:00:00Z", "2026-11-10T13:00:00Z", "2026-11-20T12:00:00Z", "until 18 February 2027"),
    (None, "2026-11-10T13:00:00Z", "2026-11-20T12:00:00Z", "until 18 February 2027"),
    ("2026-08-01T00:00:00Z", None, None, "after 30 October 2026 it no longer finds this message"),
])  # fmt: skip
def test_a_trace_covers_the_days_of_the_message(
    occurred: str | None, start: str | None, end: str | None, sentence: str
) -> None:
    """At most ten days, none of them after now, and at most 90 days ago."""
    case = make_case(failure={"occurred_at": occurred}, **NOBODY)
    trace = next(action for action in actions(given(Cause.USER_NOT_FOUND), case) if action.title == "Trace the message")
    assert sentence in trace.detail
    if start is None:
        assert trace.command is None
    else:
        assert f"-StartDate '{start}' -EndDate '{end}'" in (trace.command or "")


def test_permissions_that_could_not_be_read_are_not_listed_as_missing() -> None:
    steps = remedy(Cause.PERMISSION_MISSING, app=make_app(permissions=Reason.TIMEOUT))
    assert not any("foreach" in (step.command or "") for step in steps)  # a command that grants nothing helps nobody


def test_consent_is_granted_where_the_tenant_signs_in() -> None:
    tenant, app = make_tenant().at("https://login.microsoftonline.us"), make_app(registration=registration())
    consent = next(
        step for step in remedy(Cause.CONSENT_MISSING, tenant=tenant, app=app) if step.title == "Grant admin consent"
    )
    assert (consent.url or "").startswith(f"https://login.microsoftonline.us/{TENANT_ID}/")


@pytest.mark.parametrize("cause", [*causes_of(Subject.ETD_APP), *causes_of(Subject.ETD_APP, last_resort=True)])
def test_an_audits_remedies_name_no_mailbox(cause: Cause) -> None:
    """A step that needs one would fail here: there is no value for it."""
    steps = app_actions(cause, make_tenant(), make_app(service_principal=principal()), NOW)
    assert steps
    assert all(action.title != "Remediate the message again" for action in steps)
    if cause is Cause.APP_NOT_FOUND:
        assert APP_ID in steps[0].detail


@pytest.mark.parametrize(("reason", "title"), [
    (Reason.FORBIDDEN, "Grant Mail.ReadBasic.All to the triage identity"),
    (Reason.UNAUTHENTICATED, "Check the sign-in of the triage identity"),
    (Reason.UNSUPPORTED, "Decide from the other checks"),
    (Reason.TOO_MANY, "Check it manually"),
    (Reason.TENANT_NOT_CONFIGURED, "Add the tenant"),
    (Reason.NO_AUTH, "Remediate manually"),
    (Reason.POISON, "Find out why triage failed"),
    (Reason.THROTTLED, "Triage again later"),
    (Reason.UNAVAILABLE, "Triage again later"),
    (Reason.TIMEOUT, "Triage again later"),
])  # fmt: skip
def test_what_to_do_about_what_could_not_be_known(reason: Reason, title: str) -> None:
    permission = "Mail.ReadBasic.All" if reason is Reason.FORBIDDEN else None
    diagnosis = undetermined((Lack(check="mailbox", reason=reason, permission=permission),), MAILBOX)
    assert [action.title for action in actions(diagnosis, None)] == [title]
    action = lack_action(Lack(check="mailbox", reason=reason, permission=permission))
    assert action.detail
    assert bool(action.command) is (reason is Reason.FORBIDDEN)
    if action.command:
        assert "Where-Object Value -eq 'Mail.ReadBasic.All'" in action.command
        parse(action.command)


def test_an_undetermined_finding_has_one_step_for_each_lack() -> None:
    unread = dict.fromkeys(("mailbox", "message", "recoverable_items"), Reason.FORBIDDEN)
    case = make_case(Scenario.INVALID_USER, **unread, app=make_app(permissions=Reason.THROTTLED))
    found = actions(diagnose(case), case)
    assert [action.title for action in found] == [
        "Grant Mail.ReadBasic.All to the triage identity",
        "Triage again later",
    ]


def test_what_graph_refuses_is_said_in_its_words_and_hides_nothing_else() -> None:
    refused = Answer("mailbox", State.UNREAD, status=400).unread(Reason.UNSUPPORTED, detail="Unsupported Query.")
    case = make_case(Scenario.INVALID_USER, mailbox=refused)
    found = diagnose(case)
    assert "Graph does not support one of the service's questions here (Unsupported Query)." in found.summary
    (check,) = [check for check in checks(case) if check.id == "mailbox"]
    assert (check.reason, check.observed) == (Reason.UNSUPPORTED, {"detail": "Unsupported Query."})
    gone = make_case(Scenario.INVALID_USER, **{**NOBODY, "mailbox": refused, "deleted_user": User(id="u-9")})
    assert diagnose(gone).cause is Cause.USER_DELETED
    assert diagnosed(mailbox=refused, app=make_app(permissions=[])).cause is Cause.PERMISSION_MISSING


def test_undetermined_without_a_lack_says_so() -> None:
    found = undetermined((), MAILBOX)
    assert found.lacks == (Lack(check="evidence", reason=Reason.UNAVAILABLE),)
    assert undetermined((Lack(check="user", reason=Reason.FORBIDDEN),), MAILBOX).summary.endswith(
        ": a read was forbidden."
    )


def test_a_finding_says_that_there_is_nothing_to_do() -> None:
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, {"folder": "inbox"}).cause is Cause.MESSAGE_REMEDIATED
    assert remedy(Cause.MESSAGE_REMEDIATED)[0].title == "Nothing to do"
    assert remedy(Cause.MAILBOX_UNLICENSED, **NO_MAILBOX)[0].title == "Check the user's subscription"
