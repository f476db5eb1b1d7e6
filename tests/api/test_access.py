"""With `easyauth`, a caller needs a principal (401) and the app role of the method (403), for all tenants or some."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import OTHER_TENANT_ID, TENANT_ID, make_tenant
from triage.api.access import EVERYTHING, AccessError, Caller, identify, may_write
from triage.settings import Settings, Storage

EASYAUTH = Settings(storage=Storage(), tenants=(make_tenant(),), auth="easyauth")
KEYS = EASYAUTH.model_copy(update={"auth": "keys"})
LONG = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"


def request(method: str, principal: str | None) -> func.HttpRequest:
    headers = {} if principal is None else {"x-ms-client-principal": principal}
    return func.HttpRequest(method, "https://triage.example/api/findings", headers=headers, body=b"")


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def principal(*roles: str, typ: str = "roles", **more: Any) -> str:
    return encoded({"auth_typ": "aad", "claims": [{"typ": typ, "val": role} for role in roles], **more})


def status(method: str, header: str | None, settings: Settings = EASYAUTH) -> HTTPStatus:
    try:
        identify(settings, request(method, header))
    except AccessError as error:
        assert str(error)
        return error.kind.status
    return HTTPStatus.OK


@pytest.mark.parametrize(("method", "roles", "expected"), [
    ("GET", ["Triage.Read"], 200), ("HEAD", ["Triage.Read"], 200), ("POST", ["Triage.Write"], 200),
    ("GET", ["Triage.Write"], 403), ("POST", ["Triage.Read"], 403), ("DELETE", ["Triage.Read"], 403),
    ("GET", [], 403), ("POST", [], 403), ("GET", ["triage.read"], 403), ("GET", ["Triage.ReadX"], 403),
    ("GET", ["Other", "Triage.Read"], 200), ("POST", ["Triage.Read", "Triage.Write"], 200),
])  # fmt: skip
def test_roles(method: str, roles: list[str], expected: int) -> None:
    assert status(method, principal(*roles)) == expected
    assert status(method, principal(*roles, typ=LONG)) == expected
    assert status(method, principal(*roles, typ="my-roles", role_typ="my-roles")) == expected


@pytest.mark.parametrize(("roles", "expected"), [
    (["Triage.Read"], False), (["Triage.Read", "Triage.Write"], True), (["Triage.Write.nonsense"], False),
    (["Triage.Read", "Triage.Write.c0470500-0000-4000-8000-000000000001"], True),
])  # fmt: skip
def test_who_may_change_something(roles: list[str], expected: bool) -> None:
    assert may_write(EASYAUTH, request("GET", principal(*roles))) is expected
    assert may_write(KEYS, request("GET", None))


def test_another_claim_is_not_a_role() -> None:
    assert status("GET", principal("Triage.Read", typ="name")) == 403
    assert status("GET", principal("Triage.Read", typ="name", role_typ="roles")) == 403


def test_the_error_names_the_role() -> None:
    with pytest.raises(AccessError, match=r"This needs the app role Triage\.Write"):
        identify(EASYAUTH, request("POST", principal("Triage.Read")))


@pytest.mark.parametrize("header", [
    None, "", "%", "bm9uc2Vuc2U=", encoded([]), encoded(None), encoded("x"), encoded({}), encoded({"claims": None}),
    encoded({"claims": 5}), encoded({"claims": ["x"]}), encoded({"claims": [{"typ": "roles"}]}),
    encoded({"claims": [], "role_typ": []}), encoded({"claims": [{"typ": []}]}), base64.b64encode(b"\xff").decode(),
])  # fmt: skip
def test_without_a_readable_principal(header: str | None) -> None:
    assert status("GET", header) == 401
    assert status("POST", header) == 401


def test_the_handshake_needs_no_principal() -> None:
    assert status("OPTIONS", None) == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_with_keys_the_platform_has_checked(method: str) -> None:
    assert status(method, None, KEYS) == 200
    assert status(method, "nonsense", KEYS) == 200


@given(st.text(max_size=30) | st.binary(max_size=30).map(lambda data: base64.b64encode(data).decode()))
def test_no_other_header_is_accepted(header: str) -> None:
    assert status("GET", header) in (401, 403)


@pytest.mark.parametrize(("method", "roles", "tenants"), [
    ("GET", ["Triage.Read"], None), ("POST", ["Triage.Write"], None),
    ("GET", ["Triage.Read", f"Triage.Read.{TENANT_ID}"], None),
    ("GET", [f"Triage.Read.{TENANT_ID.upper()}"], (TENANT_ID,)),
    ("POST", [f"Triage.Write.{OTHER_TENANT_ID}", f"Triage.Write.{TENANT_ID}"], (TENANT_ID, OTHER_TENANT_ID)),
    ("GET", [f"Triage.Read.{TENANT_ID}", f"Triage.Write.{OTHER_TENANT_ID}"], (TENANT_ID,)),
    ("GET", [f"Triage.Read.{TENANT_ID}", "Triage.Write"], (TENANT_ID,)),
])  # fmt: skip
def test_the_tenants_of_roles(method: str, roles: list[str], tenants: tuple[str, ...] | None) -> None:
    assert identify(EASYAUTH, request(method, principal(*roles))).tenants == tenants


@pytest.mark.parametrize(("claims", "name"), [
    ({"name": "Adele", "preferred_username": "adele@contoso.com"}, "adele@contoso.com"),
    ({"name": "Adele"}, "Adele"), ({"azp": "an app", "name": "x"}, "x"), ({"appid": "an app"}, "an app"),
    ({"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "adele@contoso.com"}, "adele@contoso.com"),
    ({}, "somebody without a name"),
])  # fmt: skip
def test_who_is_signed_in(claims: dict[str, str], name: str) -> None:
    values = [{"typ": typ, "val": value} for typ, value in {"roles": "Triage.Read", **claims}.items()]
    assert identify(EASYAUTH, request("GET", encoded({"claims": values}))).name == name
    assert identify(KEYS, request("GET", encoded({"claims": values}))).name is None


@pytest.mark.parametrize("role", ["Triage.Read.", "Triage.Read.contoso.com", f"Triage.Read{TENANT_ID}",
                                  f"Triage.Read.{TENANT_ID}.x", f"triage.read.{TENANT_ID}", f".{TENANT_ID}"])  # fmt: skip
def test_a_malformed_tenant_role_is_refused(role: str) -> None:
    assert status("GET", principal(role)) == 403


def test_what_a_caller_may_see() -> None:
    tenant, nobodys = make_tenant(), _Thing(None)
    limited, other = Caller((tenant.tenant_id,)), Caller(("x",))
    assert (limited.own(tenant), EVERYTHING.own(tenant), other.own(tenant)) == (tenant, tenant, None)
    assert (limited.own(nobodys), EVERYTHING.own(nobodys), limited.own(None)) == (None, nobodys, None)
    assert (limited.chosen(None), EVERYTHING.chosen(None), EVERYTHING.chosen(("x",))) == (limited.tenants, None, ("x",))
    assert limited.chosen(limited.tenants) == limited.tenants
    with pytest.raises(AccessError, match="does not include this tenant"):
        limited.chosen((tenant.tenant_id, "x"))


@dataclass
class _Thing:
    tenant_id: str | None
