"""The causes about the address: who has it, if no user does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.factories import (
    APP_ID,
    ELSEWHERE,
    INBOX,
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
    message_in,
    organization,
    owner,
    principal,
    registration,
)
from triage.graph.evidence import Lack, Reason
from triage.graph.models.directory import Organization, Recipient, User
from triage.intake.scenario import Scenario
from triage.settings import Mode

SINGLE = make_app(service_principal=principal(sign_in_audience="AzureADMyOrg"))
IN_INBOX = {**message_in("inbox"), "mailbox": INBOX}
DELETED = User(
    id="gone", user_principal_name=f"{'0' * 32}{MAILBOX}", deleted_date_time=datetime(2026, 11, 18, tzinfo=UTC)
)
SOFT_DELETED = " Its mailbox is soft-deleted with it for 30 days, or inactive under a hold."
GUEST = (
    f"{MAILBOX} is a guest in this tenant, and no mailbox here answers: the mailbox is in the guest's own organization."
)
TAGGED = "adele+news@contoso.com"
ELSEWHERE_SINGLE = make_app(service_principal=None, app_elsewhere=principal(sign_in_audience="AzureADMyOrg"))
SURE = {"domain_unknown": "probable", "user_not_found": "probable"}

GIVES: list[tuple[str, str, dict[str, Any], str]] = [
    ("user_deleted", "medium", {"deleted_user": DELETED}, f"{MAILBOX} was deleted on 2026-11-18.{SOFT_DELETED}"),
    ("user_deleted", "medium", {"deleted_user": User(id="x")}, f"{MAILBOX} was deleted.{SOFT_DELETED}"),
    ("recipient_is_group", "low", {"group": Recipient(id="g", group_types=["Unified"])},
     f"{MAILBOX} is the address of a Microsoft 365 group, not of a person's mailbox."),
    ("recipient_is_group", "low", {"group": Recipient(id="g")},
     f"{MAILBOX} is the address of a distribution or security group, not of a person's mailbox."),
    ("recipient_is_contact", "low", {"contact": Recipient(id="c")},
     f"{MAILBOX} is a mail contact: its mailbox is in another organization."),
    ("guest_user", "low", {"user": make_user(user_type="Guest")},
     GUEST),
    ("guest_user", "low", {"user": make_user(user_type=None, user_principal_name="a_b.c#EXT#@contoso.com")},
     GUEST),
    ("guest_user", "low", {"alias": make_user(user_type="Guest")},
     GUEST),
    ("app_single_tenant", "high", {**ELSEWHERE, "domain_owner": owner(), "app": SINGLE},
     f"contoso.com belongs to another tenant (Fabrikam {OTHER_TENANT_ID}), and the Email Threat Defense app can "
     "access only accounts of its own tenant."),
    ("app_single_tenant", "high", {"app": ELSEWHERE_SINGLE},
     f"The Email Threat Defense app {APP_ID} can access only accounts of its own tenant. That is another one of the "
     "configured tenants, so the app can't be in this tenant."),
    ("recipient_is_group", "low", {"group": Recipient(id="g"), "deleted_user": DELETED},
     f"{MAILBOX} is the address of a distribution or security group, not of a person's mailbox. A user who had the address "
     "was deleted on 2026-11-18."),
    ("recipient_is_contact", "low", {"contact": Recipient(id="c"), "deleted_user": DELETED},
     f"{MAILBOX} is a mail contact: its mailbox is in another organization. A user who had the address was deleted on "
     "2026-11-18."),
    ("domain_in_other_tenant", "high", {**ELSEWHERE, "domain_owner": owner()},
     f"contoso.com belongs to another tenant (Fabrikam {OTHER_TENANT_ID}): Email Threat Defense must be authorized "
     "there."),
    ("domain_unknown", "medium", {**ELSEWHERE, "domain_owner": None},
     "contoso.com is not verified in this tenant, and it is in no other tenant that Graph shows."),
    ("user_not_found", "medium", {},
     f"No user, deleted user, group, or contact that Graph shows has the address {MAILBOX}, although its domain is "
     "verified in this tenant."),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "severity", "given", "summary"), GIVES)
@pytest.mark.parametrize("scenario", list(Scenario))
def test_the_evidence_gives_the_expected_cause(
    scenario: Scenario, cause: str, severity: str, given: dict[str, Any], summary: str
) -> None:
    found = diagnosed(scenario, **{**NOBODY, **given})
    if scenario in (Scenario.UNKNOWN_REASON, Scenario.UNCLASSIFIED) and "app" in given:
        assert found.cause == cause, "app_not_found comes first, and this is not the case of it"
    assert (found.cause, found.confidence, found.severity) == (cause, SURE.get(cause, "confirmed"), severity)
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
    ("a contact of a deleted user's address", "recipient_is_contact",
     {"deleted_user": DELETED, "contact": Recipient(id="c")}),
    ("a deleted user's address, which somebody has as an alias", "mailbox_disconnected",
     {"deleted_user": DELETED, "alias": make_user()}),
    ("a deleted user's address, which somebody has without its tag", "mailbox_disconnected",
     {"deleted_user": DELETED, "untagged": make_user()}),
    ("a guest whose mailbox here answers", "message_present",
     {"user": make_user(user_type="Guest"), **IN_INBOX}),
    ("a user without the tag", "mailbox_disconnected", {"untagged": make_user()}),
    ("a group with the tag, a user without", "recipient_is_group", {"group": Recipient(id="g"), "untagged": make_user()}),
    ("a guest without the tag", "guest_user", {"untagged": make_user(user_type="Guest")}),
    ("nobody without the tag either", "user_not_found", {"untagged": None}),
    ("no app here, and elsewhere one for every tenant", "user_not_found",
     {"app": make_app(service_principal=None, app_elsewhere=principal())}),
    ("no app here nor elsewhere", "user_not_found", {"app": make_app(service_principal=None, app_elsewhere=None)}),
    ("a deleted app, and elsewhere one for that tenant only", "user_not_found",
     {"app": make_app(service_principal=None, deleted_service_principal=[principal()], app_elsewhere=SINGLE.service_principal)}),
    ("an app that was not read, and elsewhere one for every tenant", "user_not_found",
     {"app": make_app(service_principal=Reason.FORBIDDEN, app_elsewhere=principal())}),
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
def test_evidence_that_almost_fits_gives_another_cause(cause: str, given: dict[str, Any]) -> None:
    assert diagnosed(Scenario.INVALID_USER, **{**NOBODY, **given}).cause == cause


UNREAD: list[tuple[str, dict[str, Any]]] = [
    ("user", {"user": Reason.FORBIDDEN}),
    ("alias", {"alias": Reason.FORBIDDEN}),
    ("deleted_user", {"deleted_user": Reason.FORBIDDEN}),
    ("group", {"group": Reason.FORBIDDEN}),
    ("contact", {"contact": Reason.FORBIDDEN}),
    ("untagged", {"untagged": Reason.FORBIDDEN}),
    ("group", {"deleted_user": DELETED, "group": Reason.FORBIDDEN}),
    ("contact", {"deleted_user": DELETED, "contact": Reason.FORBIDDEN}),
    ("group", {"untagged": make_user(), "group": Reason.FORBIDDEN}),
    ("mailbox", {"user": make_user(user_type="Guest"), "mailbox": Reason.FORBIDDEN, "message": Reason.FORBIDDEN}),
    ("app_elsewhere", {"app": make_app(service_principal=None, app_elsewhere=Reason.FORBIDDEN)}),
    ("organization", {"organization": Reason.FORBIDDEN}),
    ("domain_owner", {**ELSEWHERE, "domain_owner": Reason.FORBIDDEN}),
]


@pytest.mark.parametrize(("check", "given"), UNREAD)
@pytest.mark.parametrize("scenario", list(Scenario))
def test_unread(scenario: Scenario, check: str, given: dict[str, Any]) -> None:
    found = diagnosed(scenario, **{**NOBODY, **given})
    assert found.cause == "undetermined"
    assert found.lacks == (Lack(check=check, reason=Reason.FORBIDDEN, permission=PERMISSION[check]),)


@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize("found", ["group", "contact"])
def test_a_group_or_a_contact_is_enough_whatever_was_not_read_besides(scenario: Scenario, found: str) -> None:
    others = {"group", "contact", "deleted_user", "domain_owner", "organization", "untagged"} - {found}
    given = {**NOBODY, **dict.fromkeys(others, Reason.FORBIDDEN), found: Recipient(id="r")}
    recipient = diagnosed(scenario, **given)
    assert (recipient.cause, recipient.lacks) == (f"recipient_is_{found}", ())


@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_single_tenant_app_that_cannot_be_here_needs_the_app_to_be_read(scenario: Scenario) -> None:
    unread = make_app(service_principal=Reason.TIMEOUT, app_elsewhere=principal(sign_in_audience="AzureADMyOrg"))
    found = diagnosed(scenario, **NO_MAILBOX, app=unread)
    assert (found.cause, found.lacks) == ("undetermined", (Lack(check="service_principal", reason=Reason.TIMEOUT),))


def test_a_mailbox_that_answers_under_the_address_without_its_tag() -> None:
    tagged = {**NOBODY, **IN_INBOX, "untagged": make_user(user_principal_name="a@contoso.com")}
    found = diagnosed(Scenario.INVALID_USER, {"mailbox": TAGGED}, **tagged)
    assert found.cause == "address_is_alias"
    assert found.summary.startswith(f"{TAGGED} is another address of a@contoso.com, whose mailbox answers")
    assert diagnosed(Scenario.RESOURCE_NOT_FOUND, {"mailbox": TAGGED}, **tagged).cause == "message_present"


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
