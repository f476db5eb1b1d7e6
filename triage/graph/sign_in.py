"""Signing in to one tenant: the token that comes back must be that tenant's, or nothing is read with it.

A managed identity gets a token of its home tenant whichever tenant is asked for, without an error.
"""

from __future__ import annotations

import base64
import json
import re
from types import TracebackType
from typing import Any, cast

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError

from triage.graph.replies import SignInError

# Entra's codes for trouble of its own, which passes (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
_PASSING = ("AADSTS90006", "AADSTS90012", "AADSTS90024", "AADSTS90033", "AADSTS90055")
_PASSING_STATUS = (408, 429)


class Credential(AsyncTokenCredential):
    """A credential that closes itself at the end of a context."""

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class TenantSignIn(Credential):
    """A credential whose tokens are the tenant's own. SignInError for every failure, and for another tenant's token.

    `proven`: the last token names the tenant. A token that names none is used, and proves nothing.
    """

    def __init__(self, credential: AsyncTokenCredential, tenant_id: str) -> None:
        self.credential = credential
        self._tenant_id = tenant_id
        self.proven = False

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token for the tenant."""
        try:
            token = await self.credential.get_token(*scopes, **options)
        except Exception as error:
            raise SignInError(f"{type(error).__name__} {entra_code(str(error))}", away=_is_away(error)) from error
        named = tenant_of(token.token)
        self.proven = named == self._tenant_id.lower()
        if named is not None and not self.proven:
            raise SignInError("the token is another tenant's", away=False)
        return token

    async def close(self) -> None:
        """Closes the credential underneath."""
        await self.credential.close()


def tenant_of(token: str) -> str | None:
    """The tenant that a token names (its claim `tid`, in lower case); None if the token can't be read.

    The signature is not checked: Graph does that, and here only Entra's own answers are read.
    """
    try:
        payload = token.split(".")[1]
        claims: object = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return None
    tid = cast("dict[str, object]", claims).get("tid") if isinstance(claims, dict) else None
    return tid.lower() if isinstance(tid, str) else None


def entra_code(text: str) -> str:
    """The code of an Entra error, such as AADSTS700016. It says enough, and the sentence after it names the tenant."""
    found = re.search(r"AADSTS[0-9]+", text)
    return found[0] if found else ""


def _is_away(error: Exception) -> bool:
    """Whether the identity service could not be asked, or had trouble of its own, instead of refusing."""
    if code := entra_code(str(error)):
        return code in _PASSING
    status = error.status_code if isinstance(error, HttpResponseError) else None
    return status is None or status in _PASSING_STATUS or status >= 500
