"""The real client against stand-ins for the other sides: what they take, what they refuse, and how they fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.receiver.channels import settings as receiver_settings
from sandbox.receiver.server import Fault, Receiver, serve
from tests.notifications.samples import NAMES, NOW, incident, row, settings
from tests.notifications.test_render import ATTACK
from triage.notifications.compose import Writer
from triage.notifications.notice import Notice
from triage.notifications.rules import Outcome, Result
from triage.notifications.sender import Sender, _outcome
from triage.notifications.storm import storm
from triage.settings import Channel, ChannelKind, Settings

KINDS = [kind.value for kind in ChannelKind]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with serve() as found:
        yield found


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    made = Sender("https://triage.example")
    yield made
    await made.close()


def configured(receiver: Receiver) -> Settings:
    return settings(*receiver_settings(receiver.url))


def channel(receiver: Receiver, kind: str) -> Channel:
    return next(one for one in configured(receiver).notifications if one.kind == kind)


def notice(receiver: Receiver, kind: str, what: str = "opened", **more: Any) -> Notice:
    to = channel(receiver, kind)
    one = row(what, to=to, **more)
    return Writer(configured(receiver), to, NAMES).notice(one, one.document, None, NOW)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["opened", "worsened", "suppressed"])
async def test_the_other_side_shows_it(receiver: Receiver, sender: Sender, kind: str, what: str) -> None:
    more: dict[str, Any] = {"title": ATTACK * 3, "severity": "low"}
    outcome = await sender.send(channel(receiver, kind), notice(receiver, kind, what, **more))
    assert outcome.result is Result.DELIVERED, outcome
    kept = [one for one in receiver.received if one.kept]
    assert len(kept) == (0 if (kind, what) == ("pagerduty", "suppressed") else 1), "there was no alert to resolve"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_storm_and_a_test_are_shown(receiver: Receiver, sender: Sender, kind: str) -> None:
    from triage.notifications.rules import Message

    to = channel(receiver, kind)
    writer = Writer(configured(receiver), to, NAMES)
    messages = [Message(row("opened", to=to, identifier=f"{n:032x}")) for n in range(50)]
    documents = [(message.lead, incident(title=f"Incident {n}: {ATTACK * 9}")) for n, message in enumerate(messages)]
    for one in (storm(writer, messages, documents, NOW), writer.test("1", NOW)):
        assert (await sender.send(to, one)).result is Result.DELIVERED
    assert len(receiver.of(kind)) == 2


async def test_an_alert_joins_and_ends(receiver: Receiver, sender: Sender) -> None:
    to = channel(receiver, "pagerduty")
    for what in ("opened", "worsened", "resolved", "opened"):
        await sender.send(to, notice(receiver, "pagerduty", what))
    notes = [one.note for one in receiver.received]
    assert notes == ["a new alert", "joined", "resolved", "a new alert"]


async def test_a_repetition_is_dropped_by_its_id(receiver: Receiver, sender: Sender) -> None:
    found = notice(receiver, "webhook")
    receiver.faults["webhook"] = Fault("cut", times=1)
    first = await sender.send(channel(receiver, "webhook"), found)
    assert first == Outcome(Result.AGAIN, "The connection failed (RemoteProtocolError).", unsure=True)
    second = await sender.send(channel(receiver, "webhook"), found)
    assert (second.result, len(receiver.received), len(receiver.of("webhook"))) == (Result.DELIVERED, 2, 1)


@pytest.mark.parametrize(("status", "result"), [
    (200, Result.DELIVERED), (204, Result.DELIVERED), (302, Result.AGAIN), (400, Result.AGAIN), (401, Result.AGAIN),
    (404, Result.AGAIN), (410, Result.AGAIN), (429, Result.AGAIN), (500, Result.AGAIN), (503, Result.AGAIN),
])  # fmt: skip
async def test_what_each_status_means(receiver: Receiver, sender: Sender, status: int, result: Result) -> None:
    receiver.faults["slack"] = Fault(status, retry_after=17)
    outcome = await sender.send(channel(receiver, "slack"), notice(receiver, "slack"))
    assert (outcome.result, outcome.status) == (result, status)
    assert outcome.retry_after == (17 if result is Result.AGAIN else None)
    assert outcome.answer == (f"HTTP {status}" if status == 204 else f"HTTP {status}: made to fail")


def test_retry_after_can_be_a_date() -> None:
    response = httpx.Response(429, headers={"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})
    assert (_outcome(response, "").retry_after or 0) > 3600


async def test_slack_limits_the_rate(receiver: Receiver, sender: Sender) -> None:
    to, found = channel(receiver, "slack"), notice(receiver, "slack")
    outcomes = [await sender.send(to, found) for _ in range(5)]
    assert outcomes[-1] == Outcome(Result.AGAIN, "HTTP 429: rate_limited", 429, 30)


async def test_a_channel_that_hangs_is_given_up(
    receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.deadlines.NOTIFICATION", 0.3)
    monkeypatch.setattr("sandbox.receiver.server.HANG_SECONDS", 2)
    receiver.faults["teams"] = Fault("hang")
    outcome = await sender.send(channel(receiver, "teams"), notice(receiver, "teams"))
    assert (outcome.result, outcome.unsure) == (Result.AGAIN, True)
    assert "No answer" in outcome.answer or "ReadTimeout" in outcome.answer


async def test_a_channel_that_is_away(receiver: Receiver, sender: Sender) -> None:
    receiver.faults["email"] = Fault("away")
    assert (await sender.send(channel(receiver, "email"), notice(receiver, "email"))).result is Result.AGAIN
    nowhere = settings(
        {"name": "x", "kind": "slack", "url": "http://127.0.0.1:1/services/secret-of-slack"}
    ).notifications[0]
    outcome = await sender.send(nowhere, notice(receiver, "slack"))
    assert outcome == Outcome(Result.AGAIN, "The connection failed (ConnectError).")


async def test_secrets_are_removed_from_the_receivers_answer(
    receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.receiver.channels import Answer, PagerDuty

    to = channel(receiver, "pagerduty")
    monkeypatch.setattr(PagerDuty, "take", lambda *_: Answer(400, f"bad key {to.key} at {to.address}" + "x" * 5000))
    outcome = await sender.send(to, notice(receiver, "pagerduty"))
    assert outcome.answer.startswith("HTTP 400: bad key *** at ***xxx")
    assert len(outcome.answer) < 300
