"""The causes about the mailbox: why Exchange Online has none that answers for a user."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

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
from triage.diagnosis.plans import MAILBOX_PLANS
from triage.graph.evidence import Answer, Lack, Reason, State
from triage.graph.models import LicenseAssignmentState, OnPremisesProvisioningError, ServiceProvisioningError
from triage.intake.scenario import Scenario

SYNCED = {"on_premises_sync_enabled": True}
UNLICENSED: dict[str, Any] = {"assigned_licenses": [], "assigned_plans": [], "provisioned_plans": []}


def state(error: str | None) -> LicenseAssignmentState:
    return LicenseAssignmentState(sku_id=SKU, state="Error", error=error)


def switched_off(*other: Any, status: str = "Deleted") -> dict[str, Any]:
    return {"assigned_licenses": [license(EXCHANGE)], "assigned_plans": [plan(status=status), *other]}


GIVES: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("license_assignment_failed", "confirmed", "medium",
     {**UNLICENSED, "license_assignment_states": [state("CountViolation")]},
     f"A license could not be assigned to {MAILBOX}: CountViolation (SKU {SKU})."),
    ("license_assignment_failed", "confirmed", "medium",
     {**UNLICENSED, "license_assignment_states": [state(None), state("None"), state("DependencyViolation")]},
     f"A license could not be assigned to {MAILBOX}: DependencyViolation (SKU {SKU})."),
    ("exchange_plan_disabled", "confirmed", "medium", switched_off(),
     f"{MAILBOX} has a license, but Exchange Online (EXCHANGE_S_ENTERPRISE) is switched off in it."),
    ("exchange_plan_disabled", "confirmed", "medium",
     {"assigned_licenses": [license(KIOSK.upper())], "assigned_plans": []},
     f"{MAILBOX} has a license, but Exchange Online (EXCHANGE_S_DESKLESS) is switched off in it."),
    ("exchange_plan_disabled", "confirmed", "medium",
     {"assigned_licenses": [license(EXCHANGE), license()], "assigned_plans": [plan(status="Deleted"), plan(FOUNDATION)]},
     f"{MAILBOX} has a license, but Exchange Online (EXCHANGE_S_ENTERPRISE) is switched off in it."),
    *(("license_lapsed", "confirmed", "medium", {"assigned_plans": [plan(status=status)]},
       f"The Exchange Online plan of {MAILBOX} (EXCHANGE_S_ENTERPRISE) has lapsed: its status is {status}.")
      for status in ("Suspended", "LockedOut", "Deleted")),
    ("provisioning_error", "probable", "medium",
     {"on_premises_provisioning_errors": [OnPremisesProvisioningError(category="PropertyConflict")]},
     f"{MAILBOX} has an unresolved provisioning error (PropertyConflict), so its mailbox was not created."),
    ("provisioning_error", "probable", "medium",
     {"service_provisioning_errors": [
         ServiceProvisioningError(is_resolved=True, service_instance="old"),
         ServiceProvisioningError(is_resolved=False, service_instance="exchange/namprd03"),
         ServiceProvisioningError()]},
     f"{MAILBOX} has an unresolved provisioning error (exchange/namprd03 and unnamed), so its mailbox was not created."),
    ("provisioning_error", "probable", "medium", {"provisioned_plans": [provisioned("Error")]},
     f"{MAILBOX} has an unresolved provisioning error, so its mailbox was not created."),
    ("mailbox_provisioning", "probable", "low", {"provisioned_plans": [provisioned("PendingInput")]},
     f"The mailbox of {MAILBOX} is still being created."),
    ("mailbox_provisioning", "probable", "low", {"assigned_plans": [plan(assigned=NOW - timedelta(hours=23))]},
     f"The mailbox of {MAILBOX} is still being created (the plan was assigned on 2026-11-19, less than 24 hours ago)."),
    ("mailbox_on_premises", "probable", "medium", SYNCED,
     f"{MAILBOX} is synced from on-premises and has an Exchange Online plan, but no mailbox there: it is most likely "
     "still hosted on-premises."),
    ("mailbox_on_premises", "possible", "medium", {**SYNCED, **UNLICENSED},
     f"{MAILBOX} is synced from on-premises and has no Exchange Online plan: its mailbox is hosted on-premises, or it "
     "has none."),
    ("mailbox_unlicensed", "confirmed", "medium", UNLICENSED,
     f"{MAILBOX} has no license with Exchange Online, so it has no mailbox."),
    ("mailbox_unlicensed", "confirmed", "medium",
     {"assigned_licenses": [license()], "assigned_plans": [plan(FOUNDATION)], "on_premises_sync_enabled": False},
     f"{MAILBOX} has no license with Exchange Online, so it has no mailbox."),
    ("mailbox_disconnected", "possible", "medium", {},
     f"{MAILBOX} has an Exchange Online plan that is switched on, but no mailbox that answers: it may have been disabled "
     "or soft-deleted in Exchange."),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "confidence", "severity", "user", "summary"), GIVES)
@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize("found_as", ["user", "alias"])
def test_gives(
    scenario: Scenario, found_as: str, cause: str, confidence: str, severity: str, user: dict[str, Any], summary: str
) -> None:
    person = {"user": None, "alias": None, "deleted_user": None, found_as: make_user(**user)}
    found = diagnosed(scenario, **NO_MAILBOX, **person)
    assert (found.cause, found.confidence, found.severity) == (cause, confidence, severity)
    assert (found.summary, found.lacks) == (summary, ())
    assert bool(found.alternatives) is (confidence == "possible")


def test_the_alternative_of_a_synced_user_without_a_plan() -> None:
    found = diagnosed(Scenario.MAILBOX_UNAVAILABLE, **NO_MAILBOX, user=make_user(**SYNCED, **UNLICENSED))
    assert found.alternatives == ("mailbox_unlicensed",)


@pytest.mark.parametrize("user", [row[3] for row in GIVES])
def test_none_of_it_is_a_cause_where_the_mailbox_answers(user: dict[str, Any]) -> None:
    """A shared, room or equipment mailbox needs no license."""
    found = diagnosed(Scenario.MAILBOX_UNAVAILABLE, user=make_user(**user))
    assert found.cause == "message_present"


NEAR: list[tuple[str, str, dict[str, Any]]] = [
    ("a license state without an error", "mailbox_disconnected", {"license_assignment_states": [state("none")]}),
    ("another license brings the plan", "mailbox_disconnected",
     {"assigned_licenses": [license(EXCHANGE), license()], "assigned_plans": [plan(status="Deleted"), plan(KIOSK)]}),
    ("switched off in the only license, though Graph still shows it enabled", "exchange_plan_disabled",
     {"assigned_licenses": [license(EXCHANGE)]}),
    ("another plan than the mailbox's is switched off", "mailbox_disconnected",
     {"assigned_licenses": [license(FOUNDATION)]}),
    ("a plan in its grace period", "mailbox_disconnected", {"assigned_plans": [plan(status="Warning")]}),
    ("one plan lapsed, another not", "mailbox_disconnected", {"assigned_plans": [plan(status="Suspended"), plan(KIOSK)]}),
    ("a plan without a mailbox lapsed", "mailbox_unlicensed", {"assigned_plans": [plan(FOUNDATION, "Suspended")]}),
    ("a resolved error", "mailbox_disconnected",
     {"service_provisioning_errors": [ServiceProvisioningError(is_resolved=True)]}),
    ("an error of another service", "mailbox_disconnected", {"provisioned_plans": [provisioned("Error", "SharePoint")]}),
    ("assigned more than a day ago", "mailbox_disconnected",
     {"assigned_plans": [plan(assigned=NOW - timedelta(hours=25))]}),
    ("a new plan that is lapsed", "license_lapsed", {"assigned_plans": [plan(status="Suspended", assigned=NOW)]}),
    ("a new plan without a mailbox", "mailbox_disconnected", {"assigned_plans": [plan(), plan(FOUNDATION, assigned=NOW)]}),
    ("pending in another service", "mailbox_disconnected",
     {"provisioned_plans": [provisioned("PendingActivation", "SharePoint")]}),
    ("synced once, and no longer", "mailbox_unlicensed", {**UNLICENSED, "on_premises_sync_enabled": False}),
    ("synced, and its plan lapsed", "license_lapsed", {**SYNCED, "assigned_plans": [plan(status="LockedOut")]}),
    ("synced, and its plan switched off", "exchange_plan_disabled", {**SYNCED, **switched_off()}),
    ("synced, and new", "mailbox_provisioning", {**SYNCED, "assigned_plans": [plan(assigned=NOW)]}),
    ("sign-in disabled: mail still flows", "mailbox_disconnected", {"account_enabled": False}),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "user"), [row[1:] for row in NEAR], ids=[row[0] for row in NEAR])
def test_near_misses(cause: str, user: dict[str, Any]) -> None:
    assert diagnosed(Scenario.MAILBOX_UNAVAILABLE, **NO_MAILBOX, user=make_user(**user)).cause == cause


@pytest.mark.parametrize("plan_id", MAILBOX_PLANS)
def test_every_plan_that_carries_a_mailbox_counts(plan_id: str) -> None:
    enabled = make_user(assigned_plans=[plan(plan_id.upper())])
    assert diagnosed(Scenario.MAILBOX_UNAVAILABLE, **NO_MAILBOX, user=enabled).cause == "mailbox_disconnected"
    off = make_user(assigned_licenses=[license(plan_id)], assigned_plans=[plan(plan_id, "Deleted")])
    assert diagnosed(Scenario.MAILBOX_UNAVAILABLE, **NO_MAILBOX, user=off).cause == "exchange_plan_disabled"


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
