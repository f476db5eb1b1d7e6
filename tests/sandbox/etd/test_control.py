"""The controls: switches, the clock, faults, counts, and what they refuse; ETD as a process."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import sys
from typing import Any

import aiohttp
import pytest

from sandbox.etd import cli
from sandbox.processes import ROOT
from tests.sandbox.etd.client import ONE, TWO, running

RANGE = ("2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z")
MAIL = {"mailboxes": ["ines@one.example"], "receivedAt": "-40m"}


async def test_switches_over_http() -> None:
    async with running() as client:
        assert (await client.control("PUT", "switches", {"gzip": True, "searchEndMinutes": 7})).status == 204
        found = (await client.control("GET", "switches")).body
        assert (found["gzip"], found["searchEndMinutes"]) == (True, 7)


@pytest.mark.parametrize(
    "change",
    [
        {"no": 1},
        {"gzip": 1},
        {"searchOrder": "any"},
        {"burst": 1.5},
        {"searchEndMinutes": True},
        {"gzip": True, "burst": "4"},
    ],
)
async def test_a_switch_that_does_not_fit_changes_nothing(change: dict[str, Any]) -> None:
    async with running() as client:
        before = client.etd.switches.wire()
        assert (await client.control("PUT", "switches", change)).status == 400
        assert client.etd.switches.wire() == before


async def test_the_clock_over_http() -> None:
    async with running() as client:
        assert (await client.control("GET", "clock")).body == {"now": "2026-11-20T10:00:00.000000Z", "running": False}
        assert (await client.control("PUT", "clock", {"advanceSeconds": 90})).body[
            "now"
        ] == "2026-11-20T10:01:30.000000Z"
        assert (await client.control("PUT", "clock", {"now": "-90s"})).body["now"] == "2026-11-20T10:00:00.000000Z"
        assert (await client.control("PUT", "clock", {"running": True})).body["running"] is True
        assert (await client.control("PUT", "clock", {"later": 1})).status == 400


async def test_mail_over_http_and_what_became_of_it() -> None:
    async with running() as client:
        [mail] = (await client.control("POST", "convict", {"messages": [MAIL | {"fails": MAIL["mailboxes"]}]})).body[
            "messages"
        ]
        change = {"action": "trash", "by": "manual", "at": "-1m"}
        assert (await client.control("POST", f"convict/{mail['id']}", change)).status == 204
        [found] = (await client.control("GET", "messages")).body[ONE]
        assert found["internetMessageId"] == mail["internetMessageId"]
        assert found["verdicts"] == [{"verdict": "phishing", "at": "2026-11-20T09:20:00Z", "by": "automatic"}]
        assert found["actions"] == [
            {"folder": "trash", "at": "2026-11-20T09:59:00Z", "by": "manual", "moved": {"ines@one.example": False}}
        ]


async def test_mail_for_a_business_that_is_named() -> None:
    async with running() as client:
        await client.control("POST", "convict", {"tenantId": TWO, "messages": [MAIL]})
        found = (await client.control("GET", "messages")).body
        assert (len(found[ONE]), len(found[TWO])) == (0, 1)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("convict", {"messages": [MAIL, {"mailboxes": []}]}),
        ("convict", {"messages": [MAIL, {}]}),
        ("convict", {"messages": [MAIL, MAIL | {"action": "away"}]}),
        ("convict", {"messages": [MAIL, MAIL | {"verdict": "evil"}]}),
        ("convict", {"messages": [MAIL, MAIL | {"receivedAt": "2026-11-20T09:00:00"}]}),
        ("convict", {"messages": [MAIL, MAIL | {"colour": "red"}]}),
        ("convict", {"messages": [MAIL], "tenantId": "x"}),
        ("convict/5f0d6a2e-0000-4c7e-9b1f-1d0c3a5b7e91", {"verdict": "spam"}),
        ("faults", {"path": "("}),
        ("faults", {"colour": "red"}),
    ],
)
async def test_an_invalid_request_is_refused_and_changes_nothing(name: str, body: Any) -> None:
    async with running() as client:
        assert (await client.control("POST", name, body)).status == 400
        assert (await client.control("GET", "messages")).body[ONE] == []
        assert (await client.control("GET", "faults")).body["value"] == []


async def test_an_invalid_change_of_a_message_is_refused() -> None:
    async with running() as client:
        [mail] = await client.etd.convict([MAIL])
        for change in ({"verdict": "evil"}, {"action": "away"}, {"by": "chance"}, {"folder": "trash"}):
            assert (await client.control("POST", f"convict/{mail.id}", change)).status == 400


async def test_faults_take_turns_and_end() -> None:
    async with running() as client:
        await client.control(
            "POST", "faults",
            [{"path": "search", "status": 503, "times": 1, "after": 1}, {"path": "search", "status": 429, "retryAfter": 7, "times": 1}],
        )  # fmt: skip
        answers = [await client.search(*RANGE) for _ in range(3)]
        assert [one.status for one in answers] == [429, 503, 200]
        assert answers[0].headers["Retry-After"] == "7"
        assert answers[1].message == "Service Unavailable"
        assert [rule["hits"] for rule in (await client.control("GET", "faults")).body["value"]] == [1, 1]
        await client.control("DELETE", "faults")
        assert (await client.control("GET", "faults")).body["value"] == []


async def test_answers_that_break() -> None:
    async with running() as client:
        await client.etd.convict([MAIL])
        await client.control("POST", "faults", {"malformed": True, "times": 1})
        assert (await client.search(*RANGE)).text.startswith("<html>")
        await client.control("POST", "faults", {"drop": True, "times": 1})
        with pytest.raises(aiohttp.ClientError):
            await client.search(*RANGE)
        await client.control("POST", "faults", {"cut": True, "times": 1})
        with pytest.raises(aiohttp.ClientPayloadError):
            await client.search(*RANGE)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await client.control("POST", "faults", {"delaySeconds": 0.2, "times": 1})
        assert (await client.search(*RANGE)).status == 200
        assert loop.time() - begun >= 0.2


async def test_what_was_asked_is_counted() -> None:
    async with running() as client:
        await client.search(*RANGE)
        await client.search(*RANGE[::-1])
        found = (await client.control("GET", "stats")).body
        assert found["requests"] == {
            "/v1/messages/search": 2,
            "/v1/messages/search 200": 1,
            "/v1/messages/search 400": 1,
            "/v1/oauth/token": 1,
            "/v1/oauth/token 200": 1,
        }
        assert (found["today"][ONE], found["throttled"][ONE]) == (3, 0)
        await client.control("DELETE", "stats")
        assert (await client.control("GET", "stats")).body["requests"] == {}


async def test_the_setting_for_the_service() -> None:
    async with running() as client:
        [one, two] = (await client.control("GET", "apis")).body
        assert one == client.api
        assert one["endpoint"] == client.etd.url
        assert [each["tenantId"] for each in (one, two)] == [ONE, TWO]


@pytest.mark.parametrize("arguments", [("--switches", '{"no": 1}'), ("--port", "1")])
def test_an_invalid_switch_or_a_port_in_use_stops_the_start(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    args = parser.parse_args(arguments)
    if arguments[0] == "--port":
        with socket.create_server(("127.0.0.1", 0)) as taken:
            args.port = taken.getsockname()[1]
            assert cli.run(args) == 2
    else:
        assert cli.run(args) == 2
    assert capsys.readouterr().err


async def test_as_a_process_it_says_where_it_listens_and_ends_on_a_signal() -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "etd",
        "--start",
        "2026-11-20T10:00:00+00:00",
        "--switches",
        json.dumps({"gzip": True}),
    ]
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, cwd=ROOT)
    assert started.stdout is not None
    line = (await asyncio.wait_for(started.stdout.readline(), 20)).decode()
    assert line.startswith("ETD listening at http://127.0.0.1:")
    async with aiohttp.ClientSession() as session, session.get(f"{line.split()[-1]}/_sandbox/switches") as response:
        assert (await response.json())["gzip"] is True
    started.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(started.communicate(), 10)
    assert (started.returncode, errors) == (0, b"")
