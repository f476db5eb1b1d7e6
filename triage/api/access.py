"""Who may ask: with `easyauth` the platform signs people in, and their app roles are checked here.

App Service puts the signed-in principal into `X-MS-CLIENT-PRINCIPAL` (base64 JSON) and strips what a caller sends
under that name (https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import azure.functions as func

from triage.problems import TriageError
from triage.settings import Settings

HEADER = "X-MS-CLIENT-PRINCIPAL"
READ, WRITE = "Triage.Read", "Triage.Write"
_ROLE_CLAIMS = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")


class AccessError(TriageError):
    """The caller is nobody (401), or may not do this (403)."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def check_role(settings: Settings, request: func.HttpRequest) -> None:
    """With `easyauth`: AccessError where the principal lacks the role of the method. With `keys` the platform checked.

    The handshake (OPTIONS) says nothing and changes nothing, and its sender has no principal.
    """
    if not settings.easyauth or request.method == "OPTIONS":
        return
    roles = _roles(header(request, HEADER))
    needed = READ if request.method in ("GET", "HEAD") else WRITE
    if needed not in roles:
        raise AccessError(HTTPStatus.FORBIDDEN, f"The app role {needed} is needed. An administrator can assign it.")


def header(request: func.HttpRequest, name: str) -> str | None:
    """A header of the request; the SDK leaves the type of its headers open."""
    return cast("Mapping[str, str]", request.headers).get(name)


def _roles(principal_header: str | None) -> set[str]:
    if not principal_header:
        raise AccessError(HTTPStatus.UNAUTHORIZED, "Sign in first: there is no principal.")
    try:
        principal: Any = json.loads(base64.b64decode(principal_header, validate=True))
        claims = cast("list[dict[str, Any]]", principal["claims"])
        kinds = {*_ROLE_CLAIMS, principal.get("role_typ")}
        return {str(claim["val"]) for claim in claims if claim.get("typ") in kinds}
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError):
        raise AccessError(HTTPStatus.UNAUTHORIZED, "Sign in first: the principal cannot be read.") from None
