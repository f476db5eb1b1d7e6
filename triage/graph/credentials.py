"""Tokens for Graph, by azure-identity: a managed identity in Azure, elsewhere whom a developer is signed in as."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential


class TenantCredential(AsyncTokenCredential):
    """A credential that asks for tokens of one tenant, whichever tenant its owner is at home in.

    A managed identity has tokens of its home tenant only, and does not say so: what they read is checked against
    the tenant that was meant before anything is concluded from it (collect.py).
    """

    def __init__(self, credential: AsyncTokenCredential, tenant_id: str) -> None:
        self._credential = credential
        self._tenant_id = tenant_id

    async def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, enable_cae: bool = False, **_: Any
    ) -> AccessToken:
        """A token of the tenant, from azure-identity's cache while it lasts."""
        return await self._credential.get_token(
            *scopes, claims=claims, tenant_id=tenant_id or self._tenant_id, enable_cae=enable_cae
        )

    async def close(self) -> None:
        """Closes the credential underneath."""
        await self._credential.close()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def tenant_credential(tenant_id: str) -> TenantCredential:
    """azure-identity's default chain (environment, managed identity, developer tools), for one tenant."""
    return TenantCredential(DefaultAzureCredential(additionally_allowed_tenants=["*"]), tenant_id)
