"""The connection to one tenant's Graph: credential, msgraph-sdk's adapter and middleware, and the batches sent with it.

msgraph, httpx, and azure-identity are imported when they are first needed, so that the functions are indexed without
them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from triage import deadlines
from triage.graph.batching import Batcher
from triage.graph.evidence import Reason
from triage.graph.replies import BatchFailed, Reply, SignInError, read_replies, retry_after
from triage.settings import Settings, Tenant

if TYPE_CHECKING:
    from kiota_abstractions.authentication import AuthenticationProvider
    from kiota_abstractions.request_information import RequestInformation

    from triage.graph.sign_in import TenantSignIn

SIMULATOR_TOKEN = "local-simulator"  # noqa: S105 - no secret: the same in every simulated tenant

_log = logging.getLogger(__name__)


class GraphSession:
    """One tenant, on one event loop. Close it with `close`."""

    def __init__(self, settings: Settings, tenant: Tenant) -> None:
        import httpx
        from kiota_abstractions.api_client_builder import register_default_deserializer
        from kiota_http.middleware.options import RedirectHandlerOption, RetryHandlerOption
        from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
        from msgraph import graph_request_adapter
        from msgraph_core import GraphClientFactory

        self.tenant = tenant
        self._credential: TenantSignIn | None = None
        # Throttling is handled item by item (throttling.py); the SDK's handler would sleep up to three times 180 s.
        # A redirect is an error: followed, it would take addresses and message IDs to another host.
        handlers: dict[str, Any] = {
            **cast("dict[str, Any]", graph_request_adapter.options),
            RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0),
            RedirectHandlerOption.get_key(): RedirectHandlerOption(max_redirect=0),
        }
        self._http = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(
                timeout=deadlines.GRAPH_REQUEST, http2=not settings.graph_is_simulated, verify=_certificates()
            ),
            options=handlers,
        )
        self._provider = self._authentication(settings)
        self._adapter = graph_request_adapter.GraphRequestAdapter(self._provider, client=self._http)
        register_default_deserializer(JsonParseNodeFactory)  # for the bodies of errors
        self._adapter.base_url = f"{settings.graph_endpoint}/v1.0"
        self.batcher = Batcher(self._send)
        self.bulk = Batcher(self._send, self.batcher.schema)
        """For what nobody waits for: its reads share no batch with those of a failure."""

    @property
    def tenant_proven(self) -> bool:
        """Whether the token names the tenant, so that what is read with it is the tenant's."""
        return self._credential is not None and self._credential.proven

    async def close(self) -> None:
        """Ends reads under way, and closes the connections and the credential."""
        await asyncio.gather(self.batcher.close(), self.bulk.close())
        await self._http.aclose()
        if self._credential is not None:
            await self._credential.close()

    def _authentication(self, settings: Settings) -> AuthenticationProvider:
        if settings.graph_is_simulated:
            return simulator_authentication(self.tenant.tenant_id)
        from kiota_authentication_azure.azure_identity_authentication_provider import (
            AzureIdentityAuthenticationProvider,
        )

        from triage.graph.credentials import tenant_credential
        from triage.graph.sign_in import TenantSignIn

        tenant_id = self.tenant.tenant_id
        credential = tenant_credential(tenant_id, settings.graph_client_id, settings.identity)
        self._credential = TenantSignIn(credential, tenant_id)
        host = settings.graph_endpoint.removeprefix("https://")
        return AzureIdentityAuthenticationProvider(
            self._credential, scopes=[f"{settings.graph_endpoint}/.default"], allowed_hosts=[host.partition(":")[0]]
        )

    async def _send(self, requests: list[dict[str, Any]], seconds: float) -> dict[str, Reply]:
        """Posts one batch (`Send` in batch_request.py). The time for a token does not count: no read is the cause."""
        import httpx
        from kiota_abstractions.api_error import APIError
        from kiota_abstractions.method import Method
        from kiota_abstractions.request_information import RequestInformation
        from msgraph.generated.models.o_data_errors.o_data_error import ODataError

        information = RequestInformation(Method.POST, "{+baseurl}/$batch", {"baseurl": self._adapter.base_url})
        information.headers.add("Accept", "application/json")
        information.set_stream_content(json.dumps({"requests": requests}).encode(), "application/json")
        try:
            await self._sign_in(information)
            async with asyncio.timeout(seconds):
                payload = await self._adapter.send_primitive_async(information, "bytes", {"XXX": ODataError})
            return read_replies(json.loads(payload or b"null"))
        except APIError as error:
            reply = _outer_failure(error.response_status_code, dict(error.response_headers or {}))
            if not _for_all(reply):
                raise BatchFailed(reply) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise BatchFailed(Reply(reason=Reason.TIMEOUT)) from error
        except SignInError as error:
            _log.warning("No token for Graph: %s", error)
            reply = Reply(reason=Reason.UNAUTHENTICATED, away=error.away)
        except Exception as error:  # whatever it was, Graph did not answer, and the findings must say so
            _log.warning("No answer from Graph: %s", type(error).__name__)
            raise BatchFailed(Reply(reason=Reason.UNAVAILABLE)) from error
        return {request["id"]: reply for request in requests}

    async def _sign_in(self, information: RequestInformation) -> None:
        """Adds the token to a request. SignInError if there is none in time."""
        try:
            async with asyncio.timeout(deadlines.GRAPH_REQUEST):
                await self._provider.authenticate_request(information)
        except TimeoutError:
            raise SignInError("it did not come in time", away=True) from None


@cache
def _certificates() -> ssl.SSLContext:
    """One for all tenants: to read the certificates of all authorities takes longer than the rest of a session."""
    import httpx

    return httpx.create_ssl_context()


def _outer_failure(status: int | None, headers: dict[str, Any]) -> Reply:
    """A batch that failed as a whole: its status says nothing about an item."""
    if status in (401, 403):
        reason = Reason.UNAUTHENTICATED
    else:
        reason = Reason.THROTTLED if status == 429 else Reason.UNAVAILABLE
    return Reply(status, retry_after=retry_after(headers), reason=reason)


def _for_all(reply: Reply) -> bool:
    """Whether a batch's own status holds for every read of it: it was throttled, or the caller was refused."""
    return reply.reason is not Reason.UNAVAILABLE or reply.retry_after is not None


def simulator_authentication(tenant_id: str) -> AuthenticationProvider:
    """What a simulated tenant on this machine accepts: a fixed token, and the id of the tenant that is meant."""
    from kiota_abstractions.authentication import AuthenticationProvider

    class Simulator(AuthenticationProvider):
        async def authenticate_request(
            self, request: RequestInformation, additional_authentication_context: dict[str, Any] | None = None
        ) -> None:
            request.headers.add("Authorization", f"Bearer {SIMULATOR_TOKEN}")
            request.headers.add("X-Tenant-Id", tenant_id)

    return Simulator()
