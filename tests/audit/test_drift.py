"""What changed between two audits of a tenant."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import delegated, grants, make_app, make_tenant, principal
from triage.audit.assess import assess
from triage.audit.drift import drift
from triage.audit.model import Audit, new_audit
from triage.graph.evidence import AppEvidence, Reason
from triage.settings import Mode

BOTH = ("Mail.ReadWrite", "Organization.Read.All")


def audit(identifier: str, app: AppEvidence | None = None, **tenant: Any) -> Audit:
    given = make_tenant(**tenant)
    return assess(new_audit(given).model_copy(update={"id": identifier}), given, app or make_app(), 30, several=False)


def test_a_first_audit_has_no_drift() -> None:
    assert drift(audit("2"), []) is None


def test_nothing_changed() -> None:
    found = drift(audit("2"), [audit("1")])
    assert found is not None
    assert found.wire() == {"since": "1", "granted": [], "revoked": [], "changed": []}


def test_grants_and_revocations() -> None:
    before = audit("1", make_app(delegated_grants=delegated("User.Read")))
    after = audit(
        "2", make_app(permissions=grants("Mail.ReadWrite", "Mail.Send"), delegated_grants=delegated("Mail.Send"))
    )
    found = drift(after, [before, audit("0")])
    assert found is not None
    assert (found.since, found.granted) == ("1", ["Mail.Send", "Mail.Send (delegated)"])
    assert found.revoked == ["Organization.Read.All", "User.Read (delegated)"]


def test_changes_of_the_service_principal() -> None:
    after = audit(
        "2", make_app(service_principal=principal(account_enabled=False, sign_in_audience=None, display_name="X"))
    )
    found = drift(after, [audit("1")])
    assert found is not None
    assert found.changed == [
        "displayName: Cisco Email Threat Defense -> X",
        "accountEnabled: true -> false",
        "signInAudience: AzureADMultipleOrgs -> null",
    ]


def test_an_app_that_went_and_came_back() -> None:
    gone = audit("2", make_app(service_principal=None))
    went, back = drift(gone, [audit("1")]), drift(audit("3"), [gone])
    assert went is not None
    assert back is not None
    assert (went.changed, went.revoked) == (
        ["servicePrincipal: present -> absent"],
        ["Mail.ReadWrite", "Organization.Read.All"],
    )
    assert (back.changed, back.granted) == (["servicePrincipal: absent -> present"], went.revoked)
    still = drift(gone, [gone])
    assert still is not None
    assert still.changed == []


def test_an_audit_that_could_not_read_shows_no_change() -> None:
    blind = audit("2", make_app().all_unread(Reason.TIMEOUT))
    found = drift(blind, [audit("1")])
    assert found is not None
    assert found.wire() == {"since": "1", "granted": [], "revoked": [], "changed": []}
    # The next one is compared with the last that could read.
    after = audit(
        "3", make_app(permissions=grants(*BOTH, "Mail.Send"), service_principal=principal(account_enabled=False))
    )
    seen = drift(after, [blind, audit("1")])
    assert seen is not None
    assert (seen.since, seen.granted, seen.changed) == ("1", ["Mail.Send"], ["accountEnabled: true -> false"])
    never = drift(after, [blind])
    assert never is not None
    assert (never.since, never.granted, never.changed) == ("2", [], [])


def test_delegated_grants_that_could_not_be_read_are_not_revoked() -> None:
    before = audit("1", make_app(delegated_grants=delegated("User.Read", "Mail.Send")))
    blind = audit("2", make_app(delegated_grants=Reason.FORBIDDEN))
    found = drift(blind, [before])
    assert found is not None
    assert (found.granted, found.revoked) == ([], [])
    again = drift(before.model_copy(update={"id": "3"}), [blind, before])
    assert again is not None
    assert (again.granted, again.revoked) == ([], [])
    fewer = drift(audit("4", make_app(delegated_grants=delegated("User.Read"))), [blind, before])
    assert fewer is not None
    assert (fewer.granted, fewer.revoked) == ([], ["Mail.Send (delegated)"])


def test_a_tenant_that_had_no_app() -> None:
    none = new_audit(make_tenant(mode=Mode.NO_AUTH))
    found = drift(audit("2"), [none])
    assert found is not None
    assert (found.granted, found.changed) == (sorted(BOTH), ["servicePrincipal: absent -> present"])


@pytest.mark.parametrize(("old", "new", "change"), [
    ({"is_disabled": None}, {"is_disabled": True}, "isDisabled: null -> true"),
    ({"is_disabled": True}, {"is_disabled": False}, "isDisabled: true -> false"),
    ({"display_name": "1"}, {"display_name": "0"}, "displayName: 1 -> 0"),
    ({"display_name": "True"}, {"display_name": None}, "displayName: True -> null"),
])  # fmt: skip
def test_a_value_is_written_as_json_writes_it(old: dict[str, Any], new: dict[str, Any], change: str) -> None:
    before, after = (
        audit(str(index), make_app(service_principal=principal(**one))) for index, one in enumerate((old, new))
    )
    found = drift(after, [before])
    assert found is not None
    assert found.changed == [change]


def test_an_unread_principal_is_not_an_absent_one() -> None:
    unread, absent = (make_app(service_principal=what) for what in (Reason.FORBIDDEN, None))
    assert (audit("1", unread).knows_principal, audit("1", absent).knows_principal) == (False, True)
    for before, after in ((unread, absent), (absent, unread), (unread, make_app())):
        found = drift(audit("2", after), [audit("1", before)])
        assert found is not None
        assert found.changed == []
