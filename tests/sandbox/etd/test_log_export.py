"""Log Export: hours, links, the store behind them, files, and what the rows have."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.sandbox.etd.client import ONE, Client, path_of, running

MINES = ["ines@one.example"]
AT_ONCE = {"mailboxes": MINES, "receivedAt": "-50m", "action": "quarantine"}  # 09:10
LATER = AT_ONCE | {"verdictAt": "-30m"}  # 09:30
NINE = ("2026-11-20T09", "2026-11-20T09")


async def next_hour(client: Client) -> None:
    """11:20: the files of the hours until 10 are there, and a new token."""
    await client.etd.advance(minutes=80)
    await client.sign_in()


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        ("2026-11-20T07", "2026-11-20T09", 200),  # three hours
        ("2026-11-20T06", "2026-11-20T09", 400),
        ("2026-11-20T09", "2026-11-20T10", 200),  # the label of the running hour may end a range
        ("2026-11-20T10", "2026-11-20T10", 400),  # the hour itself cannot be had
        ("2026-11-20T09", "2026-11-20T11", 400),
        ("2026-11-20T09", "2026-11-20T08", 400),
        ("2026-10-21T10", "2026-10-21T11", 200),  # 30 days
        ("2026-10-21T09", "2026-10-21T10", 400),
    ],
)
async def test_the_range_in_hours(first: str, last: str, status: int) -> None:
    async with running() as client:
        answer = await client.call("logs/downloadLinks", {"timeRange": [first, last], "logTypes": ["message"]})
        assert answer.status == status
        if status == 400:
            assert answer.message == "Invalid daterange"


@pytest.mark.parametrize(
    "body",
    [
        {"logTypes": ["message"]},
        {"timeRange": list(NINE)},
        {"timeRange": list(NINE), "logTypes": []},
        {"timeRange": list(NINE), "logTypes": ["mail"]},
        {"timeRange": ["2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z"], "logTypes": ["message"]},
        {"timeRange": ["2026-11-20T09"], "logTypes": ["message"]},
    ],
)
async def test_a_body_that_cannot_be_read(body: Any) -> None:
    async with running() as client:
        answer = await client.call("logs/downloadLinks", body)
        assert (answer.status, answer.message) == (400, "Unable to deserialize request body")


async def test_the_files_of_an_hour_appear_until_twenty_minutes_after_it() -> None:
    async with running() as client:
        await client.etd.convict([AT_ONCE | {"receivedAt": at} for at in ("-50m", "-30m", "-10m")])
        counts = []
        for minutes in (0, 6, 1, 6, 1, 5, 1):
            await client.etd.advance(minutes=minutes)
            counts.append(len(await client.links(*NINE)))
        assert counts == [0, 0, 1, 1, 2, 2, 3]


async def test_the_switch_for_how_late_the_files_are() -> None:
    async with running(fileLateMinutes=6) as client:
        await client.etd.convict([AT_ONCE | {"receivedAt": "-10m"}])
        await client.etd.advance(minutes=5)
        assert await client.links(*NINE) == []
        await client.etd.advance(minutes=1)
        assert len(await client.links(*NINE)) == 1


@pytest.mark.parametrize(("included", "hours"), [(True, {"08", "09"}), (False, {"08"})])
async def test_the_switch_for_the_end_of_the_range(included: bool, hours: set[str]) -> None:
    async with running(endHourIncluded=included) as client:
        await client.etd.convict([AT_ONCE, AT_ONCE | {"receivedAt": "-90m"}])
        await next_hour(client)
        rows = await client.rows("2026-11-20T08", "2026-11-20T09")
        assert {row["logHour"] for row in rows} == hours
        longest = {"timeRange": ["2026-11-20T07", "2026-11-20T10"], "logTypes": ["message"]}
        assert (await client.call("logs/downloadLinks", longest)).status == (400 if included else 200)


async def test_a_path_stays_and_its_signature_does_not() -> None:
    async with running() as client:
        await client.etd.convict([AT_ONCE])
        await next_hour(client)
        [one], [two] = [await client.links(*NINE) for _ in range(2)]
        assert one != two
        assert path_of(one) == path_of(two)
        assert path_of(one).endswith(f"tenant_id={ONE}/log_date=2026-11-20/hour=09/log_type=message/0000.jsonl")
        assert "hour%3D09" in one
        assert [(await client.send("GET", link, {})).status for link in (one, two)] == [200, 200]


async def test_a_link_ends_after_an_hour() -> None:
    async with running() as client:
        await client.etd.convict([AT_ONCE])
        await next_hour(client)
        [link] = await client.links(*NINE)
        await client.etd.advance(minutes=59)
        assert (await client.send("GET", link, {})).status == 200
        await client.etd.advance(minutes=1)
        answer = await client.send("GET", link, {})
        assert (answer.status, answer.headers["Content-Type"]) == (403, "application/xml; charset=utf-8")
        assert "<Code>AccessDenied</Code>" in answer.text


async def test_the_store_refuses_credentials_and_other_signatures_and_does_not_count() -> None:
    async with running() as client:
        await client.etd.convict([AT_ONCE])
        await next_hour(client)
        [link] = await client.links(*NINE)
        before = (await client.control("GET", "stats")).body["today"][ONE]
        for headers in client.usual.items():
            answer = await client.send("GET", link, dict([headers]))
            assert answer.status == 400
            assert "<Code>InvalidArgument</Code>" in answer.text
        assert (await client.send("GET", link[:-1] + ("0" if link[-1] != "0" else "1"), {})).status == 403
        assert (await client.send("GET", link.partition("?")[0], {})).status == 403
        assert (await client.send("GET", link, {})).status == 200
        assert (await client.control("GET", "stats")).body["today"][ONE] == before


async def test_at_most_200_links_are_returned_without_a_sign_of_more() -> None:
    async with running(rowsPerFile=1) as client:
        await client.etd.convict([AT_ONCE | {"receivedAt": f"-{60 + n % 30}m"} for n in range(210)])
        await next_hour(client)
        assert len(await client.links("2026-11-20T08", "2026-11-20T09")) == 200
        assert len(await client.links("2026-11-20T08", "2026-11-20T08")) == 200
        assert len(await client.links("2026-11-20T09", "2026-11-20T09")) == 7  # of 09:00


async def test_a_file_that_was_listed_does_not_change() -> None:
    async with running() as client:
        await client.etd.convict([AT_ONCE])
        await next_hour(client)
        [first] = await client.links(*NINE)
        await client.etd.convict([AT_ONCE | {"receivedAt": "-130m"}])  # 09:10 as well
        paths = [path_of(link) for link in await client.links(*NINE)]
        assert len(paths) == 2
        assert path_of(first) in paths
        assert len((await client.send("GET", first, {})).text.splitlines()) == 1


async def test_a_create_row_for_every_mail_with_a_verdict_only_where_there_was_one_at_once() -> None:
    async with running(actionTimes="equal") as client:
        clean = {"mailboxes": MINES, "receivedAt": "-50m", "verdict": None, "direction": "outgoing"}
        await client.etd.convict([clean, AT_ONCE, LATER])
        await next_hour(client)
        rows = [row for row in await client.rows(*NINE) if row["message"]["eventType"] == "create"]
        plain, decided, undecided = [row["message"] for row in rows]
        assert [("verdict" in row, "action" in row) for row in (plain, decided, undecided)] == [
            (False, False),
            (True, True),
            (False, False),
        ]
        assert plain["mailboxes"] == []  # as the export has it for outgoing mail
        assert decided["mailboxes"] == MINES
        assert decided["timestamp"] == "2026-11-20T09:10:00.000Z"
        assert decided["verdict"] == {"verdict": "phishing", "category": "phishing"}
        assert decided["action"]["action"] == "move"
        assert decided["action"]["remediatedBy"] == "automatic"
        assert rows[0]["logType"] == "message"
        assert (rows[0]["logDate"], rows[0]["logHour"]) == ("2026-11-20", "09")


async def test_an_update_row_has_only_what_changed() -> None:
    async with running(actionTimes="equal") as client:
        [mail] = await client.etd.convict([LATER | {"by": "manual"}])
        await next_hour(client)
        rows = [row["message"] for row in await client.rows(*NINE)]
        verdict, action = [row for row in rows if row["eventType"] == "update"]
        usual = {"eventType", "id", "internetMessageId", "mailboxes"}
        assert verdict.keys() == usual | {"verdict"}
        assert action.keys() == usual | {"action"}
        assert {row["id"] for row in rows} == {mail.id}
        assert verdict["verdict"]["reclassifiedBy"] == "user"
        assert verdict["verdict"]["timestamp"] == action["action"]["timestamp"] == "2026-11-20T09:30:00.000Z"
        assert action["action"]["remediatedBy"] == "manual"
        assert action["action"]["user"]


async def test_what_an_api_client_asks_for_has_its_id() -> None:
    async with running() as client:
        await client.etd.convict([LATER | {"by": "api"}])
        await next_hour(client)
        _, verdict, action = [row["message"] for row in await client.rows(*NINE)]
        assert verdict["verdict"]["reclassifiedBy"] == "api"
        assert verdict["verdict"]["publicApiClientId"] == action["action"]["publicApiClientId"]


@pytest.mark.parametrize("there", [True, False])
async def test_the_switch_for_mailboxes_in_an_update_row(there: bool) -> None:
    async with running(updateHasMailboxes=there) as client:
        await client.etd.convict([LATER])
        await next_hour(client)
        create, *updates = [row["message"] for row in await client.rows(*NINE)]
        assert "mailboxes" in create
        assert {"mailboxes" in row for row in updates} == {there}


@pytest.mark.parametrize("there", [True, False])
async def test_the_switch_for_the_time_of_an_action_in_a_create_row(there: bool) -> None:
    async with running(createHasActionTime=there) as client:
        await client.etd.convict([AT_ONCE, LATER])
        await next_hour(client)
        timed = {
            row["message"]["eventType"]: "timestamp" in row["message"]["action"]
            for row in await client.rows(*NINE)
            if "action" in row["message"]
        }
        assert timed == {"create": there, "update": True}


async def test_audit_rows_say_who_asked_and_not_what_came_of_it() -> None:
    async with running() as client:
        await client.etd.convict([AT_ONCE, LATER | {"by": "manual", "fails": MINES}])
        await next_hour(client)
        rows = [row["audit"] for row in await client.rows(*NINE, "audit")]
        assert [row["action"] for row in rows] == ["reclassify", "move"]
        assert {row["status"] for row in rows} == {"success"}
        assert {row["timestamp"] for row in rows} == {"2026-11-20 09:30:00"}


@pytest.mark.parametrize("empty", ["list", "null", "missing"])
async def test_the_switch_for_a_type_without_files(empty: str) -> None:
    async with running(emptyLinks=empty) as client:
        body = {"timeRange": list(NINE), "logTypes": ["message", "connection"]}
        data = (await client.call("logs/downloadLinks", body)).body["data"]
        wanted: dict[str, Any] = {"list": [], "null": None}
        assert data == ({} if empty == "missing" else dict.fromkeys(["message", "connection"], wanted[empty]))


@pytest.mark.parametrize("packed", [True, False])
async def test_the_switch_for_gzip(packed: bool) -> None:
    async with running(gzip=packed) as client:
        await client.etd.convict([AT_ONCE])
        await next_hour(client)
        [link] = await client.links(*NINE)
        async with client.session.get(link) as response:
            data = await response.read()
            assert response.headers["Content-Type"] == "application/x-ndjson"
        assert data.startswith(b"\x1f\x8b") is packed
        assert json.loads(gzip.decompress(data) if packed else data)["message"]["eventType"] == "create"


@pytest.mark.parametrize(("twice", "files"), [(False, 1), (True, 2)])
async def test_the_switch_for_an_event_in_two_files(twice: bool, files: int) -> None:
    async with running(duplicateEvent=twice) as client:
        [mail] = await client.etd.convict([AT_ONCE])
        await next_hour(client)
        assert len(await client.links(*NINE)) == files
        assert [row["message"]["id"] for row in await client.rows(*NINE)] == [mail.id] * files


async def downloads(client: Client, times: int) -> list[list[bool]]:
    """For each download of the one file: which of its lines are rows."""
    await client.etd.convict([AT_ONCE, AT_ONCE])
    await next_hour(client)
    return [[readable(line) for line in text.splitlines()] for text in [await whole(client) for _ in range(times)]]


async def whole(client: Client) -> str:
    [link] = await client.links(*NINE)
    return (await client.send("GET", link, {})).text


def readable(line: str) -> bool:
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("off", [[True, True], [True, True]]),
        ("extra", [[True, False, True], [True, False, True]]),
        ("once", [[True, False], [True, True]]),
    ],
)
async def test_the_switch_for_a_broken_line(how: str, wanted: list[list[bool]]) -> None:
    async with running(brokenLine=how) as client:
        assert await downloads(client, 2) == wanted


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("off", [[True, True], [True, True]]),
        ("first", [[False], [True, True]]),
        ("later", [[True, True], [False]]),
    ],
)
async def test_the_switch_for_a_file_that_shrinks_to_an_error_page(how: str, wanted: list[list[bool]]) -> None:
    async with running(errorPage=how) as client:
        assert await downloads(client, 2) == wanted


async def test_log_export_has_no_links_until_it_is_switched_on() -> None:
    async with running(logExport=False) as client:
        await client.etd.convict([AT_ONCE])
        await client.etd.advance(minutes=20)
        assert await client.links(*NINE) == []
        client.etd.switches.change({"logExport": True})
        [mail] = await client.etd.convict([{"mailboxes": MINES}])
        await client.etd.advance(minutes=60)
        await client.sign_in()
        rows = await client.rows("2026-11-20T09", "2026-11-20T10")
        assert [row["message"]["id"] for row in rows] == [mail.id]
        client.etd.switches.change({"logExport": False})
        assert await client.links("2026-11-20T09", "2026-11-20T10") == []
