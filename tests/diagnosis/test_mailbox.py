"""The causes about a mailbox that does not answer: the license, provisioning, and where the mailbox may be instead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import (
    EXCHANGE,
    FOUNDATION,
    KIOSK,
    MAILBOX,
    NO_MAILBOX,
    NOW,
    SKU,
    answer,
    diagnosed,
    license,
    make_user,
    plan,
    provisioned,
)
from triage.diagnosis.causes import Cause
from triage.diagnosis.no_mailbox import UNLESS_SYNCED
from triage.graph.evidence import Answer, Lack, Reason, State
from triage.graph.models.directory import OnPremisesProvisioningError, ServiceProvisioningError
from triage.graph.models.licenses import AssignedLicense, LicenseAssignmentState, ServicePlanInfo, SubscribedSku
from triage.graph.plans import MAILBOX_PLANS, OTHER_PLANS
from triage.intake.scenario import Scenario

SYNCED = {"on_premises_sync_enabled": True}
UNLICENSED: dict[str, Any] = {"assigned_licenses": [], "assigned_plans": [], "provisioned_plans": []}
POWER_BI = "f8a1db68-be16-40ed-86d5-cb42ce701560"
NEW_PLAN = "0f0f0f0f-0000-4000-8000-00000000beef"  # in no table
SKUS = [
    SubscribedSku(sku_id=SKU.upper(), sku_part_number="SPE_E3",
                  service_plans=[ServicePlanInfo(service_plan_id=FOUNDATION), ServicePlanInfo(service_plan_id=EXCHANGE)]),
    SubscribedSku(sku_id=POWER_BI, sku_part_number="POWER_BI_PRO",
                  service_plans=[ServicePlanInfo(service_plan_id=FOUNDATION)]),
]  # fmt: skip


def state(error: str | None, sku: str = SKU) -> LicenseAssignmentState:
    return LicenseAssignmentState(sku_id=sku, state="Error", error=error)


def switched_off(*other: Any, status: str = "Deleted") -> dict[str, Any]:
    return {"assigned_licenses": [license(EXCHANGE)], "assigned_plans": [plan(status=status), *other]}


def failed(*errors: LicenseAssignmentState) -> dict[str, Any]:
    return {**UNLICENSED, "license_assignment_states": list(errors)}


def exchange_error(instance: str = "exchange/namprd03", *, resolved: bool = False) -> dict[str, Any]:
    return {"service_provisioning_errors": [ServiceProvisioningError(is_resolved=resolved, service_instance=instance)]}


def assigned(hours: float, *provisioning: str, service: str = "exchange") -> dict[str, Any]:
    return {
        "assigned_plans": [plan(assigned=NOW - timedelta(hours=hours))],
        "provisioned_plans": [provisioned(status, service) for status in provisioning or ("Success",)],
    }


POWER_BI_LICENSE = AssignedLicense(sku_id=POWER_BI)
GONE_LICENSE = AssignedLicense(sku_id="a SKU that the tenant has no longer")
DELETED = {"assigned_plans": [plan(status="Deleted")]}
NEW_EXCHANGE_PLAN = plan(NEW_PLAN).model_copy(update={"service": "Exchange"})
OFF = f"{MAILBOX} has a license, but Exchange Online (EXCHANGE_S_ENTERPRISE) is switched off in it."
NONE = f"{MAILBOX} has no license with Exchange Online, so it has no mailbox here. It may be a mail user, whose mailbox is elsewhere."
REMOVED = f"The license with Exchange Online of {MAILBOX} was removed, so the user has no mailbox."

GIVES: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("license_assignment_failed", "confirmed", "medium", failed(state("CountViolation")),
     f"A license could not be assigned to {MAILBOX}: CountViolation (SPE_E3)."),
    ("license_assignment_failed", "confirmed", "medium",
     failed(state(None), state("None"), state("CountViolation", POWER_BI), state("Others", "?"), state("DependencyViolation")),
     f"A license could not be assigned to {MAILBOX}: DependencyViolation (SPE_E3)."),
    ("license_assignment_failed", "possible", "medium", failed(state("CountViolation", "a SKU that is not listed")),
     f"A license could not be assigned to {MAILBOX}: CountViolation (SKU a SKU that is not listed). What it includes could "
     "not be read, so it may be a license without Exchange Online."),
    ("license_assignment_failed", "confirmed", "medium",
     {**switched_off(status="Enabled"), "license_assignment_states": [state("CountViolation")]},
     f"A license could not be assigned to {MAILBOX}: CountViolation (SPE_E3)."),
    ("exchange_plan_disabled", "confirmed", "medium", switched_off(), OFF),
    ("exchange_plan_disabled", "confirmed", "medium",
     {"assigned_licenses": [license(KIOSK.upper())], "assigned_plans": []}, OFF.replace("ENTERPRISE", "DESKLESS")),
    ("exchange_plan_disabled", "confirmed", "medium",
     {"assigned_licenses": [license(EXCHANGE), license()], "assigned_plans": [plan(status="Deleted"), plan(FOUNDATION)]}, OFF),
    *(("license_lapsed", "confirmed", "medium", {"assigned_plans": [plan(status=status)]},
       f"The Exchange Online plan of {MAILBOX} (EXCHANGE_S_ENTERPRISE) has lapsed: its status is {status}.")
      for status in ("Suspended", "LockedOut", "Deleted")),
    ("license_lapsed", "confirmed", "medium", {**DELETED, "assigned_licenses": [GONE_LICENSE]},
     f"The Exchange Online plan of {MAILBOX} (EXCHANGE_S_ENTERPRISE) has lapsed: its status is Deleted."),
    ("provisioning_error", "probable", "medium", exchange_error("Exchange/namprd03"),
     f"Exchange reports an unresolved provisioning error for {MAILBOX} (Exchange/namprd03), so its mailbox was probably not "
     "created."),
    ("provisioning_error", "probable", "medium", {"provisioned_plans": [provisioned("Error"), provisioned("Error")]},
     f"Exchange reports an unresolved provisioning error for {MAILBOX} (every Exchange plan), so its mailbox was probably "
     "not created."),
    ("mailbox_provisioning", "probable", "low", assigned(47, "PendingInput"),
     f"The mailbox of {MAILBOX} is still being created: its plan was assigned on 2026-11-18, less than 48 hours ago, and is "
     "still being provisioned."),
    ("mailbox_provisioning", "probable", "low", assigned(23),
     f"The mailbox of {MAILBOX} is still being created: its plan was assigned on 2026-11-19, less than 24 hours ago."),
    ("mailbox_on_premises", "probable", "medium", SYNCED,
     f"{MAILBOX} is synced from on-premises and has an Exchange Online plan, but no mailbox that answers in Exchange Online: "
     "it is probably on-premises. It may also have been disabled or soft-deleted."),
    *(("mailbox_on_premises", "possible", "medium", {**SYNCED, **user},
       f"{MAILBOX} is synced from on-premises and has no Exchange Online plan that works. Its mailbox is on-premises, or it "
       f"has none: {why}.") for user, why in (
        (UNLICENSED, "it has no license with Exchange Online"),
        (failed(state("CountViolation")), "a license could not be assigned"),
        (switched_off(), "Exchange Online is switched off in its license"),
        (switched_off(status="Enabled"), "Exchange Online is switched off in its license"),
        ({"assigned_plans": [plan(status="LockedOut")]}, "its plan has lapsed"),
        (DELETED, "its plan has lapsed"),
        ({**DELETED, "assigned_licenses": []}, "it has no license with Exchange Online"),
        ({**UNLICENSED, **exchange_error()}, "Exchange reports a provisioning error"),
    )),
    ("mailbox_unlicensed", "probable", "medium", UNLICENSED, NONE),
    ("mailbox_unlicensed", "probable", "medium",
     {"assigned_licenses": [license()], "assigned_plans": [plan(FOUNDATION)], "on_premises_sync_enabled": False}, NONE),
    ("mailbox_unlicensed", "confirmed", "medium", {**DELETED, "assigned_licenses": []}, REMOVED),
    ("mailbox_unlicensed", "confirmed", "medium", {**DELETED, "assigned_licenses": [POWER_BI_LICENSE]}, REMOVED),
    ("mailbox_unlicensed", "possible", "medium", {"assigned_plans": [NEW_EXCHANGE_PLAN]},
     f"{MAILBOX} has no license with Exchange Online that this service knows. But a plan of Exchange is switched on that it "
     f"does not know ({NEW_PLAN}), and that may include a mailbox."),
    ("mailbox_disconnected", "possible", "medium", {},
     f"{MAILBOX} has an Exchange Online plan that is switched on, but no mailbox that answers: it may have been disabled "
     "or soft-deleted in Exchange."),
]  # fmt: skip


def without_mailbox(scenario: Scenario = Scenario.MAILBOX_UNAVAILABLE, skus: Any = SKUS, **user: Any) -> Any:
    return diagnosed(scenario, **NO_MAILBOX, user=make_user(**user), subscribed_skus=skus)


@pytest.mark.parametrize(("cause", "confidence", "severity", "user", "summary"), GIVES)
@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize("found_as", ["user", "alias"])
def test_the_evidence_gives_the_expected_cause(
    scenario: Scenario, found_as: str, cause: str, confidence: str, severity: str, user: dict[str, Any], summary: str
) -> None:
    person = {"user": None, "alias": None, "deleted_user": None, found_as: make_user(**user)}
    found = diagnosed(scenario, **NO_MAILBOX, **person, subscribed_skus=SKUS)
    assert (found.cause, found.confidence, found.severity) == (cause, confidence, severity)
    assert (found.summary, found.lacks) == (summary, ())
    assert bool(found.alternatives) is (confidence == "possible" or cause == "mailbox_on_premises")


ALTERNATIVES: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("mailbox_on_premises", {}, ("mailbox_disconnected",)),
    ("mailbox_on_premises", exchange_error(), ("mailbox_disconnected",)),
    ("mailbox_on_premises", UNLICENSED, ("mailbox_unlicensed",)),
    ("mailbox_on_premises", failed(state("CountViolation")), ("license_assignment_failed",)),
    ("mailbox_on_premises", failed(state("CountViolation", "?")), ("license_assignment_failed", "mailbox_unlicensed")),
    ("mailbox_on_premises", switched_off(), ("exchange_plan_disabled",)),
    ("mailbox_on_premises", DELETED, ("license_lapsed",)),
    ("mailbox_on_premises", {**UNLICENSED, **exchange_error()}, ("provisioning_error",)),
    ("mailbox_on_premises", {**DELETED, "assigned_licenses": []}, ("mailbox_unlicensed",)),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "user", "alternatives"), ALTERNATIVES)
def test_the_alternatives_of_a_synced_user(cause: str, user: dict[str, Any], alternatives: tuple[str, ...]) -> None:
    found = without_mailbox(**SYNCED, **user)
    assert (found.cause, found.alternatives) == (cause, alternatives)


@pytest.mark.parametrize(("user", "alternatives"), [
    (failed(state("Others", "?")), ("mailbox_unlicensed",)),
    ({**switched_off(), "license_assignment_states": [state("Others", "?")]}, ("exchange_plan_disabled",)),
    ({"assigned_plans": [plan(status="Suspended")], "license_assignment_states": [state("Others", "?")]},
     ("license_lapsed",)),
])  # fmt: skip
def test_the_alternatives_of_a_license_whose_sku_is_not_known(
    user: dict[str, Any], alternatives: tuple[str, ...]
) -> None:
    found = without_mailbox(**user)
    assert (found.cause, found.confidence, found.alternatives) == (
        "license_assignment_failed",
        "possible",
        alternatives,
    )


def test_the_alternative_of_a_plan_that_is_not_known() -> None:
    assert without_mailbox(assigned_plans=[NEW_EXCHANGE_PLAN]).alternatives == ("mailbox_disconnected",)


@pytest.mark.parametrize("skus", [Reason.FORBIDDEN, Reason.THROTTLED, Reason.TIMEOUT, ...])
def test_what_a_sku_includes_could_not_be_read(skus: Any) -> None:
    """Every cause that depends on it is only possible, and names the other one."""
    found = without_mailbox(skus=skus, **failed(state("CountViolation")))
    assert (found.cause, found.confidence, found.alternatives) == (
        "license_assignment_failed", "possible", ("mailbox_unlicensed",),
    )  # fmt: skip
    found = without_mailbox(skus=skus, **DELETED)
    assert (found.cause, found.confidence, found.alternatives) == (
        "license_lapsed", "possible", ("mailbox_unlicensed",),
    )  # fmt: skip
    # These do not depend on it.
    for user, cause, confidence in (
        ({**DELETED, "assigned_licenses": []}, "mailbox_unlicensed", "confirmed"),
        ({"assigned_plans": [plan(status="Suspended")]}, "license_lapsed", "confirmed"),
        (switched_off(), "exchange_plan_disabled", "confirmed"),
        ({"license_assignment_states": [state("CountViolation")]}, "mailbox_disconnected", "possible"),
    ):
        found = without_mailbox(skus=skus, **user)
        assert (found.cause, found.confidence, found.lacks) == (cause, confidence, ())


@pytest.mark.parametrize("user", [row[3] for row in GIVES])
def test_none_of_it_is_a_cause_where_the_mailbox_answers(user: dict[str, Any]) -> None:
    """A shared, room or equipment mailbox needs no license."""
    found = diagnosed(Scenario.MAILBOX_UNAVAILABLE, user=make_user(**user), subscribed_skus=SKUS)
    assert found.cause == "message_present"


NEAR: list[tuple[str, str, dict[str, Any]]] = [
    ("a license state without an error", "mailbox_unlicensed", failed(state("none"))),
    ("an error of a license without a mailbox", "mailbox_unlicensed", failed(state("CountViolation", POWER_BI))),
    ("an error, and another license works", "mailbox_disconnected",
     {"license_assignment_states": [state("CountViolation"), state("MutuallyExclusiveViolation", POWER_BI)]}),
    ("another license brings the plan", "mailbox_disconnected",
     {"assigned_licenses": [license(EXCHANGE), license()], "assigned_plans": [plan(status="Deleted"), plan(KIOSK)]}),
    ("switched off in the only license, though Graph still shows it enabled", "exchange_plan_disabled",
     {"assigned_licenses": [license(EXCHANGE)]}),
    ("another plan than the mailbox's is switched off", "mailbox_disconnected",
     {"assigned_licenses": [license(FOUNDATION)]}),
    ("a plan in its grace period", "mailbox_disconnected", {"assigned_plans": [plan(status="Warning")]}),
    ("one plan lapsed, another not", "mailbox_disconnected", {"assigned_plans": [plan(status="Suspended"), plan(KIOSK)]}),
    ("one plan removed, another not", "mailbox_disconnected", {"assigned_plans": [plan(status="Deleted"), plan(KIOSK)]}),
    ("a plan without a mailbox lapsed", "mailbox_unlicensed", {"assigned_plans": [plan(FOUNDATION, "Suspended")]}),
    ("suspended, and no license left", "license_lapsed",
     {"assigned_plans": [plan(status="Suspended")], "assigned_licenses": []}),
    ("one plan suspended, another removed", "license_lapsed",
     {"assigned_plans": [plan(status="Deleted"), plan(KIOSK, "Suspended")], "assigned_licenses": []}),
    ("a resolved error", "mailbox_disconnected", exchange_error(resolved=True)),
    ("an error of another service", "mailbox_disconnected", exchange_error("SharePoint/namprd03")),
    ("an error of no service", "mailbox_disconnected", {"service_provisioning_errors": [ServiceProvisioningError()]}),
    ("an error of the directory, of a user that is no longer synced", "mailbox_disconnected",
     {"on_premises_provisioning_errors": [OnPremisesProvisioningError(category="PropertyConflict")]}),
    ("the provisioning of one Exchange plan failed, which may be another", "mailbox_disconnected",
     {"provisioned_plans": [provisioned("Success"), provisioned("Error")]}),
    ("the provisioning of another service failed", "mailbox_disconnected",
     {"provisioned_plans": [provisioned("Error", "SharePoint")]}),
    ("assigned more than a day ago", "mailbox_disconnected", assigned(25)),
    ("pending, and assigned more than two days ago", "mailbox_disconnected", assigned(49, "PendingProvisioning")),
    ("pending in another service", "mailbox_disconnected", assigned(30, "PendingActivation", service="SharePoint")),
    ("pending, and it is not known when it was assigned", "mailbox_disconnected",
     {"assigned_plans": [plan().model_copy(update={"assigned_date_time": None})],
      "provisioned_plans": [provisioned("PendingInput")]}),
    ("a new plan that is lapsed", "license_lapsed", {"assigned_plans": [plan(status="Suspended", assigned=NOW)]}),
    ("a new plan that is switched off", "exchange_plan_disabled",
     {"assigned_licenses": [license(EXCHANGE)], "assigned_plans": [plan(assigned=NOW)]}),
    ("a new plan without a mailbox", "mailbox_disconnected", {"assigned_plans": [plan(), plan(FOUNDATION, assigned=NOW)]}),
    ("a plan of Exchange that is not known, and switched off", "mailbox_unlicensed",
     {"assigned_plans": [NEW_EXCHANGE_PLAN.model_copy(update={"capability_status": "Deleted"})]}),
    ("a plan that is not known, beside one that works", "mailbox_disconnected",
     {"assigned_plans": [plan(), NEW_EXCHANGE_PLAN]}),
    ("synced once, and no longer", "mailbox_unlicensed", {**UNLICENSED, "on_premises_sync_enabled": False}),
    ("synced, and new", "mailbox_provisioning", {**SYNCED, "assigned_plans": [plan(assigned=NOW)]}),
    ("sign-in disabled: mail still flows", "mailbox_disconnected", {"account_enabled": False}),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "user"), [row[1:] for row in NEAR], ids=[row[0] for row in NEAR])
def test_evidence_that_almost_fits_gives_another_cause(cause: str, user: dict[str, Any]) -> None:
    assert without_mailbox(**user).cause == cause


@pytest.mark.parametrize("user", [row[3] for row in GIVES] + [row[2] for row in NEAR])
def test_a_synced_user_is_never_told_to_get_a_mailbox(user: dict[str, Any]) -> None:
    """It may have one on-premises: a license would give it a second one."""
    found = without_mailbox(**{**user, **SYNCED})
    assert found.cause in ("mailbox_on_premises", "mailbox_provisioning")
    assert not set(found.also_seen) & UNLESS_SYNCED.keys()


def test_the_causes_that_depend_on_syncing() -> None:
    assert UNLESS_SYNCED.keys() == {
        Cause.LICENSE_ASSIGNMENT_FAILED, Cause.EXCHANGE_PLAN_DISABLED, Cause.LICENSE_LAPSED, Cause.PROVISIONING_ERROR,
        Cause.MAILBOX_UNLICENSED,
    }  # fmt: skip


@pytest.mark.parametrize("plan_id", MAILBOX_PLANS)
def test_every_plan_that_carries_a_mailbox_counts(plan_id: str) -> None:
    assert without_mailbox(assigned_plans=[plan(plan_id.upper())]).cause == "mailbox_disconnected"
    off = {"assigned_licenses": [license(plan_id)], "assigned_plans": [plan(plan_id, "Deleted")]}
    assert without_mailbox(**off).cause == "exchange_plan_disabled"
    sku = SubscribedSku(sku_id="s", service_plans=[ServicePlanInfo(service_plan_id=plan_id.upper())])
    assert without_mailbox(skus=[sku], **failed(state("Others", "S"))).confidence == "confirmed"


@pytest.mark.parametrize("plan_id", OTHER_PLANS)
def test_no_other_plan_of_exchange_does(plan_id: str) -> None:
    found = without_mailbox(assigned_plans=[plan(plan_id.upper()).model_copy(update={"service": "exchange"})])
    assert (found.cause, found.confidence) == ("mailbox_unlicensed", "probable")
    assert plan_id not in MAILBOX_PLANS


@pytest.mark.parametrize("code", [
    "MailboxNotEnabledForRESTAPI", "ErrorInvalidUser", "ResourceNotFound", "ErrorNonExistentMailbox",
    "Request_ResourceNotFound", "ErrorItemNotFound",
])  # fmt: skip
def test_what_says_that_there_is_no_mailbox(code: str) -> None:
    """ErrorItemNotFound for the Inbox itself: the mailbox has no store."""
    inbox: Answer[Any] = Answer("mailbox", State.ABSENT, status=404, error_code=code)
    assert diagnosed(Scenario.MAILBOX_UNAVAILABLE, mailbox=inbox).cause == "mailbox_disconnected"


@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize("user", [{}, UNLICENSED, SYNCED, switched_off()])
def test_a_mailbox_that_could_not_be_asked(scenario: Scenario, user: dict[str, Any]) -> None:
    unread = dict.fromkeys(("mailbox", "message", "recoverable_items"), Reason.FORBIDDEN)
    found = diagnosed(scenario, user=make_user(**user), **unread)
    assert found.cause == "undetermined"
    assert Lack(check="mailbox", reason=Reason.FORBIDDEN, permission="Mail.ReadBasic.All") in found.lacks


@pytest.mark.parametrize("hidden", ["assigned_plans", "assigned_licenses"])
@pytest.mark.parametrize("found_as", ["user", "alias"])
def test_a_user_whose_licenses_graph_does_not_show(hidden: str, found_as: str) -> None:
    """A caller with User.ReadBasic.All gets nulls."""
    person = {"user": None, "deleted_user": None, found_as: make_user(**{hidden: None})}
    found = diagnosed(Scenario.MAILBOX_UNAVAILABLE, **NO_MAILBOX, **person)
    assert (found.cause, found.lacks) == (
        "undetermined",
        (Lack(check=found_as, reason=Reason.FORBIDDEN, permission="User.Read.All"),),
    )
    reachable = diagnosed(Scenario.MAILBOX_UNAVAILABLE, user=make_user(**{hidden: None}))
    assert reachable.cause == "message_present"


def test_a_403_for_the_triage_identity_says_nothing_about_the_app() -> None:
    refused: Answer[Any] = answer("mailbox", Reason.FORBIDDEN)
    found = diagnosed(
        Scenario.UNKNOWN_REASON, mailbox=refused, message=Reason.FORBIDDEN, recoverable_items=Reason.FORBIDDEN
    )
    assert found.cause == "undetermined"
    assert {lack.reason for lack in found.lacks} == {Reason.FORBIDDEN}


# Random users: an answer that could not be read never becomes a cause that depends on it.

EITHER_SKU = st.sampled_from([SKU, POWER_BI, "a SKU that the tenant has no longer"])
ANY_USER = st.fixed_dictionaries({
    "assigned_licenses": st.lists(
        st.builds(AssignedLicense, sku_id=EITHER_SKU, disabled_plans=st.sampled_from([[], [EXCHANGE], [FOUNDATION]])),
        max_size=2),
    "assigned_plans": st.lists(
        st.builds(
            plan, st.sampled_from([EXCHANGE, KIOSK, FOUNDATION, NEW_PLAN]),
            st.sampled_from(["Enabled", "Warning", "Suspended", "LockedOut", "Deleted"]),
            st.sampled_from([NOW, NOW - timedelta(hours=30), NOW - timedelta(days=30)]),
        ).map(lambda one: one.model_copy(update={"service": "exchange"})),
        max_size=3),
    "provisioned_plans": st.lists(st.builds(provisioned, st.sampled_from(["Success", "Error", "PendingInput"])), max_size=2),
    "license_assignment_states": st.lists(
        st.builds(state, st.sampled_from([None, "None", "CountViolation"]), EITHER_SKU), max_size=2),
    "service_provisioning_errors": st.lists(
        st.builds(ServiceProvisioningError, is_resolved=st.booleans(),
                  service_instance=st.sampled_from([None, "exchange/a", "SharePoint/b"])), max_size=1),
    "on_premises_sync_enabled": st.sampled_from([None, False, True]),
})  # fmt: skip
READABLE_SKUS = [[], SKUS, SKUS[:1], SKUS[1:]]


@given(user=ANY_USER, skus=st.sampled_from([Reason.FORBIDDEN, Reason.TIMEOUT, ...]))
def test_unread_skus_leave_every_cause_open_that_they_could_show(user: dict[str, Any], skus: Any) -> None:
    unread = without_mailbox(skus=skus, **user)
    if unread.cause is Cause.UNDETERMINED:
        return
    for readable in READABLE_SKUS:
        found = without_mailbox(skus=readable, **user)
        assert found.cause in (unread.cause, *unread.alternatives)
        assert unread.confidence == "possible" or (found.cause, found.confidence) == (unread.cause, unread.confidence)


@given(
    user=ANY_USER, reason=st.sampled_from([Reason.FORBIDDEN, Reason.THROTTLED, Reason.UNAUTHENTICATED]), data=st.data()
)
def test_without_the_mailbox_or_the_user_there_is_no_cause_about_them(
    user: dict[str, Any], reason: Reason, data: st.DataObject
) -> None:
    unread = data.draw(st.sampled_from([
        {"user": make_user(**user), **dict.fromkeys(("mailbox", "message", "recoverable_items"), reason)},
        {**NO_MAILBOX, "user": reason},
        {**NO_MAILBOX, "user": None, "alias": reason, "deleted_user": None},
        {**NO_MAILBOX, "user": make_user(**{**user, "assigned_plans": None})},
        {**NO_MAILBOX, "user": make_user(**{**user, "assigned_licenses": None})},
    ]))  # fmt: skip
    found = diagnosed(Scenario.MAILBOX_UNAVAILABLE, **unread, subscribed_skus=SKUS)
    assert found.cause is Cause.UNDETERMINED


@given(user=ANY_USER)
def test_every_user_whose_mailbox_does_not_answer_has_one_of_these_causes(user: dict[str, Any]) -> None:
    found = without_mailbox(**user)
    assert found.lacks == ()
    if user["on_premises_sync_enabled"]:
        assert found.cause in ("mailbox_on_premises", "mailbox_provisioning")
        assert found.alternatives or found.cause == "mailbox_provisioning"
