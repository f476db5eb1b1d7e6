"""Tokens are for the tenant that is meant, whatever the home tenant of the identity is."""

from __future__ import annotations

from typing import Any

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential

from tests.factories import OTHER_TENANT_ID, TENANT_ID
from triage.graph.credentials import TenantCredential


class Recorder(AsyncTokenCredential):
    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.closed = 0

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append((scopes, options))
        return AccessToken("t", 0)

    async def close(self) -> None:
        self.closed += 1

    async def __aexit__(self, *_: Any) -> None:
        await self.close()


async def test_a_token_is_for_the_tenant_that_is_meant() -> None:
    recorder = Recorder()
    credential = TenantCredential(recorder, TENANT_ID)
    assert (await credential.get_token("s", claims="c", enable_cae=True, anything="else")).token == "t"
    await credential.get_token("s", tenant_id=OTHER_TENANT_ID)
    assert recorder.asked == [
        (("s",), {"claims": "c", "tenant_id": TENANT_ID, "enable_cae": True}),
        (("s",), {"claims": None, "tenant_id": OTHER_TENANT_ID, "enable_cae": False}),
    ]


async def test_it_is_closed_with_what_it_wraps() -> None:
    recorder = Recorder()
    async with TenantCredential(recorder, TENANT_ID):
        assert recorder.closed == 0
    assert recorder.closed == 1
