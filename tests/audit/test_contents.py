"""What an audit shows about the app: permissions, credentials, and what was unreadable."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import (
    NOW,
    credential,
    delegated,
    grants,
    make_app,
    make_tenant,
    registration,
)
from triage.audit.contents import audited_credentials, audited_permissions, audited_principal, unreadable
from triage.audit.model import Unreadable
from triage.graph.evidence import AppEvidence, Reason
from triage.graph.models.applications import AppRole, AppRoleAssignment, ServicePrincipal
from triage.graph.permissions import PERMISSIONS
from triage.settings import Mode, Tenant

BOTH = ("Mail.ReadWrite", "Organization.Read.All")


def states(app: AppEvidence, tenant: Tenant | None = None) -> dict[tuple[str, str], tuple[str, str]]:
    found = audited_permissions(app, tenant or make_tenant())
    assert len({(one.name, one.type) for one in found}) == len(found)
    return {(one.name, one.type): (one.need, one.state) for one in found}


def test_permissions_of_an_app_in_order() -> None:
    app = make_app(permissions=grants(*BOTH, "Mail.Send"), delegated_grants=delegated("User.Read", "openid"))
    assert states(app) == {
        ("Mail.ReadWrite", "application"): ("required", "granted"),
        ("Organization.Read.All", "application"): ("required", "granted"),
        ("Domain.Read.All", "application"): ("documented", "missing"),
        ("User.Read.All", "application"): ("documented", "missing"),
        ("Group.Read.All", "application"): ("documented", "missing"),
        ("GroupMember.Read.All", "application"): ("documented", "missing"),
        ("Mail.Send", "application"): ("extra", "granted"),
        ("User.Read", "delegated"): ("documented", "granted"),
        ("openid", "delegated"): ("extra", "granted"),
    }


def test_ids_and_privilege_levels() -> None:
    app = make_app(permissions=grants(*BOTH, "User.ReadWrite.All"), delegated_grants=delegated("User.Read", "odd"))
    found = {(one.name, one.type): one for one in audited_permissions(app, make_tenant())}
    assert found["Mail.ReadWrite", "application"].id == PERMISSIONS["Mail.ReadWrite"].role_id
    assert found["User.Read", "delegated"].id == PERMISSIONS["User.Read"].scope_id
    assert found["odd", "delegated"].id is None
    levels = {one.name: one.privilege_level for one in found.values()}
    assert (levels["Mail.ReadWrite"], levels["User.ReadWrite.All"], levels["User.Read"]) == (3, 4, None)


@pytest.mark.parametrize(("granted", "name", "state"), [
    (("Mail.ReadWrite", "Directory.Read.All"), "Organization.Read.All", ("included", "Directory.Read.All")),
    (("Mail.ReadWrite", "Organization.ReadWrite.All"), "Organization.Read.All", ("included", "Organization.ReadWrite.All")),
    (("Mail.ReadWrite", "Organization.Read.All", "Directory.Read.All"), "Organization.Read.All", ("granted", None)),
    (("Mail.ReadWrite", "User.Read.All"), "Organization.Read.All", ("missing", None)),
    (("Mail.Read",), "Mail.ReadWrite", ("missing", None)),
    (("Group.Read.All",), "GroupMember.Read.All", ("included", "Group.Read.All")),
    (("GroupMember.Read.All",), "Group.Read.All", ("missing", None)),
])  # fmt: skip
def test_a_permission_that_another_one_includes(
    granted: tuple[str, ...], name: str, state: tuple[str, str | None]
) -> None:
    found = {one.name: one for one in audited_permissions(make_app(permissions=grants(*granted)), make_tenant())}
    assert (found[name].state, found[name].included_in) == state
    assert {found[one].need for one in granted} <= {"required", "documented", "extra"}, "what includes it is listed too"


def test_mail_read_is_included_in_mail_read_write_in_read_mode() -> None:
    found = audited_permissions(make_app(), make_tenant(mode=Mode.READ))
    assert [(one.name, one.need, one.state, one.included_in) for one in found if one.name.startswith("Mail.")] == [
        ("Mail.Read", "required", "included", "Mail.ReadWrite"),
        ("Mail.ReadWrite", "extra", "granted", None),
    ]


def test_the_state_says_why_a_permission_is_missing() -> None:
    app = make_app(
        permissions=[],
        delegated_grants=delegated("Domain.Read.All"),
        registration=registration(roles=["Mail.ReadWrite"], scopes=["Organization.Read.All"]),
    )
    found = states(app)
    assert found["Mail.ReadWrite", "application"] == ("required", "consent_missing")
    assert found["Organization.Read.All", "application"] == ("required", "delegated_only")
    assert found["Domain.Read.All", "application"] == ("documented", "delegated_only")
    assert found["User.Read.All", "application"] == ("documented", "missing")
    assert found["Domain.Read.All", "delegated"] == ("extra", "granted")


@pytest.mark.parametrize("changes", [
    {"permissions": Reason.FORBIDDEN}, {"graph_service_principal": Reason.TIMEOUT}, {"service_principal": Reason.THROTTLED},
])  # fmt: skip
def test_unread_grants_are_unknown_and_not_missing(changes: dict[str, Any]) -> None:
    found = states(make_app(**changes))
    assert {state for (_, kind), (_, state) in found.items() if kind == "application"} == {"unknown"}


def test_unread_delegated_grants() -> None:
    found = states(make_app(delegated_grants=Reason.FORBIDDEN))
    assert found["User.Read", "delegated"] == ("documented", "unknown")
    assert found["Mail.ReadWrite", "application"] == ("required", "granted")


def test_an_app_that_is_not_there_has_no_permission() -> None:
    assert {state for _, state in states(make_app(service_principal=None)).values()} == {"missing"}


def test_expected_permissions_are_documented_ones() -> None:
    tenant = make_tenant(expected_permissions=("Mail.Send", "User.Read.All", "Mail.ReadWrite", "Odd.Permission"))
    found = states(make_app(permissions=grants(*BOTH, "Mail.Send")), tenant)
    assert found["Mail.Send", "application"] == ("documented", "granted")
    assert found["Odd.Permission", "application"] == ("documented", "missing")
    assert found["Mail.ReadWrite", "application"] == ("required", "granted")


def test_names_from_graph_itself() -> None:
    graph = ServicePrincipal(
        id="graph-object", app_roles=[AppRole(id="r-1", value="New.Permission"), AppRole(id="r-2")]
    )
    odd = [AppRoleAssignment(app_role_id=one, resource_id="graph-object") for one in ("r-1", "r-2", None)]
    app = make_app(graph_service_principal=graph, permissions=[*grants(*BOTH), *odd])
    assert {name for name, _ in states(app)} >= {"New.Permission", "r-2"}
    tenant = make_tenant(expected_permissions=("New.Permission",))
    assert states(app, tenant)["New.Permission", "application"] == ("documented", "granted")


def test_without_a_mode_nothing_is_required() -> None:
    assert all(need != "required" for need, _ in states(make_app(), make_tenant(mode=Mode.NO_AUTH)).values())


DAY = timedelta(days=1)


@pytest.mark.parametrize(("end", "days_left", "state"), [
    (NOW + 30 * DAY, 30, "valid"), (NOW + 30 * DAY - timedelta(seconds=1), 29, "expiring"),
    (NOW + timedelta(seconds=1), 0, "expiring"), (NOW, 0, "expired"), (NOW - DAY, -1, "expired"),
    (NOW - timedelta(seconds=1), -1, "expired"), (None, None, "valid"),
])  # fmt: skip
def test_credentials(end: Any, days_left: int | None, state: str) -> None:
    app = make_app(registration=registration(
        password_credentials=[credential(end, display_name="s")], key_credentials=[credential(end)]))  # fmt: skip
    secret, certificate = audited_credentials(app, NOW, 30)
    assert (secret.kind, secret.display_name, secret.days_left, secret.state) == ("secret", "s", days_left, state)
    assert (certificate.kind, certificate.display_name, certificate.state) == ("certificate", None, state)


def test_credentials_that_cannot_be_seen() -> None:
    assert audited_credentials(make_app(registration=None), NOW, 30) == []
    assert audited_credentials(make_app(registration=Reason.TIMEOUT), NOW, 30) == []


def test_what_was_unreadable() -> None:
    app = make_app(delegated_grants=Reason.FORBIDDEN, registration=Reason.TIMEOUT)
    assert [one.wire() for one in unreadable(app.answers())] == [
        {"check": "delegated_grants", "question": "Which delegated permissions does the app have?",
         "reason": "forbidden", "permission": "Directory.Read.All"},
        {"check": "registration", "question": "Are the credentials of the app's registration still valid?",
         "reason": "timeout", "permission": None},
    ]  # fmt: skip
    assert unreadable(make_app().answers()) == []
    everything = make_app().all_unread(Reason.TIMEOUT)
    assert len(unreadable(everything.answers())) == 8
    assert audited_principal(everything) is None


def test_an_audit_from_before_the_check_was_stored_can_be_read() -> None:
    stored = {"question": "delegated grants", "reason": "forbidden", "permission": "Directory.Read.All"}
    assert Unreadable.model_validate(stored).wire() == {"check": "", **stored}
