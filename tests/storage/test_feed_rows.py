"""The rows of a feed on a real storage emulator: what belongs together, and what is removed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError

from triage.feeds.actions import Action, ActionState
from triage.feeds.hours import FileState, HourState
from triage.feeds.lanes import DAY, HOUR, MINUTE, Lane, LaneState
from triage.feeds.model import FeedGap
from triage.settings import Storage
from triage.storage.account import StorageAccount, is_conflict
from triage.storage.feed_actions import Change, FeedActions
from triage.storage.feed_retention import remove_feed_rows
from triage.storage.feeds import TABLE, Feeds, digest
from triage.storage.retention import Expiry
from triage.wire import from_epoch_ns

NOW = time.time_ns() // MINUTE * MINUTE
TODAY = from_epoch_ns(NOW)[:10]
STRANGE = ["a/b?c#d\\e%f'g|h@one.example", "ü@one.example", f"{'x' * 280}@one.example", f"{'x' * 400}@one.example"]


@pytest.fixture
async def account(connection_string: str) -> AsyncIterator[StorageAccount]:
    made = StorageAccount(Storage(connection_string=connection_string))
    yield made
    await made.close()


@pytest.fixture
def tenant_id() -> str:
    return str(uuid4())


def action(mailbox: str = "ines@one.example", **changes: Any) -> Action:
    fields = {"etd_id": "m", "mailbox": mailbox, "folder": "trash", "at": from_epoch_ns(NOW), "lane": Lane.FAST,
              "seen_at": from_epoch_ns(NOW), "next_look_at": from_epoch_ns(NOW + 12 * MINUTE)}  # fmt: skip
    return Action(**{**fields, **changes})


async def row_keys(account: StorageAccount, tenant_id: str) -> list[str]:
    table = await account.table(TABLE)
    return [row["RowKey"] async for row in table.query_entities(f"PartitionKey eq '{tenant_id}'")]


async def test_an_action_is_due_only_while_it_waits(account: StorageAccount, tenant_id: str) -> None:
    actions = FeedActions(account, tenant_id)
    await actions.save([Change(None, action())], TODAY, "poll")
    assert await actions.due(NOW + 11 * MINUTE, 10) == []
    [stored] = await actions.due(NOW + 12 * MINUTE, 10)
    assert stored.action == action()
    later = action(looks=1, next_look_at=from_epoch_ns(NOW + HOUR))
    await actions.save([Change(stored, later)], TODAY, "looks")
    assert await actions.due(NOW + 59 * MINUTE, 10) == []
    with pytest.raises(HttpResponseError) as caught:
        await actions.save([Change(stored, action(state=ActionState.DONE, next_look_at=None))], TODAY, "looks")
    assert is_conflict(caught.value), "another job was faster"
    [stored] = await actions.due(NOW + HOUR, 10)
    await actions.save([Change(stored, action(state=ActionState.DONE, next_look_at=None))], TODAY, "looks")
    assert await actions.due(NOW + DAY, 10) == []
    record = await Feeds(account, tenant_id).record(NOW)
    assert (record.counts, record.due) == ({"candidates": 1, "verified": 1}, None)
    with pytest.raises(HttpResponseError):
        await actions.save([Change(None, action())], TODAY, "poll")


async def test_a_look_that_a_wrong_clock_made_due_is_made(account: StorageAccount, tenant_id: str) -> None:
    actions = FeedActions(account, tenant_id)
    await actions.save([Change(None, action(next_look_at=from_epoch_ns(NOW + 90 * DAY)))], TODAY, "poll")
    assert len(await actions.due(NOW, 10)) == 1


@pytest.mark.parametrize("text", STRANGE)
async def test_any_address_and_id_makes_a_key(account: StorageAccount, tenant_id: str, text: str) -> None:
    actions = FeedActions(account, tenant_id)
    one = action(text, etd_id=text)
    await actions.save([Change(None, one)], TODAY, "poll")
    found = await actions.of_message(text)
    assert {mailbox: stored.action for mailbox, stored in found.items()} == {text: one}
    assert await actions.of_message(text[:1]) == {}
    assert [stored.action for stored in await actions.due(NOW + HOUR, 10)] == [one]
    assert all(len(key.encode("utf-16-le")) <= 1024 for key in await row_keys(account, tenant_id)), "a table's limit"


async def test_more_changes_than_a_transaction_takes(account: StorageAccount, tenant_id: str) -> None:
    actions = FeedActions(account, tenant_id)
    await actions.save([Change(None, action(f"p{number}@one.example")) for number in range(70)], TODAY, "poll")
    assert len(await actions.of_message("m")) == 70
    assert len(await actions.due(NOW + HOUR, 50)) == 50
    assert (await Feeds(account, tenant_id).record(NOW)).counts == {"candidates": 70}


async def test_an_orphan_waits_without_a_look(account: StorageAccount, tenant_id: str) -> None:
    actions = FeedActions(account, tenant_id)
    await actions.save([Change(None, action(""))], TODAY, "poll")
    assert await actions.due(NOW + DAY, 10) == []
    assert await actions.of_message("m") == {}
    orphan = (await actions.orphans())["m"]
    await actions.save([Change(orphan, None), Change(None, action())], TODAY, "poll")
    assert (await actions.orphans(), len(await actions.of_message("m"))) == ({}, 1)


async def test_what_is_old_is_removed(account: StorageAccount, tenant_id: str) -> None:
    feeds, actions = Feeds(account, tenant_id), FeedActions(account, tenant_id)
    old, new = from_epoch_ns(NOW - 36 * DAY)[:13], from_epoch_ns(NOW)[:13]
    for hour in (old, new):
        await feeds.save_hour(hour, HourState())
        await feeds.save_file(hour, digest("path"), FileState())
        await feeds.save_used(hour[:10], "poll", {"fast": 1})
    await feeds.save_lane(Lane.FAST, LaneState(cursor=from_epoch_ns(NOW - 99 * DAY)))
    await feeds.add_gap(FeedGap.of(NOW - 99 * DAY, NOW - 98 * DAY, "w"))
    await actions.save([Change(None, action()), Change(None, action(""))], TODAY, "poll")

    async def removed(after: int) -> set[str]:
        before = set(await row_keys(account, tenant_id))
        await remove_feed_rows(account, NOW + after, Expiry(0, time.monotonic() + 30))
        return {key.split("|")[0] for key in before - set(await row_keys(account, tenant_id))}

    assert await removed(0) == {"hour", "file", "quota"}
    assert await removed(13 * DAY) == set()
    assert await removed(15 * DAY) == {"act", "orphan"}
    assert await actions.due(NOW + DAY, 10) == [], "the look of what was removed is dropped"
    assert await removed(91 * DAY) == {"hour", "file", "quota", "count", "gap"}
    assert await row_keys(account, tenant_id) == ["lane|fast"]
