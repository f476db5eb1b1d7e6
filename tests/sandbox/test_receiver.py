"""The stand-ins for channels refuse what the real ones refuse, so that tests with them show something."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.receiver.channels import KINDS, WEBHOOK_SECRET, Request
from sandbox.receiver.channels import settings as channels
from tests.notifications.samples import NOW, incident, row, settings
from triage.notifications.compose import Writer
from triage.notifications.render import render
from triage.notifications.webhook import signed_headers

Change = Callable[[dict[str, Any]], Any]


def request(kind: str, what: str = "opened") -> Request:
    """What the service sends."""
    (to,) = settings(*(one for one in channels("http://127.0.0.1") if one["kind"] == kind)).notifications
    one = row(what, to=to)
    outgoing = render(Writer(settings(), to).notice(one, incident(), None, NOW), to, "https://triage.example")
    headers = {name.lower(): value for name, value in outgoing.headers.items()} | {
        "authorization": "Bearer local-simulator"
    }
    return Request(outgoing.body, headers, {"sig": "sandbox", "api-version": "1"})


def changed(kind: str, change: Change) -> Request:
    given = request(kind)
    value = given.json
    change(value)
    return replace(given, body=json.dumps(value).encode())


def card(value: dict[str, Any]) -> dict[str, Any]:
    return value["attachments"][0]["content"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_service_sends_is_shown(kind: str) -> None:
    answer = KINDS[kind]().take(request(kind))
    assert (answer.status < 300, answer.kept) == (True, True), answer


@pytest.mark.parametrize(("kind", "status", "change"), [
    ("teams", 202, lambda value: value.pop("attachments")),
    ("teams", 202, lambda value: card(value).update(version="1.5")),
    ("teams", 202, lambda value: card(value).update(type="MessageCard")),
    ("teams", 202, lambda value: card(value).update(body=["x" * 28_672])),
    ("slack", 400, lambda value: value.pop("text")),
    ("slack", 400, lambda value: value.update(blocks=value["blocks"][:1] * 51)),
    ("slack", 400, lambda value: value["blocks"][1]["text"].update(text="x" * 151)),
    ("pagerduty", 400, lambda value: value.update(routing_key="another")),
    ("pagerduty", 400, lambda value: value["payload"].update(summary="x" * 1025)),
    ("pagerduty", 400, lambda value: value["payload"].update(severity="high")),
    ("pagerduty", 400, lambda value: value.update(dedup_key="x" * 256)),
    ("pagerduty", 202, lambda value: value.update(event_action="resolve")),
    ("webhook", 401, lambda value: value["data"].update(severity="low")),
    ("email", 400, lambda value: value["recipients"].update(to=[])),
    ("email", 400, lambda value: value["content"].pop("subject")),
])  # fmt: skip
def test_an_invalid_notification_is_not_kept(kind: str, status: int, change: Change) -> None:
    answer = KINDS[kind]().take(changed(kind, change))
    assert (answer.status, answer.kept) == (status, False)


def test_a_request_without_the_right_secret_is_refused() -> None:
    assert KINDS["teams"]().take(replace(request("teams"), query={"sig": "guessed"})).status == 401
    assert KINDS["email"]().take(replace(request("email"), headers={})).status == 401
    given = request("webhook")
    for wrong in ({"webhook-timestamp": "1700000000"}, {"webhook-id": "another"}):
        assert KINDS["webhook"]().take(replace(given, headers={**given.headers, **wrong})).status == 401


def test_the_id_that_is_signed_is_that_of_the_event() -> None:
    given = request("webhook")
    headers = {name.lower(): value for name, value in signed_headers("another", given.body, WEBHOOK_SECRET).items()}
    assert KINDS["webhook"]().take(replace(given, headers=headers)).status == 422
