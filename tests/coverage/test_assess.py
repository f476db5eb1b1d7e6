"""Who has a mailbox that counts, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import (
    EXCHANGE,
    FOUNDATION,
    INBOX,
    MAILBOX,
    SKU,
    answer,
    license,
    make_tenant,
    make_user,
    organization,
    plan,
)
from triage.coverage.assess import Known, address_of, assess, may_have_mailbox
from triage.diagnosis.causes import Cause
from triage.graph.evidence import Reason
from triage.graph.models.licenses import LicenseAssignmentState, ServicePlanInfo, SubscribedSku

NOBODY: dict[str, Any] = {"mail": None, "proxy_addresses": []}
UNLICENSED: dict[str, Any] = {"assigned_licenses": [], "assigned_plans": [], "provisioned_plans": []}
GUEST: dict[str, Any] = {
    "user_type": "Guest",
    "mail": "guest@home.example",
    "proxy_addresses": ["SMTP:guest@home.example"],
}
FAILED = [LicenseAssignmentState(sku_id=SKU, error="CountViolation")]


def skus(plan_id: str) -> list[SubscribedSku]:
    return [SubscribedSku(sku_id=SKU, sku_part_number="X", service_plans=[ServicePlanInfo(service_plan_id=plan_id)])]


def known(read: Any = None, domains: Any = None) -> Known:
    return Known(
        make_tenant(),
        answer("organization", organization("contoso.com") if domains is None else domains),
        answer("subscribed_skus", skus(EXCHANGE) if read is None else read),
    )


@pytest.mark.parametrize(("user", "counts"), [
    ({}, True),
    ({"account_enabled": False}, True),
    (UNLICENSED, True),  # a shared mailbox, or a mail user
    (NOBODY, True),  # licensed a moment ago
    (NOBODY | UNLICENSED, False),
    (NOBODY | UNLICENSED | {"proxy_addresses": ["SIP:a@contoso.com", "X500:/o=x"]}, False),
    (NOBODY | UNLICENSED | {"proxy_addresses": ["smtp:a@contoso.com"]}, True),
    (NOBODY | UNLICENSED | {"assigned_licenses": [license()], "assigned_plans": [plan(FOUNDATION)]}, False),
    (NOBODY | UNLICENSED | {"assigned_plans": [plan(status="Deleted")]}, True),
    (NOBODY | UNLICENSED | {"assigned_licenses": [license(EXCHANGE)]}, True),
    (NOBODY | UNLICENSED | {"assigned_plans": None}, True),  # Graph doesn't show it
    (GUEST | UNLICENSED, False),
    (GUEST, True),
    (GUEST | UNLICENSED | {"proxy_addresses": ["smtp:guest@contoso.com"]}, True),
    (UNLICENSED | {"user_principal_name": "guest_home.example#EXT#@contoso.com", "mail": "guest@home.example", "proxy_addresses": []}, False),
])  # fmt: skip
def test_who_may_have_a_mailbox(user: dict[str, Any], counts: bool) -> None:
    assert may_have_mailbox(make_user(**user), known()) is counts


def test_a_license_that_could_not_be_assigned_counts_if_it_may_include_a_mailbox() -> None:
    user = make_user(**NOBODY, **UNLICENSED, license_assignment_states=FAILED)
    assert may_have_mailbox(user, known())
    assert may_have_mailbox(user, known(Reason.FORBIDDEN)), "what it includes is not known"
    assert not may_have_mailbox(user, known(skus(FOUNDATION)))


def test_a_guest_counts_if_the_domains_are_not_known() -> None:
    assert may_have_mailbox(make_user(**GUEST, **UNLICENSED), known(domains=Reason.UNAVAILABLE))


@pytest.mark.parametrize(("user", "inbox", "cause"), [
    ({}, INBOX, None),
    ({"user_type": "Guest"}, INBOX, None),
    (UNLICENSED, INBOX, None),
    ({"on_premises_sync_enabled": True}, INBOX, None),
    ({}, None, Cause.MAILBOX_DISCONNECTED),
    (UNLICENSED, None, Cause.MAILBOX_UNLICENSED),
    ({"on_premises_sync_enabled": True}, None, Cause.MAILBOX_ON_PREMISES),
    (UNLICENSED | {"license_assignment_states": FAILED}, None, Cause.LICENSE_ASSIGNMENT_FAILED),
    ({"assigned_plans": None}, INBOX, None),
    ({"assigned_plans": None}, None, Cause.UNDETERMINED),
    ({}, Reason.FORBIDDEN, Cause.UNDETERMINED),
    ({"user_type": "Guest"}, Reason.THROTTLED, Cause.UNDETERMINED),
])  # fmt: skip
def test_what_is_said_of_a_mailbox(user: dict[str, Any], inbox: Any, cause: Cause | None) -> None:
    found = assess(make_user(**user), answer("mailbox", inbox), known())
    assert found is not None
    assert (found.mailbox, found.obstacle.cause if found.obstacle else None) == (MAILBOX, cause)


def test_what_could_not_be_read_is_named() -> None:
    unread = assess(make_user(), answer("mailbox", Reason.FORBIDDEN), known())
    assert unread is not None and unread.obstacle is not None
    assert [(lack.check, lack.permission) for lack in unread.obstacle.lacks] == [("mailbox", "Mail.ReadBasic.All")]


def test_a_guest_without_a_mailbox_here_is_none() -> None:
    assert assess(make_user(user_type="Guest"), answer("mailbox", None), known()) is None


@pytest.mark.parametrize(("user", "address"), [
    ({"mail": "Adele.Vance@Contoso.com"}, "adele.vance@contoso.com"),
    ({"mail": None, "proxy_addresses": ["smtp:b@contoso.com", "SMTP:A@contoso.com", "SIP:s@contoso.com"]}, "a@contoso.com"),
    ({"mail": None, "proxy_addresses": None}, MAILBOX),
    ({"mail": "grüße@bücher.example"}, "grüße@xn--bcher-kva.example"),
    ({"mail": "no address"}, "no address"),
    ({"mail": None, "proxy_addresses": None, "user_principal_name": None}, "user-object"),
])  # fmt: skip
def test_the_address_of_a_mailbox(user: dict[str, Any], address: str) -> None:
    assert address_of(make_user(**user)) == address
