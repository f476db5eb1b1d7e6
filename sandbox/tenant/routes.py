"""The paths that the tenant knows, each with what it needs: a handler, a permission, a price in resource units.

Paths below the version. ``{}`` stands for one segment; a key in parentheses, ``servicePrincipals(appId='x')`` or
``users('x')``, is read as the OData alternative that it is.
Prices: "Microsoft Graph service-specific throttling limits", identity and access.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.tenant import directory, exchange, permissions
from sandbox.tenant.errors import bad_request

KEYED = re.compile(r"([A-Za-z.]+)\((?:(\w+)=)?'((?:[^']|'')*)'\)")


@dataclass(frozen=True)
class Route:
    template: str
    handler: Callable[..., dict[str, Any]]
    roles: frozenset[str]
    price: int = 1
    workload: str = "directory"


def _mail(template: str, handler: Callable[..., dict[str, Any]], roles: frozenset[str] = permissions.MAIL) -> Route:
    return Route(template, handler, roles, workload="outlook")


ROUTES = [
    Route("/users", directory.users, permissions.USERS, price=2),
    Route("/users/{}", directory.user, permissions.USERS),
    Route("/users/{}/licenseDetails", directory.license_details, permissions.LICENSES, price=2),
    _mail("/users/{}/messages", exchange.messages),
    _mail("/users/{}/messages/{}", exchange.message),
    _mail("/users/{}/mailFolders", exchange.mail_folders),
    _mail("/users/{}/mailFolders/{}", exchange.mail_folder),
    _mail("/users/{}/mailFolders/{}/childFolders", exchange.child_folders),
    _mail("/users/{}/mailFolders/{}/messages", exchange.folder_messages),
    _mail("/users/{}/mailboxSettings", exchange.mailbox_settings, permissions.MAILBOX_SETTINGS),
    _mail("/users/{}/mailboxSettings/userPurpose", exchange.user_purpose, permissions.MAILBOX_SETTINGS),
    Route(
        "/directory/deletedItems/graph.user",
        directory.listing(lambda tenant: tenant.deleted_users),
        permissions.USERS_FULL,
    ),
    Route(
        "/directory/deletedItems/graph.servicePrincipal",
        directory.listing(lambda tenant: tenant.deleted_service_principals),
        permissions.APPLICATIONS,
    ),
    Route(
        "/directory/deletedItems/graph.application",
        directory.listing(lambda tenant: tenant.deleted_applications),
        permissions.APPLICATIONS,
    ),
    Route("/organization", directory.organization, permissions.ORGANIZATION),
    Route("/domains", directory.listing(lambda tenant: tenant.domain_objects), permissions.DOMAINS),
    Route("/domains/{}", directory.domain, permissions.DOMAINS),
    Route("/subscribedSkus", directory.listing(lambda tenant: tenant.skus), permissions.SKUS, price=3),
    Route(
        "/tenantRelationships/findTenantInformationByDomainName(domainName={})",
        directory.tenant_information,
        permissions.CROSS_TENANT,
    ),
    Route(
        "/applications",
        directory.listing(lambda tenant: tenant.applications),
        permissions.APPLICATIONS,
        price=2,
    ),
    Route("/applications(appId={})", directory.application, permissions.APPLICATIONS),
    Route(
        "/servicePrincipals",
        directory.listing(lambda tenant: tenant.service_principals),
        permissions.APPLICATIONS,
    ),
    Route("/servicePrincipals(appId={})", directory.service_principal_by_app_id, permissions.APPLICATIONS),
    Route("/servicePrincipals/{}", directory.service_principal, permissions.APPLICATIONS),
    Route(
        "/servicePrincipals/{}/appRoleAssignments",
        directory.app_role_assignments,
        permissions.APPLICATIONS,
        price=2,
    ),
    # Reading delegated grants takes more than reading the app: Application.Read.All is not enough.
    Route("/servicePrincipals/{}/oauth2PermissionGrants", directory.permission_grants, permissions.DIRECTORY),
    Route("/groups", directory.listing(lambda tenant: tenant.groups), permissions.GROUPS),
    Route("/contacts", directory.listing(lambda tenant: tenant.contacts), permissions.CONTACTS),
]


def _pieces(template: str) -> tuple[str, ...]:
    return tuple(template.strip("/").replace("(", "/(").split("/"))


BY_LENGTH: dict[int, list[tuple[tuple[str, ...], Route]]] = {}
for _route in ROUTES:
    BY_LENGTH.setdefault(len(_pieces(_route.template)), []).append((_pieces(_route.template), _route))
FIRST = {_pieces(route.template)[0] for route in ROUTES}


def match(path: str) -> tuple[Route, list[str]]:
    """The route of a raw (still encoded) path and the values in it; 400 ``BadRequest`` for a path that Graph lacks."""
    pieces: list[str] = []
    for raw in path.strip("/").split("/"):
        segment = unquote(raw).replace("microsoft.graph.", "graph.", 1)
        keyed = KEYED.fullmatch(segment)
        if keyed is None:
            pieces.append(segment)
            continue
        name, key, value = keyed.groups()
        value = value.replace("''", "'")
        pieces += [name, f"({key}={value})" if key else value]
    for template, route in BY_LENGTH.get(len(pieces), []):
        values = _values(template, pieces)
        if values is not None:
            return route, values
    wrong = pieces[0] if pieces[0] not in FIRST else pieces[-1]
    raise bad_request(f"Resource not found for the segment '{wrong}'.")


def _values(template: tuple[str, ...], pieces: list[str]) -> list[str] | None:
    values = []
    for wanted, piece in zip(template, pieces, strict=True):
        if wanted == "{}":
            if not piece or piece.startswith("("):
                return None
            values.append(piece)
        elif wanted.endswith("={})"):
            if not piece.startswith(wanted.removesuffix("{})")):
                return None
            values.append(piece[len(wanted) - 3 : -1])
        elif wanted != piece:
            return None
    return values
