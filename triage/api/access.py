"""Authorization. With `easyauth`, App Service signs callers in, and their app roles are checked here.

App Service puts the signed-in principal into `X-MS-CLIENT-PRINCIPAL` (base64 JSON) and removes a header of that name
that a caller sends (https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities).
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
    """The caller is not signed in (401), or does not have the app role (403)."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def check_role(settings: Settings, request: func.HttpRequest) -> None:
    """AccessError if the principal does not have the app role for the method. With `keys`, the platform has checked.

    The webhook handshake (OPTIONS) reads and changes nothing, and its sender is not signed in.
    """
    if not settings.easyauth or request.method == "OPTIONS":
        return
    roles = _roles(header(request, HEADER))
    needed = READ if request.method in ("GET", "HEAD") else WRITE
    if needed not in roles:
        raise AccessError(HTTPStatus.FORBIDDEN, f"This needs the app role {needed}. An administrator can assign it.")


def header(request: func.HttpRequest, name: str) -> str | None:
    """A header of the request. The SDK does not give its headers a type."""
    return cast("Mapping[str, str]", request.headers).get(name)


def _roles(principal_header: str | None) -> set[str]:
    if not principal_header:
        raise AccessError(HTTPStatus.UNAUTHORIZED, "Sign in first. The request has no principal.")
    try:
        principal: Any = json.loads(base64.b64decode(principal_header, validate=True))
        claims = cast("list[dict[str, Any]]", principal["claims"])
        kinds = {*_ROLE_CLAIMS, principal.get("role_typ")}
        return {str(claim["val"]) for claim in claims if claim.get("typ") in kinds}
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError):
        raise AccessError(HTTPStatus.UNAUTHORIZED, "Sign in again. The principal cannot be read.") from None
