"""`/api/feeds`: the state of each feed, and polling it now."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.calling import call, content
from tests.factories import APP_ID, OTHER_TENANT_ID, TENANT_ID
from triage.feeds.model import FeedGap
from triage.operations.services import services
from triage.storage.feeds import Feeds
from triage.wire import epoch_ns

TENANTS = [{"tenantId": one, "etdAppId": APP_ID, "domains": [f"{one}.example"]} for one in (TENANT_ID, OTHER_TENANT_ID)]
# Nobody listens there: a poll fails at once.
API = {"endpoint": "http://127.0.0.1:9", "clientId": "c", "clientSecret": "s", "apiKey": "k"}
FIELDS = {
    "tenantId", "state", "lastSuccessAt", "behindSeconds", "lanes", "candidates", "verified", "failuresFound",
    "notVerified", "mailboxesUnknown", "gaps", "requestsToday", "requestShare", "lastError",
}  # fmt: skip


@pytest.fixture(params=[True, False], ids=["one feed", "none"])
async def configured(
    request: pytest.FixtureRequest, connection_string: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[bool]:
    """Whether the first tenant has a feed. The second one has none."""
    monkeypatch.setenv("TriageStorage", connection_string)
    monkeypatch.setenv("TRIAGE_TENANTS", json.dumps(TENANTS))
    monkeypatch.setenv("ETD_APIS", json.dumps([{"tenantId": TENANT_ID, **API}] if request.param else []))
    monkeypatch.delenv("TRIAGE_AUTH", raising=False)
    made = services()
    yield request.param
    await made.close()


async def ask(tenant_id: str | None = None) -> Any:
    return await call("post_poll", body=json.dumps({"tenantId": tenant_id}).encode() if tenant_id else b"")


async def test_the_state_of_each(configured: bool) -> None:
    gap = FeedGap.of(epoch_ns("2026-11-20T10:00:00Z"), epoch_ns("2026-11-20T11:00:00Z"), "too old")
    if configured:
        await Feeds(services().account, TENANT_ID).add_gap(gap)
    first, second = content(await call("get_feeds"))["value"]
    assert (first["tenantId"], second["tenantId"]) == (TENANT_ID, OTHER_TENANT_ID)
    assert first.keys() == second.keys() == FIELDS
    assert first["lanes"].keys() == {"search", "logExport"}
    assert first["lanes"]["search"].keys() == {"cursor", "lastSuccessAt"}
    assert first["lanes"]["logExport"].keys() == {"cursor", "lastSuccessAt", "settledUntil"}
    assert (first["state"] == "off", second["state"]) == (not configured, "off")
    lost = {"from": "2026-11-20T10:00:00Z", "to": "2026-11-20T11:00:00Z", "why": "too old"}
    assert first["gaps"] == ([lost] if configured else [])
    wrong = await call("get_feeds", query={"state": "off"})
    assert (wrong.status_code, content(wrong)["type"]) == (400, "urn:problem-type:triage:invalid-query")


async def test_a_poll(configured: bool) -> None:
    for tenant_id in (None, TENANT_ID):
        answer = await ask(tenant_id)
        if configured:
            assert (answer.status_code, content(answer)) == (202, {"value": [{"tenantId": TENANT_ID}]})
        else:
            assert (answer.status_code, content(answer)["type"]) == (404, "urn:problem-type:triage:no-feed")
            assert "set ETD_APIS" in content(answer)["detail"]


async def test_a_tenant_without_a_feed(configured: bool) -> None:
    answer = await ask(OTHER_TENANT_ID)
    assert (answer.status_code, content(answer)["type"]) == (404, "urn:problem-type:triage:no-feed")
