"""`/api/notifications`: the list, and the test of a channel with what the other side said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import azure.functions as func
import pytest

from sandbox.receiver import channels
from sandbox.receiver.server import Fault, Receiver, serve
from tests.notifications.samples import environment, incident
from triage.api import notifications
from triage.notifications.pending import incident_occasion, pending
from triage.operations.notify import deliver
from triage.operations.services import services
from triage.settings import NotificationEvent


@pytest.fixture
async def receiver(connection_string: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    async with serve() as found:
        for name, value in environment(*channels.settings(found.url), TriageStorage=connection_string).items():
            monkeypatch.setenv(name, value)
        yield found
        await services().close()


async def ask(path: str = "", body: Any = None, **query: str) -> tuple[int, dict[str, Any]]:
    parameters = "&".join(f"{name}={value}" for name, value in query.items())
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = func.HttpRequest(
        "POST" if path else "GET",
        f"https://triage.example/api/notifications{path}?{parameters}",
        params=query,
        body=content,
    )
    answer = await (notifications.test if path else notifications.search)(request)
    return answer.status_code, json.loads(answer.get_body())


@pytest.mark.parametrize(("name", "status", "answer"), [
    ("Teams", 202, "HTTP 202"), ("Slack", 200, "HTTP 200: ok"), ("Webhook", 200, "HTTP 200: taken"),
])  # fmt: skip
async def test_a_channel_that_takes_it(receiver: Receiver, name: str, status: int, answer: str) -> None:
    code, said = await ask("/test", {"channel": name})
    assert (code, said["channel"], said["status"], said["answer"]) == (200, name, status, answer)
    assert ("Check the channel" in (said["note"] or "")) is (name == "Teams")
    assert len(receiver.received) == 1


async def test_a_channel_that_does_not_take_it(receiver: Receiver) -> None:
    for fault, words in ((404, "HTTP 404: made to fail"), ("away", "The connection failed")):
        receiver.faults["teams"] = Fault(fault)
        code, said = await ask("/test", {"channel": "Teams"})
        assert (code, said["type"]) == (502, "urn:problem-type:triage:channel-failed")
        assert words in said["detail"]
        assert "sig=" not in said["detail"]


@pytest.mark.parametrize(("body", "status", "word"), [
    ({"channel": "nobody"}, 404, "unknown-channel"), ({}, 400, "invalid-body"), ([1], 400, "invalid-body"),
    ({"channel": 1}, 400, "invalid-body"), (b"", 400, "invalid-body"), (b"{", 400, "invalid-body"),
])  # fmt: skip
async def test_a_body_that_names_no_channel(receiver: Receiver, body: Any, status: int, word: str) -> None:
    code, said = await ask("/test", body)
    assert (code, said["type"]) == (status, f"urn:problem-type:triage:{word}")
    assert receiver.received == []


async def test_what_was_sent(receiver: Receiver) -> None:
    made = services()
    for number, identifier in enumerate(("a" * 32, "b" * 32), start=1):
        one = incident_occasion(
            NotificationEvent.INCIDENT_OPENED, incident(identifier), 1, f"2026-11-20T10:11:1{number}Z"
        )
        await made.outbox.add(pending(made.settings.notifications[1:3], one))
    receiver.faults["pagerduty"] = Fault(400)
    await deliver(made)
    code, said = await ask()
    assert (code, len(said["value"]), "nextLink" in said) == (200, 4, False)
    first = said["value"][0]
    assert first.keys() == {
        "id",
        "channel",
        "event",
        "subjectId",
        "tenantId",
        "createdAt",
        "state",
        "attempts",
        "lastError",
    }
    assert (first["event"], first["subjectId"]) == ("incident.opened", "b" * 32)
    assert first["createdAt"] == "2026-11-20T10:11:12Z"
    found = {(one["channel"], one["state"], one["attempts"], one["lastError"]) for one in said["value"]}
    assert found == {
        ("Slack", "delivered", 1, None), ("PagerDuty", "pending", 1, "HTTP 400: made to fail"),
        ("PagerDuty", "pending", 0, None),
    }  # fmt: skip
    _, waiting = await ask(state="pending,failed")
    assert waiting["value"] == [one for one in said["value"] if one["state"] == "pending"]
    assert (await ask(state="open"))[0] == 400
    _, page = await ask(top="3")
    _, rest = await ask(top="3", token=page["nextLink"].rpartition("token=")[2].replace("%7C", "|").replace("%3A", ":"))
    assert page["value"] + rest["value"] == said["value"]
