"""How the feeds are doing, from a real storage emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.pipeline.transport import AioHttpTransport

from sandbox.azurite import Azurite
from tests.operations.conftest import WORLD, make_services
from triage.feeds.lanes import DAY, HOUR, LAG, MINUTE, Lane, LaneState
from triage.feeds.model import FeedGap, FeedState
from triage.operations.feed_looks import look_at_actions
from triage.operations.feeds import feeds
from triage.storage.feeds import TABLE, Feeds
from triage.wire import epoch_ns, from_epoch_ns

ONE, TWO = [tenant["tenantId"] for tenant in WORLD.triage_tenants()]
NOW = epoch_ns("2026-11-20T12:00:00Z")
API = {"endpoint": "http://127.0.0.1:1", "clientId": "c", "clientSecret": "s", "apiKey": "k"}


async def test_a_feed_says_how_it_is_doing(storage: Azurite) -> None:
    expiring = {"tenantId": ONE, **API, "expiresOn": "2026-12-03"}
    services = make_services(
        "http://127.0.0.1:1", storage.connection_string, ETD_APIS=json.dumps([expiring]), CREDENTIAL_WARNING_DAYS="14"
    )
    services.clock = lambda: NOW
    new, other = await feeds(services)
    assert new.last_error == "The credentials of the API end in 13 days."
    services.feed(ONE).clock = lambda: NOW - DAY
    assert (await feeds(services))[0].last_error is None
    services.feed(ONE).clock = lambda: NOW
    assert (new.tenant_id, new.state, new.last_success_at, new.request_share) == (ONE, FeedState.OK, None, 3000)
    assert (other.tenant_id, other.state) == (TWO, FeedState.OFF)

    rows = Feeds(services.account, ONE)
    cursor, succeeded = from_epoch_ns(NOW - LAG - 2 * HOUR), from_epoch_ns(NOW - 2 * HOUR)
    await rows.save_lane(Lane.FAST, LaneState(cursor=cursor, last_success_at=succeeded))
    await rows.save_used("2026-11-20", "poll", {"fast": 7, "day": 2})
    await rows.save_used("2026-11-20", "looks", {"lookup": 1})
    gap = FeedGap.of(NOW - 9 * DAY, NOW - 8 * DAY, "w")
    await rows.add_gap(gap)
    late, _ = await feeds(services)
    assert (late.state, late.behind_seconds, late.last_success_at) == (FeedState.BEHIND, 7200, succeeded)
    assert (late.lanes.search.cursor, late.requests_today, late.gaps) == (cursor, 10, [gap])

    error = LaneState(
        cursor=cursor, last_success_at=succeeded, last_error="e", last_error_at=from_epoch_ns(NOW - MINUTE)
    )
    await rows.save_lane(Lane.FAST, error)
    failing, _ = await feeds(services)
    assert (failing.state, failing.last_error) == (FeedState.FAILING, "e")
    await services.close()


async def test_one_run_at_a_time_has_a_lease(storage: Azurite) -> None:
    services = make_services("http://127.0.0.1:1", storage.connection_string)
    rows = Feeds(services.account, TWO)
    lease = await rows.lease("poll", NOW, 60)
    assert lease is not None
    assert await rows.lease("poll", NOW + 59 * 10**9, 60) is None
    assert await rows.lease("looks", NOW, 60) is not None
    second = await rows.lease("poll", NOW + 60 * 10**9, 60)
    assert second is not None
    await rows.release(lease)
    assert await rows.lease("poll", NOW + 61 * 10**9, 60) is None
    assert await rows.lease("poll", NOW - 30 * DAY, 60) is not None, "a clock that was wrong keeps nobody out"
    await services.close()


async def test_a_minute_in_which_no_look_is_due_only_asks_for_looks(
    storage: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = make_services(
        "http://127.0.0.1:1", storage.connection_string, ETD_APIS=json.dumps([{"tenantId": TWO, **API}])
    )
    await services.account.table(TABLE)
    asked: list[str] = []
    send = AioHttpTransport.send

    async def noted(transport: Any, request: Any, **options: Any) -> Any:
        asked.append(request.method)
        return await send(transport, request, **options)

    monkeypatch.setattr(AioHttpTransport, "send", noted)
    assert await look_at_actions(services) == 0
    assert asked == ["GET", "GET"], "docs/costs.md has their number"
    await services.close()
