"""Authorization. With `easyauth`, App Service signs callers in, and their app roles are checked here.

App Service puts the signed-in principal into `X-MS-CLIENT-PRINCIPAL` (base64 JSON) and removes a header of that name
that a caller sends (https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities).

A role can be limited to a tenant: `Triage.Read.<tenantId>`. What a limited caller may see and change is decided by
`Caller` alone. `endpoint` (responses.py) gives it to each handler, `read_query` (queries.py) puts its tenants into each
query, and what has an ID goes through `Caller.own`. A route of `unlimited_endpoint` is closed to limited callers.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

import azure.functions as func

from triage.addresses import guid
from triage.api.problem_types import ProblemType
from triage.problems import Problem, TriageError
from triage.settings import Settings

HEADER = "X-MS-CLIENT-PRINCIPAL"
READ, WRITE = "Triage.Read", "Triage.Write"
# What a person is called, then an app by its client ID
# (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
_NAME_CLAIMS = (
    "preferred_username",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "name",
    "azp",
    "appid",
)
_ROLE_CLAIMS = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")


class AccessError(TriageError):
    """The caller is not signed in (401), or may not do this (403)."""

    def __init__(self, kind: ProblemType, detail: str, problems: list[Problem] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.problems = problems or []


class OfTenant(Protocol):
    """What belongs to a tenant; None: to none that is known."""

    @property
    def tenant_id(self) -> str | None:
        """The tenant's ID."""
        ...


T = TypeVar("T", bound=OfTenant)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the tenants that they may see or change. None: every tenant, and what belongs to none."""

    tenants: tuple[str, ...] | None = None
    name: str | None = None
    """Who is signed in; None with a function key."""

    def may(self, tenant_id: str | None) -> bool:
        """Whether the caller may see or change what belongs to a tenant."""
        return self.tenants is None or tenant_id in self.tenants

    def own(self, found: T | None) -> T | None:
        """What was found, or None if it belongs to another tenant: the caller does not learn that it exists."""
        return found if found is not None and self.may(found.tenant_id) else None

    def chosen(self, named: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """The tenants of a request that names some, or none. AccessError if one of them is another tenant."""
        if named is None:
            return self.tenants
        if not all(map(self.may, named)):
            detail = "Your app role does not include this tenant. An administrator can assign another one."
            raise AccessError(ProblemType.OTHER_TENANT, detail, [Problem("tenantId", "is not a tenant of your role")])
        return named


EVERYTHING = Caller()
"""The caller that no role limits."""


def identify(settings: Settings, request: func.HttpRequest) -> Caller:
    """The caller. AccessError if the principal does not have the app role for the method.

    With `keys`, the platform has checked the key, which allows everything. The webhook handshake (OPTIONS) reads and
    changes nothing, and its sender is not signed in.
    """
    if not settings.easyauth or request.method == "OPTIONS":
        return EVERYTHING
    principal = _Principal.of(header(request, HEADER))
    needed = READ if request.method in ("GET", "HEAD") else WRITE
    tenants = principal.tenants(needed)
    if tenants == ():
        detail = f"This needs the app role {needed}. An administrator can assign it."
        raise AccessError(ProblemType.ROLE_MISSING, detail)
    return Caller(tenants, principal.name)


def may_write(settings: Settings, request: func.HttpRequest) -> bool:
    """Whether the caller may change something in a tenant. AccessError if nobody is signed in."""
    return not settings.easyauth or _Principal.of(header(request, HEADER)).tenants(WRITE) != ()


def header(request: func.HttpRequest, name: str) -> str | None:
    """A header of the request. The SDK does not give its headers a type."""
    return cast("Mapping[str, str]", request.headers).get(name)


def _tenant_of(role: str, needed: str) -> str | None:
    """The tenant that a role is limited to; None for another role."""
    name, _, tenant_id = role.rpartition(".")
    try:
        return guid(tenant_id) if name == needed else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Principal:
    """Who is signed in, and the app roles."""

    name: str
    roles: set[str]

    @classmethod
    def of(cls, text: str | None) -> _Principal:
        """From the header. AccessError if there is none, or if it cannot be read."""
        if not text:
            raise AccessError(ProblemType.NOT_SIGNED_IN, "Sign in first. The request has no principal.")
        try:
            principal: Any = json.loads(base64.b64decode(text, validate=True))
            claims = [(claim.get("typ"), claim) for claim in cast("list[dict[str, Any]]", principal["claims"])]
            kinds = {*_ROLE_CLAIMS, principal.get("role_typ")}
            roles = {str(claim["val"]) for kind, claim in claims if kind in kinds}
            names = [str(claim.get("val")) for wanted in _NAME_CLAIMS for kind, claim in claims if kind == wanted]
            return cls(next(iter(names), "somebody without a name"), roles)
        except (binascii.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise AccessError(ProblemType.NOT_SIGNED_IN, "Sign in again. The principal cannot be read.") from None

    def tenants(self, needed: str) -> tuple[str, ...] | None:
        """The tenants that the app role is limited to: none without the role, and None if nothing limits it."""
        if needed in self.roles:
            return None
        return tuple(sorted(filter(None, (_tenant_of(role, needed) for role in self.roles))))
