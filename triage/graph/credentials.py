"""Tokens for Graph, from azure-identity: a managed identity in Azure, elsewhere the account a developer signed in with.

For tenants other than the managed identity's own: a multi-tenant app that trusts the managed identity, so there is
no secret (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
"""

from __future__ import annotations

from typing import Any

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import ClientAssertionCredential, DefaultAzureCredential, ManagedIdentityCredential

from triage.graph.sign_in import Credential
from triage.settings import Identity

# The audience of the managed identity's token, by the end of the authority's host name (same page).
_EXCHANGES = {
    ".us": "api://AzureADTokenExchangeUSGov",
    ".cn": "api://AzureADTokenExchangeChina",
}
_EXCHANGE = "api://AzureADTokenExchange"


class TenantCredential(Credential):
    """A credential that asks for tokens for one tenant, whatever the home tenant of its owner is.

    A managed identity only gets tokens for its home tenant, without an error for another one: what such a token reads
    is compared with the tenant that was meant before anything is concluded from it (sign_in.py, tenants.py).
    """

    def __init__(self, credential: AsyncTokenCredential, tenant_id: str) -> None:
        self._credential = credential
        self._tenant_id = tenant_id

    async def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, enable_cae: bool = False, **_: Any
    ) -> AccessToken:
        """A token for the tenant, from azure-identity's cache while it is valid."""
        return await self._credential.get_token(
            *scopes, claims=claims, tenant_id=tenant_id or self._tenant_id, enable_cae=enable_cae
        )

    async def close(self) -> None:
        """Closes the credential underneath."""
        await self._credential.close()


class FederatedCredential(Credential):
    """An app in one tenant, which signs in with the managed identity's token instead of a secret.

    The app has a federated credential that names the managed identity, and a service principal in the tenant.
    `options` go to both of azure-identity's credentials.
    """

    def __init__(self, tenant_id: str, client_id: str, identity: Identity, **options: Any) -> None:
        self._identity = ManagedIdentityCredential(client_id=identity.client_id, **options)
        self._app = ClientAssertionCredential(
            tenant_id, client_id, self._newest_assertion, authority=identity.authority, **options
        )
        self._audience = exchange_audience(identity.authority)
        self._assertion = ""

    async def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, enable_cae: bool = False, **_: Any
    ) -> AccessToken:
        """The app's token. Both tokens come from azure-identity's cache while they are valid."""
        # ClientAssertionCredential's callback can't be awaited, and must not block the event loop.
        self._assertion = (await self._identity.get_token(f"{self._audience}/.default")).token
        return await self._app.get_token(*scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae)

    def _newest_assertion(self) -> str:
        return self._assertion

    async def close(self) -> None:
        """Closes both credentials."""
        await self._identity.close()
        await self._app.close()


def exchange_audience(authority: str) -> str:
    """The audience of a managed identity's token that replaces a secret, in the cloud of an authority."""
    return next((audience for end, audience in _EXCHANGES.items() if authority.endswith(end)), _EXCHANGE)


def tenant_credential(
    tenant_id: str, client_id: str | None, identity: Identity, **options: Any
) -> AsyncTokenCredential:
    """The credential of one tenant: the app `client_id` if there is one, otherwise azure-identity's default chain.

    The chain is environment, managed identity, developer tools. `options` go to azure-identity.
    """
    if client_id is not None:
        return FederatedCredential(tenant_id, client_id, identity, **options)
    return TenantCredential(DefaultAzureCredential(additionally_allowed_tenants=["*"], **options), tenant_id)
