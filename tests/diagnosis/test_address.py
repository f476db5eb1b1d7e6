"""The causes about the address: who has it, if no user does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.factories import (
    ELSEWHERE,
    MAILBOX,
    NO_MAILBOX,
    NOBODY,
    OTHER_TENANT_ID,
    PERMISSION,
    TENANT_ID,
    diagnosed,
    make_app,
    make_tenant,
    make_user,
    organization,
    owner,
    principal,
    registration,
)
from triage.graph.evidence import Lack, Reason
from triage.graph.models import Organization, Recipient, User
from triage.intake.scenario import Scenario
from triage.settings import Mode

SINGLE = make_app(service_principal=principal(sign_in_audience="AzureADMyOrg"))
DELETED = User(
    id="gone", user_principal_name=f"{'0' * 32}{MAILBOX}", deleted_date_time=datetime(2026, 11, 18, tzinfo=UTC)
)

GIVES: list[tuple[str, str, dict[str, Any], str]] = [
    ("user_deleted", "medium", {"deleted_user": DELETED}, f"{MAILBOX} was deleted on 2026-11-18, and its mailbox with it."),
    ("user_deleted", "medium", {"deleted_user": User(id="x")}, f"{MAILBOX} was deleted, and its mailbox with it."),
    ("recipient_is_group", "low", {"group": Recipient(id="g", group_types=["Unified"])},
     f"{MAILBOX} is the address of a Microsoft 365 group, not of a person's mailbox."),
    ("recipient_is_group", "low", {"group": Recipient(id="g")},
     f"{MAILBOX} is the address of a distribution or security group, not of a person's mailbox."),
    ("recipient_is_contact", "low", {"contact": Recipient(id="c")},
     f"{MAILBOX} is a mail contact: its mailbox is in another organization."),
    ("guest_user", "low", {"user": make_user(user_type="Guest")},
     f"{MAILBOX} is a guest in this tenant: its mailbox is in its own organization."),
    ("guest_user", "low", {"user": make_user(user_type=None, user_principal_name="a_b.c#EXT#@contoso.com")},
     f"{MAILBOX} is a guest in this tenant: its mailbox is in its own organization."),
    ("guest_user", "low", {"alias": make_user(user_type="Guest")},
     f"{MAILBOX} is a guest in this tenant: its mailbox is in its own organization."),
    ("app_single_tenant", "high", {**ELSEWHERE, "domain_owner": owner(), "app": SINGLE},
     f"contoso.com belongs to another tenant (Fabrikam {OTHER_TENANT_ID}), and the Email Threat Defense app can "
     "access only accounts of its own tenant."),
    ("domain_in_other_tenant", "high", {**ELSEWHERE, "domain_owner": owner()},
     f"contoso.com belongs to another tenant (Fabrikam {OTHER_TENANT_ID}): Email Threat Defense must be authorized "
     "there."),
    ("domain_unknown", "medium", {**ELSEWHERE, "domain_owner": None},
     "contoso.com is not verified in this tenant or in any other."),
    ("user_not_found", "medium", {},
     f"No user, deleted user, group, or contact has the address {MAILBOX}, although its domain is verified in this tenant."),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "severity", "given", "summary"), GIVES)
@pytest.mark.parametrize("scenario", list(Scenario))
def test_gives(scenario: Scenario, cause: str, severity: str, given: dict[str, Any], summary: str) -> None:
    found = diagnosed(scenario, **{**NOBODY, **given})
    assert (found.cause, found.confidence, found.severity) == (cause, "confirmed", severity)
    assert (found.summary, found.alternatives, found.lacks) == (summary, (), ())


def test_the_audience_of_the_registration_counts_where_the_service_principal_says_none() -> None:
    for audience, cause in (
        ("AzureADMyOrg", "app_single_tenant"),
        ("AzureADandPersonalMicrosoftAccount", "domain_in_other_tenant"),
    ):
        app = make_app(
            service_principal=principal(sign_in_audience=None), registration=registration(sign_in_audience=audience)
        )
        assert diagnosed(Scenario.INVALID_USER, **{**ELSEWHERE, "domain_owner": owner(), "app": app}).cause == cause


NEAR: list[tuple[str, str, dict[str, Any]]] = [
    ("a user exists: a deleted namesake does not matter", "mailbox_disconnected",
     {"user": make_user(), "deleted_user": DELETED}),
    ("the user is found by another address", "mailbox_disconnected", {"alias": make_user(), "deleted_user": DELETED}),
    ("a group of a user's address", "mailbox_disconnected", {"user": make_user(), "group": Recipient(id="g")}),
    ("a contact of a deleted user's address", "user_deleted", {"deleted_user": DELETED, "contact": Recipient(id="c")}),
    ("a group and a contact", "recipient_is_group", {"group": Recipient(id="g"), "contact": Recipient(id="c")}),
    ("a group in another tenant's domain", "recipient_is_group",
     {**ELSEWHERE, "group": Recipient(id="g"), "domain_owner": owner()}),
    ("a member whose name has EXT", "mailbox_disconnected", {"user": make_user(user_principal_name="ext@contoso.com")}),
    ("a domain that Graph finds to be this tenant's", "user_not_found", {**ELSEWHERE, "domain_owner": owner(TENANT_ID)}),
    ("the domain in another case", "user_not_found", {"organization": organization("Contoso.COM")}),
    ("a subdomain is verified by itself", "domain_unknown",
     {"organization": organization("mail.contoso.com"), "domain_owner": None}),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "given"), [row[1:] for row in NEAR], ids=[row[0] for row in NEAR])
def test_near_misses(cause: str, given: dict[str, Any]) -> None:
    assert diagnosed(Scenario.INVALID_USER, **{**NOBODY, **given}).cause == cause


UNREAD: list[tuple[str, dict[str, Any]]] = [
    ("user", {"user": Reason.FORBIDDEN}),
    ("alias", {"alias": Reason.FORBIDDEN}),
    ("deleted_user", {"deleted_user": Reason.FORBIDDEN}),
    ("group", {"group": Reason.FORBIDDEN}),
    ("contact", {"contact": Reason.FORBIDDEN}),
    ("organization", {"organization": Reason.FORBIDDEN}),
    ("domain_owner", {**ELSEWHERE, "domain_owner": Reason.FORBIDDEN}),
]


@pytest.mark.parametrize(("check", "given"), UNREAD)
@pytest.mark.parametrize("scenario", list(Scenario))
def test_unread(scenario: Scenario, check: str, given: dict[str, Any]) -> None:
    found = diagnosed(scenario, **{**NOBODY, **given})
    assert found.cause == "undetermined"
    assert found.lacks == (Lack(check=check, reason=Reason.FORBIDDEN, permission=PERMISSION[check]),)


def test_an_unread_contact_does_not_matter_for_a_group_nor_an_unread_owner_for_a_contact() -> None:
    group = diagnosed(Scenario.INVALID_USER, **{**NOBODY, "group": Recipient(id="g"), "contact": Reason.FORBIDDEN})
    assert (group.cause, group.lacks) == ("recipient_is_group", ())
    contact = {**ELSEWHERE, "contact": Recipient(id="c"), "domain_owner": Reason.FORBIDDEN}
    assert diagnosed(Scenario.INVALID_USER, **contact).cause == "recipient_is_contact"


def test_a_user_needs_none_of_the_other_answers() -> None:
    others = dict.fromkeys(("alias", "deleted_user", "group", "contact", "organization"), Reason.FORBIDDEN)
    found = diagnosed(Scenario.MAILBOX_UNAVAILABLE, **{**NO_MAILBOX, **others})
    assert (found.cause, found.lacks) == ("mailbox_disconnected", ())


def test_an_organization_without_its_domains_was_not_read() -> None:
    found = diagnosed(Scenario.INVALID_USER, **{**NOBODY, "organization": Organization(id=TENANT_ID)})
    assert (found.cause, [lack.check for lack in found.lacks]) == ("undetermined", ["organization"])


def test_another_tenants_domain_when_the_app_was_not_read() -> None:
    found = diagnosed(
        Scenario.INVALID_USER,
        **{**ELSEWHERE, "domain_owner": owner(), "app": make_app(service_principal=Reason.TIMEOUT)},
    )
    assert (found.cause, found.lacks) == ("undetermined", (Lack(check="service_principal", reason=Reason.TIMEOUT),))


def test_another_tenants_domain_when_nothing_says_the_audience() -> None:
    for here in (None, registration(), Reason.FORBIDDEN):
        app = make_app(service_principal=principal(sign_in_audience=None), registration=here)
        found = diagnosed(Scenario.INVALID_USER, **{**ELSEWHERE, "domain_owner": owner(), "app": app})
        assert found.cause == "undetermined"


def test_another_tenants_domain_when_there_is_no_app() -> None:
    found = diagnosed(
        Scenario.INVALID_USER,
        **{**ELSEWHERE, "domain_owner": owner(), "app": make_app(service_principal=None)},
    )
    assert found.cause == "app_not_found"


def test_another_tenants_domain_in_a_tenant_without_an_app_at_all() -> None:
    found = diagnosed(
        Scenario.INVALID_USER, **{**ELSEWHERE, "domain_owner": owner(), "tenant": make_tenant(mode=Mode.NO_AUTH)}
    )
    assert found.cause == "undetermined"
    assert Reason.NO_AUTH in {lack.reason for lack in found.lacks}


def test_a_mailbox_that_answers_without_a_user_is_not_called_missing() -> None:
    nobody = {name: value for name, value in NOBODY.items() if name not in NO_MAILBOX}
    assert diagnosed(Scenario.INVALID_USER, **nobody).cause == "message_present"
