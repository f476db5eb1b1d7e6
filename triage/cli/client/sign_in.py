"""Sign-in to a deployment with `easyauth`: a bearer token from azure-identity."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import httpx

from triage.cli.errors import CommandError

if TYPE_CHECKING:
    from azure.identity.aio import DefaultAzureCredential


class BearerAuth(httpx.Auth):
    """Adds a token to each request. azure-identity caches it until it expires."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._credential: DefaultAzureCredential | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Adds the token."""
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity.aio import DefaultAzureCredential

        if self._credential is None:
            self._credential = DefaultAzureCredential()
        try:
            token = await self._credential.get_token(self._scope)
        except ClientAuthenticationError:
            raise CommandError(
                f"There is no token for {self._scope}. Run az login, or set AZURE_TENANT_ID, "
                "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET. --debug shows what was tried."
            ) from None
        request.headers["Authorization"] = f"Bearer {token.token}"
        yield request

    async def aclose(self) -> None:
        """Closes the credential."""
        if self._credential is not None:
            await self._credential.close()
