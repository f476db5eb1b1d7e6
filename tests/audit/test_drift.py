"""What changed between two audits of a tenant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories import APP_ID, delegated, grants, make_app, make_tenant, principal
from triage.audit.assess import assess
from triage.audit.drift import culprits, drift
from triage.audit.model import Audit, new_audit
from triage.graph.directory_audits import DirectoryAudit
from triage.graph.evidence import Answer, AppEvidence, Reason, State
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
    assert found.wire() == {"since": "1", "granted": [], "revoked": [], "changed": [], "by": None}


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
    assert found.wire() == {"since": "1", "granted": [], "revoked": [], "changed": [], "by": None}
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


GRANT = "Add app role assignment to service principal"
PRINCIPAL = principal().id or ""


def entry(activity: str = GRANT, **changes: Any) -> DirectoryAudit:
    """An entry of the log, as Graph has it: a change of a grant is logged under the resource."""
    return DirectoryAudit.model_validate(
        {
            "activityDateTime": "2026-11-20T10:00:00Z",
            "activityDisplayName": activity,
            "result": "success",
            "initiatedBy": {"user": {"userPrincipalName": "admin@contoso.com"}, "app": None},
            "targetResources": [target("graph-object", "ServicePrincipal.ObjectID", json.dumps(PRINCIPAL))],
            **changes,
        }
    )


def target(identifier: str, name: str = "x", new: str | None = None, old: str | None = None) -> dict[str, Any]:
    changed = {"displayName": name, "newValue": new, "oldValue": old}
    return {"id": identifier, "modifiedProperties": [changed]}


def read(*entries: DirectoryAudit) -> Answer[list[DirectoryAudit]]:
    return Answer("app_changes", State.READ, list(entries))


OF_THE_APP: list[tuple[str, dict[str, Any]]] = [
    ("a grant, under the resource", {}),
    ("a removal, with the old value", {"targetResources": [
        target("graph-object", "ServicePrincipal.ObjectID", None, json.dumps(PRINCIPAL))]}),
    ("by the app's id", {"targetResources": [target("x", "ServicePrincipal.AppId", json.dumps(APP_ID.upper()))]}),
    ("a value that is not JSON", {"targetResources": [target("x", "ServicePrincipal.AppId", APP_ID)]}),
    ("under the service principal", {"targetResources": [{"id": PRINCIPAL.upper()}]}),
    ("with a result that is not known", {"result": None}),
]  # fmt: skip


@pytest.mark.parametrize("changes", [row[1] for row in OF_THE_APP], ids=[row[0] for row in OF_THE_APP])
def test_an_entry_about_the_app(changes: dict[str, Any]) -> None:
    found = culprits(audit("2"), [audit("1")], read(entry(**changes)))
    assert found is not None
    assert [one.wire() for one in found] == [
        {"at": "2026-11-20T10:00:00Z", "activity": GRANT, "who": "admin@contoso.com"}
    ]


NOT_OF_THE_APP: list[tuple[str, dict[str, Any]]] = [
    ("another app", {"targetResources": [target("graph-object", "ServicePrincipal.ObjectID", json.dumps("other"))]}),
    (
        "the app's id in another property",
        {"targetResources": [target("graph-object", "AppRole.Id", json.dumps(APP_ID))]},
    ),
    ("a change that failed", {"result": "failure"}),
    ("nothing changed", {"targetResources": []}),
]


@pytest.mark.parametrize("changes", [row[1] for row in NOT_OF_THE_APP], ids=[row[0] for row in NOT_OF_THE_APP])
def test_an_entry_about_something_else(changes: dict[str, Any]) -> None:
    assert culprits(audit("2"), [audit("1")], read(entry(**changes))) == []


@pytest.mark.parametrize(("by", "who"), [
    ({"app": {"displayName": "Automation", "servicePrincipalId": "s"}}, "Automation"),
    ({"app": {"servicePrincipalId": "s"}, "user": None}, "s"),
    ({"user": {"id": "u"}}, "u"),
    ({"user": {}, "app": {}}, None),
    ({}, None),
    (None, None),
])  # fmt: skip
def test_who_it_was(by: dict[str, Any] | None, who: str | None) -> None:
    found = culprits(audit("2"), [audit("1")], read(entry(initiatedBy=by)))
    assert [one.who for one in found or []] == [who]


def test_the_newest_entry_comes_first_and_a_deleted_app_is_known_by_its_former_id() -> None:
    gone = audit("2", make_app(service_principal=None))
    removed = {"targetResources": [{"id": PRINCIPAL}], "activityDateTime": "2026-11-20T11:00:00.5Z"}
    found = culprits(gone, [audit("1")], read(entry(), entry("Remove service principal", **removed)))
    assert [one.activity for one in found or []] == ["Remove service principal", GRANT]


def test_a_log_that_was_not_read_names_nobody() -> None:
    for reason in (Reason.FORBIDDEN, Reason.UNSUPPORTED, Reason.TIMEOUT):
        assert culprits(audit("2"), [audit("1")], read().unread(reason)) is None
    assert culprits(audit("2"), [audit("1")], Answer("app_changes")) is None
    unread = audit("2", make_app().all_unread(Reason.UNAUTHENTICATED))
    assert culprits(unread, [audit("1")], read(entry())) is None, "it may be the log of another tenant"
