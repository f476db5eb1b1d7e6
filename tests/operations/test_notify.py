"""Notifications from the outbox to the other sides, on a real table service, whatever fails on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest

from sandbox.azurite import Azurite
from sandbox.receiver.channels import settings as receiver_settings
from sandbox.receiver.server import Fault, Receiver, serve
from tests.factories import OTHER_TENANT_ID, TENANT_ID
from tests.notifications.samples import MINUTE, incident, settings
from triage.diagnosis.causes import Cause
from triage.diagnosis.precedence import RULES
from triage.notifications.pending import Pending, incident_occasion, pending
from triage.notifications.rules import DEGRADED_AFTER, LONGEST
from triage.operations import channel_run
from triage.operations.digest import digest, send_digests
from triage.operations.health import _notification_state
from triage.operations.notify import deliver, send_test
from triage.operations.services import Services
from triage.settings import ChannelKind, NotificationEvent
from triage.storage import outbox
from triage.storage.outbox import TABLE
from triage.storage.outbox_rows import Delivery, outbox_rows, shard_of_subject
from triage.storage.retention import Expiry, remove_notifications
from triage.wire import epoch_ns, from_epoch_ns

ID = incident()["id"]
Sent = dict[str, Any]


class Now:
    """Incidents as they are now."""

    def __init__(self, *incidents: Sent, app_open: Collection[str] = ()) -> None:
        self.incidents, self.app_open = {one["id"]: one for one in incidents}, app_open

    async def current(self, incident_id: str) -> Sent | None:
        return self.incidents.get(incident_id)

    async def tenants_with_open_app(self) -> Collection[str]:
        return self.app_open


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with serve() as found:
        yield found


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_run, "_PACE", {})


@pytest.fixture
async def services(storage: Azurite, receiver: Receiver) -> AsyncIterator[Services]:
    nowhere = "http://127.0.0.1:9"
    environ = {"TriageStorage": storage.connection_string, "GRAPH_ENDPOINT": nowhere}
    made = Services(settings(*receiver_settings(receiver.url), **environ))
    table = await made.account.table(TABLE)
    async for entity in table.query_entities("", select=["PartitionKey", "RowKey"]):
        await table.delete_entity(entity["PartitionKey"], entity["RowKey"])
    yield made
    await made.close()


async def happens(
    services: Services, what: str, number: int = 1, *, seconds_ago: float = 120, identifier: str = ID, **more: Any
) -> list[Pending]:
    """An incident's transition: a row of its own and its notifications in one transaction, as a writer of incidents does it."""
    at = from_epoch_ns(time.time_ns() - int(seconds_ago * 1e9))
    ended = bool(more.pop("ended", False))
    occasion = incident_occasion(
        NotificationEvent(f"incident.{what}"), incident(identifier, **more), number, at, ended=ended
    )
    rows = pending(services.settings.notifications, occasion)
    table = await services.account.table(TABLE)
    head = {"PartitionKey": shard_of_subject(identifier), "RowKey": f"transition|{identifier}"}
    await table.submit_transaction([("upsert", entity) for entity in (head, *outbox_rows(rows))])
    return rows


async def listed(services: Services) -> list[Delivery]:
    return (await services.outbox.page(1000, None))[0]


async def states(services: Services) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in await listed(services):
        found.setdefault(one.channel, []).append(one.state.value)
    return found


async def some_time_ago(services: Services, minutes: int) -> None:
    """Everything that channels were notified of, and when it was, is that much longer ago."""
    table = await services.account.table(TABLE)
    async for entity in table.query_entities("RowKey ge 'told|' and RowKey lt 'told}'"):
        entity["at"] = from_epoch_ns(time.time_ns() - minutes * MINUTE)
        await table.update_entity(entity)


def kinds(receiver: Receiver) -> list[str]:
    return sorted(one.kind for one in receiver.received if one.kept)


ALL = ["email", "pagerduty", "slack", "teams", "webhook"]


async def test_every_channel_is_notified_once(services: Services, receiver: Receiver) -> None:
    await happens(services, "opened")
    await deliver(services)
    assert kinds(receiver) == ALL
    await deliver(services)
    assert len(receiver.received) == 5
    assert await states(services) == {
        name: ["delivered"] for name in ("Teams", "Slack", "PagerDuty", "Webhook", "Mail")
    }
    one = (await listed(services))[0]
    assert (one.event, one.subject_id, one.attempts, one.last_error) == ("incident.opened", ID, 1, None)


async def test_runs_at_the_same_time_send_it_once(services: Services, receiver: Receiver, storage: Azurite) -> None:
    for number in range(10):
        await happens(services, "opened", identifier=f"{number:x}" * 32)
    others = [Services(services.settings) for _ in range(3)]
    await asyncio.gather(*(deliver(one) for one in (services, *others)))
    await deliver(services)
    for other in others:
        await other.close()
    ids = [one.body for one in receiver.of("email")]
    assert len(ids) == len(set(ids)) == 10


async def test_it_is_sent_as_it_is_now(services: Services, receiver: Receiver) -> None:
    await happens(services, "opened", exposed=1)
    await deliver(services, Now(incident(exposed=77)))
    assert [one.wire()["body"]["data"]["exposed"] for one in receiver.of("webhook")] == [77]


async def test_a_tenant_is_called_by_its_name(services: Services, receiver: Receiver) -> None:
    await happens(services, "opened")
    await happens(services, "opened", identifier="1" * 32, tenantId=OTHER_TENANT_ID)  # Graph can't be reached
    await deliver(services)
    texts = {one.wire()["body"]["text"].split(": ")[1] for one in receiver.of("slack")}
    assert texts == {"Contoso", "other.example"}


async def test_what_is_too_young_waits_and_what_is_over_is_dropped(services: Services, receiver: Receiver) -> None:
    await happens(services, "opened", seconds_ago=30)
    await deliver(services)
    assert set((await states(services))["Slack"]) == {"pending"}
    await happens(services, "resolved", 2, seconds_ago=1, state="resolved")
    await deliver(services)
    assert (await listed(services), receiver.received) == ([], [])
    await happens(services, "opened", 3)
    await deliver(services, Now(incident(state="resolved")))
    assert (await listed(services), receiver.received) == ([], [])


async def test_updates_within_15_minutes_are_sent_as_one(services: Services, receiver: Receiver) -> None:
    await happens(services, "opened")
    await deliver(services)
    await happens(services, "worsened", 2, exposed=99999)
    await happens(services, "resolved", 3, state="resolved", exposed=0)
    await deliver(services)
    assert len(receiver.received) == 5, "within 15 minutes nothing more"
    await some_time_ago(services, 16)
    await deliver(services)
    assert len(receiver.received) == 10
    assert [alert["status"] for alert in receiver.channels["pagerduty"].alerts] == ["resolved"]
    (_, last) = receiver.of("webhook")
    assert (last.wire()["body"]["type"], last.wire()["body"]["data"]["exposed"]) == ("incident.resolved", 0)
    facts = receiver.of("teams")[1].wire()["body"]["attachments"][0]["content"]["body"]
    assert {"title": "Messages that can still be opened", "value": "0 (-8,800)"} in next(
        block["facts"] for block in facts if block["type"] == "FactSet"
    )
    assert {one.state for one in await listed(services)} == {"delivered"}
    await happens(services, "resolved", 4, state="resolved")
    await deliver(services)
    assert len(receiver.received) == 10, "its end was sent"


async def test_a_suppression_resolves_the_alert_and_its_end_opens_another(
    services: Services, receiver: Receiver
) -> None:
    await happens(services, "opened")
    await deliver(services)
    for number, ended in ((2, False), (3, True)):
        await some_time_ago(services, 16)
        suppression = None if ended else {"reason": "x", "until": "2030-01-01T00:00:00Z", "by": "ada"}
        await happens(
            services,
            "suppressed",
            number,
            ended=ended,
            suppression=suppression,
            state="open" if ended else "suppressed",
        )
        await deliver(services)
    assert [alert["status"] for alert in receiver.channels["pagerduty"].alerts] == ["resolved", "triggered"]
    assert len(receiver.of("slack")) == 3


async def test_an_app_incident_holds_back_the_others_until_it_is_over(services: Services, receiver: Receiver) -> None:
    await happens(services, "opened", scope="mailbox", cause="user_deleted")
    await deliver(services, Now(app_open={TENANT_ID}))
    assert (receiver.received, set((await states(services))["Mail"])) == ([], {"pending"})
    await deliver(services, Now())
    assert kinds(receiver) == ALL


async def test_each_channel_goes_away_delays_no_other_and_comes_back(services: Services, receiver: Receiver) -> None:
    slack = receiver.channels["slack"]
    slack.burst = slack.tokens = 99
    for number, gone in enumerate(ALL):
        receiver.faults[gone] = Fault(503, retry_after=0) if gone == "slack" else Fault("away")
        await happens(services, "opened", identifier=f"{number}" * 32)
        await deliver(services)
        assert kinds(receiver) == [kind for kind in ALL if kind != gone]
        [waiting] = [one for one in await listed(services) if one.state == "pending"]
        answer = "HTTP 503: made to fail" if gone == "slack" else "The connection failed ("
        assert (waiting.attempts, (waiting.last_error or "").startswith(answer)) == (1, True)
        receiver.faults.clear()
        await hurry(services)
        await deliver(services)
        assert kinds(receiver) == ALL
        receiver.received.clear()
    assert {one.state for one in await listed(services)} == {"delivered"}


async def test_what_waits_for_a_channel_that_is_away_hides_nothing_from_the_others(
    services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_ROWS", 1)
    for kind in ("teams", "slack", "pagerduty", "email"):
        receiver.faults[kind] = Fault("away")
    await happens(services, "opened")
    for number in (1, 2):  # newer ones, in the same shard
        await happens(services, "opened", identifier=f"0{number}" * 16, seconds_ago=90)
    for _ in range(3):
        await deliver(services)
    assert kinds(receiver) == ["webhook"] * 3


async def hurry(services: Services, **columns: Any) -> None:
    """What waits for its next try is due, and every channel may be tried."""
    table = await services.account.table(TABLE)
    async for entity in table.query_entities("RowKey ge 'out|' and RowKey lt 'out}'"):
        await table.update_entity({**entity, "nextTry": "", **columns})
    async for entity in table.query_entities("PartitionKey eq 'channels'"):
        await table.update_entity({**entity, "notBefore": ""})


async def test_the_same_message_twice_has_the_same_id(services: Services, receiver: Receiver) -> None:
    receiver.faults["webhook"] = Fault("cut", times=1)
    await happens(services, "opened")
    await deliver(services)
    await hurry(services)
    await deliver(services)
    first, second = (one for one in receiver.received if one.kind == "webhook")
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert (first.kept, second.kept, second.note) == (True, False, "seen before: dropped")


async def test_a_lost_answer_leaves_no_alert_open(services: Services, receiver: Receiver) -> None:
    receiver.faults["pagerduty"] = Fault("cut", times=1)
    await happens(services, "opened")
    await deliver(services)
    assert [alert["status"] for alert in receiver.channels["pagerduty"].alerts] == ["triggered"]
    await happens(services, "resolved", 2, state="resolved")
    await hurry(services)
    await deliver(services, Now(incident(state="resolved")))
    assert [alert["status"] for alert in receiver.channels["pagerduty"].alerts] == ["resolved"]


async def test_a_channel_that_missed_the_opening_gets_no_resolution(services: Services, receiver: Receiver) -> None:
    receiver.faults["teams"] = Fault(404)
    await happens(services, "opened")
    await deliver(services)
    receiver.faults.clear()
    await happens(services, "resolved", 2, state="resolved")
    await some_time_ago(services, 16)
    await hurry(services)
    await deliver(services)
    assert (len(receiver.of("teams")), len(receiver.of("slack"))) == (0, 2)


async def test_what_is_refused_keeps_nothing_else_from_its_channel(services: Services, receiver: Receiver) -> None:
    receiver.faults["slack"] = Fault(400, times=1)
    await happens(services, "opened", seconds_ago=200)
    await deliver(services)
    await happens(services, "opened", identifier="f" * 32)
    await hurry(services)
    await deliver(services)
    assert len(receiver.of("slack")) == 2


async def test_a_storm_that_is_refused_arrives_when_the_channel_is_fixed(
    services: Services, receiver: Receiver
) -> None:
    receiver.faults["slack"] = Fault(401)
    for number in range(21):
        await happens(services, "opened", identifier=f"{number * 7919:032x}"[::-1])
    await deliver(services)
    assert set((await states(services))["Slack"]) == {"pending"}
    receiver.faults.clear()
    await hurry(services)
    await deliver(services)
    assert (len(receiver.of("slack")), set((await states(services))["Slack"])) == (1, {"delivered"})


async def test_after_a_day_it_has_failed(services: Services, receiver: Receiver) -> None:
    receiver.faults["email"] = Fault(500)
    await happens(services, "opened")
    await deliver(services)
    await hurry(services, firstTried=from_epoch_ns(time.time_ns() - LONGEST))
    await deliver(services)
    failed = [one for one in await listed(services) if one.channel == "Mail"]
    assert [(one.state.value, one.last_error) for one in failed] == [
        ("failed", "It was tried for 24 hours. HTTP 500: made to fail")
    ]


async def test_the_others_are_notified_that_a_channel_keeps_failing_and_that_it_works_again(
    services: Services, receiver: Receiver
) -> None:
    receiver.faults["teams"] = Fault("away")
    await happens(services, "opened")
    for _ in range(DEGRADED_AFTER):
        await deliver(services)
        await hurry(services)
    receiver.received.clear()
    await deliver(services)
    assert kinds(receiver) == ["email", "pagerduty", "slack", "webhook"]
    receiver.faults.clear()
    for _ in range(2):
        await hurry(services)
        await deliver(services)
    assert kinds(receiver) == sorted([*("email", "pagerduty", "slack", "webhook") * 2, "teams"])
    assert [one.wire()["body"]["content"]["subject"] for one in receiver.of("email")] == [
        "Triage degraded (high): Notifications do not reach the channel Teams",
        "Triage works again (high): Notifications reach the channel Teams again",
    ]
    assert [alert["status"] for alert in receiver.channels["pagerduty"].alerts] == ["triggered", "resolved"]


async def test_a_storm_is_one_message_and_nothing_is_lost(services: Services, receiver: Receiver) -> None:
    many = 25
    for number in range(many):
        await happens(services, "opened", identifier=f"{number * 7919:032x}"[::-1])
    await deliver(services)
    assert kinds(receiver) == ALL
    assert [one.wire()["body"]["data"]["messages"] for one in receiver.of("webhook")] == [many]
    assert {name: set(found) for name, found in (await states(services)).items()} == {
        name: {"delivered"} for name in ("Teams", "Slack", "PagerDuty", "Webhook", "Mail")
    }
    assert len(await listed(services)) == 5 * many
    await happens(services, "opened", identifier="f" * 32)
    await deliver(services)
    assert len(receiver.received) == 5, "nothing more for five minutes"


async def test_notifications_for_a_removed_channel_fail(services: Services, receiver: Receiver) -> None:
    await happens(services, "opened")
    fewer = Services(services.settings.model_copy(update={"notifications": services.settings.notifications[:1]}))
    await deliver(fewer)
    await fewer.close()
    assert len(receiver.received) == 1
    failed = [one for one in await listed(services) if one.state == "failed"]
    assert (len(failed), failed[0].last_error) == (4, "TRIAGE_NOTIFICATIONS no longer has a channel with this name.")


async def test_pages_newest_first(services: Services) -> None:
    for number in range(5):
        await happens(services, "opened", seconds_ago=100 + number * 10, identifier=f"{number:x}" * 32)
    await deliver(services)
    everything = await listed(services)
    assert [one.created_at for one in everything] == sorted((one.created_at for one in everything), reverse=True)
    token, pages = None, []
    while True:
        page, token = await services.outbox.page(7, token)
        pages += page
        if token is None:
            break
    assert pages == everything
    for states in (["pending"], ["delivered"], ["failed"], ["pending", "delivered"]):
        found = (await services.outbox.page(99, None, None, states))[0]
        assert found == [one for one in everything if one.state in states]
    waiting = len((await services.outbox.page(99, None, None, ["pending"]))[0])
    assert (await services.outbox.page(99, None, [TENANT_ID]))[0] == everything
    await happens(services, "worsened", 2)
    assert len((await services.outbox.page(99, None, [TENANT_ID], ["pending"]))[0]) == waiting + 5
    assert await services.outbox.page(99, None, ["x"]) == await services.outbox.page(99, None, []) == ([], None)


async def test_a_test_says_what_the_other_side_said(services: Services, receiver: Receiver) -> None:
    for channel in services.settings.notifications:
        outcome = await send_test(services, channel)
        assert outcome.result == "delivered"
    assert [alert["status"] for alert in receiver.channels["pagerduty"].alerts] == ["resolved"]
    receiver.faults["slack"] = Fault(410)
    outcome = await send_test(services, next(one for one in services.settings.notifications if one.kind == "slack"))
    assert (outcome.result, outcome.answer) == ("again", "HTTP 410: made to fail")
    assert await listed(services) == []


async def test_what_was_sent_long_ago_is_removed(services: Services, receiver: Receiver) -> None:
    await happens(services, "opened")
    await deliver(services)
    await happens(services, "opened", identifier="f" * 32, seconds_ago=1)
    now = time.time_ns()
    assert await remove_notifications(services.account, Expiry(now - 60 * MINUTE, time.monotonic() + 9)) == 0
    assert await remove_notifications(services.account, Expiry(now, time.monotonic())) == 0, "time is up"
    assert await remove_notifications(services.account, Expiry(now, time.monotonic() + 9)) == 10
    assert {(one.subject_id, one.state.value) for one in await listed(services)} == {("f" * 32, "pending")}


async def test_the_health_says_how_many_channels_fail(services: Services, receiver: Receiver) -> None:
    receiver.faults["teams"] = Fault("away")
    assert await services.states.failing_channels() == 0
    await happens(services, "opened")
    for _ in range(DEGRADED_AFTER):
        await deliver(services)
        await hurry(services)
    assert await services.states.failing_channels() == 0, "it is kept for a while"
    other = Services(services.settings)
    assert await other.states.failing_channels() == 1
    await other.close()
    assert _notification_state(5, 1) == {"status": "degraded", "channels": 5, "failing": 1}
    assert _notification_state(5, 0)["status"] == "ok"
    assert _notification_state(5, None) == {"status": "unknown", "channels": 5, "failing": 0}


async def test_a_digest_says_what_is_in_reach_and_what_the_day_brought(services: Services, receiver: Receiver) -> None:
    wanted = [one for one in services.settings.notifications if one.kind is not ChannelKind.PAGERDUTY]
    assert await send_digests(services) == len(wanted)
    await deliver(services)
    assert kinds(receiver) == sorted(one.kind.value for one in wanted)
    [listed_one, *_] = await listed(services)
    assert (listed_one.event, listed_one.state.value) == (NotificationEvent.DIGEST_DAILY, "delivered")


def test_the_text_of_a_digest() -> None:
    summary = {
        "total": 1204, "byCause": {"user_deleted": 4, "consent_missing": 1200}, "openIncidents": 1,
        "exposures": {"messages": 12, "read": 1, "mailboxes": 12},
        "audits": [{"verdict": "broken"}, {"verdict": "healthy"}],
    }  # fmt: skip
    occasion = digest(summary, epoch_ns("2026-11-26T06:00:00.5Z"))
    assert occasion.at == "2026-11-26T06:00:00Z"
    assert occasion.document["title"] == "12 messages can still be opened, 1 incident open"
    assert occasion.document["lines"] == [
        "1 of these messages was read",
        "1,204 failed remediations in the last 24 hours",
        f"{RULES[Cause.CONSENT_MISSING].title}: 1,200",
        f"{RULES[Cause.USER_DELETED].title}: 4",
        "Email Threat Defense can't remediate in 1 tenant",
    ]
