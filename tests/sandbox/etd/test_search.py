"""Message Search: ranges, pages, filters, and what a row has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.etd.client import Client, running

MINES = ["ines@one.example"]


async def pages(client: Client, **more: Any) -> list[list[str]]:
    """The ids, page by page, of the hour before ten."""
    found, token = [], None
    while True:
        answer = await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z", pageToken=token, **more)
        found.append([row["id"] for row in answer.messages])
        token = answer.body.get("nextPageToken")
        if token is None:
            return found


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z", 200),
        ("2026-11-20T09:00:00.123Z", "2026-11-20T09:55:00.000000Z", 200),
        ("2026-11-20T09:00:00Z", "2026-11-20T09:55:01Z", 400),  # too close to now
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00Z", 400),
        ("2026-11-20T09:30:00Z", "2026-11-20T09:00:00Z", 400),
        ("2026-10-19T00:00:00Z", "2026-11-20T00:00:00Z", 200),  # 32 days
        ("2026-10-18T23:59:59Z", "2026-11-20T00:00:00Z", 400),
        ("2026-08-22T10:00:00Z", "2026-09-20T00:00:00Z", 200),  # 90 days back
        ("2026-08-22T09:59:59Z", "2026-09-20T00:00:00Z", 400),
    ],
)
async def test_the_range_of_a_search(start: str, end: str, status: int) -> None:
    async with running() as client:
        answer = await client.search(start, end)
        assert answer.status == status
        if status == 400:
            assert answer.message == "Invalid daterange"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"timestamp": "2026-11-20T09:00:00Z"},
        {"timestamp": ["2026-11-20T09:00:00Z"]},
        {"timestamp": ["2026-11-20 09:00:00", "2026-11-20 09:30:00"]},
        {"timestamp": ["2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z"], "verdicts": ["evil"]},
        {"timestamp": ["2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z"], "directions": ["up"]},
        {"timestamp": ["2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z"], "pageSize": 101},
        {"timestamp": ["2026-11-20T09:00:00Z", "2026-11-20T09:30:00Z"], "pageToken": "x"},
    ],
)
async def test_a_body_that_cannot_be_read(body: Any) -> None:
    async with running() as client:
        answer = await client.call("messages/search", body)
        assert (answer.status, answer.message) == (400, "Unable to deserialize request body")


async def test_a_search_goes_by_the_time_of_the_message_not_of_the_action() -> None:
    async with running() as client:
        await client.etd.convict([{"mailboxes": MINES, "receivedAt": "-2h", "verdictAt": "-30m", "action": "trash"}])
        assert await pages(client) == [[]]
        [row] = (await client.search("2026-11-20T07:59:00Z", "2026-11-20T08:00:00Z")).messages
        assert row["verdict"]["isRetroVerdict"] is True
        assert row["verdict"]["originalVerdict"] == "neutral"
        assert row["verdict"]["latestVerdict"] == "phishing"
        assert row["action"]["folder"] == "trash"
        assert row["mailboxes"] == MINES


async def test_a_row_has_the_action_but_no_status_or_error() -> None:
    async with running(actionTimes="equal") as client:
        [mail] = await client.etd.convict([{"mailboxes": MINES, "receivedAt": "-20m", "action": "quarantine"}])
        [row] = (await client.search("2026-11-20T09:40:00Z", "2026-11-20T09:40:01Z")).messages
        assert row["id"] == mail.id
        assert row["internetMessageId"] == mail.message_id
        assert row["timestamp"] == "2026-11-20T09:40:00Z"
        assert row["fromAddress"] == mail.sender
        assert row["action"] == {
            "type": "move",
            "folder": "quarantine",
            "timestamp": "2026-11-20T09:40:00Z",
            "isAutoRemediated": True,
            "publicApiClientId": "",
        }
        assert not {"status", "error", "errorCode", "reason"} & {*row, *row["action"], *row["verdict"]}


async def test_pages_of_at_most_a_hundred_and_no_token_on_the_last() -> None:
    async with running() as client:
        await client.etd.convict([{"mailboxes": MINES, "receivedAt": f"-{600 + n}s"} for n in range(230)])
        found = await pages(client)
        assert [len(page) for page in found] == [100, 100, 30]
        assert len({one for page in found for one in page}) == 230
        assert [len(page) for page in await pages(client, pageSize=50)] == [50] * 4 + [30]
        answer = await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z")
        assert answer.body["totalSize"] == 230


async def test_a_verdict_that_changes_between_two_pages_moves_no_other_message() -> None:
    async with running() as client:
        mails = await client.etd.convict([{"mailboxes": MINES, "receivedAt": f"-{10 + n}m"} for n in range(4)])
        body = {"pageSize": 2, "verdicts": ["phishing"]}
        first = await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z", **body)
        await client.etd.judge(mails[1].id, {"verdict": "neutral", "by": "manual"})
        token = first.body["nextPageToken"]
        second = await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z", pageToken=token, **body)
        assert [row["id"] for row in second.messages] == [mails[2].id, mails[3].id]


async def test_a_page_token_belongs_to_its_body() -> None:
    async with running() as client:
        await client.etd.convict([{"mailboxes": MINES, "receivedAt": f"-{10 + n}m"} for n in range(4)])
        first = await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z", pageSize=2)
        other = await client.search(
            "2026-11-20T09:00:00Z", "2026-11-20T09:50:00Z", pageSize=2, pageToken=first.body["nextPageToken"]
        )
        assert other.status == 400


@pytest.mark.parametrize(("survives", "status"), [(True, 200), (False, 400)])
async def test_the_switch_for_page_tokens_and_a_new_access_token(survives: bool, status: int) -> None:
    async with running(pageTokenSurvives=survives) as client:
        await client.etd.convict([{"mailboxes": MINES, "receivedAt": f"-{10 + n}m"} for n in range(4)])
        asked = ("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z")
        token = (await client.search(*asked, pageSize=2)).body["nextPageToken"]
        assert (await client.search(*asked, pageSize=2, pageToken=token)).status == 200
        await client.sign_in()
        assert (await client.search(*asked, pageSize=2, pageToken=token)).status == status


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_the_switch_for_the_order(order: str) -> None:
    async with running(searchOrder=order) as client:
        mails = await client.etd.convict([{"mailboxes": MINES, "receivedAt": f"-{10 + n}m"} for n in range(5)])
        ids = [mail.id for mail in mails]
        found = [one for page in await pages(client, pageSize=2) for one in page]
        assert found == (ids if order == "newest" else ids[::-1])


async def test_filters() -> None:
    async with running() as client:
        spam, bec, clean = await client.etd.convict(
            [
                {"mailboxes": MINES, "receivedAt": "-20m", "verdict": "spam", "direction": "internal"},
                {"mailboxes": MINES, "receivedAt": "-21m", "verdict": "bec", "subject": "Gift cards"},
                {"mailboxes": MINES, "receivedAt": "-22m", "verdict": None, "direction": "outgoing"},
            ]
        )
        assert await pages(client, verdicts=["bec", "phishing"]) == [[bec.id]]
        assert await pages(client, verdicts=["neutral"]) == [[clean.id]]
        assert await pages(client, directions=["internal"]) == [[spam.id]]
        assert await pages(client, subject="gift") == [[bec.id]]
        assert await pages(client) == [[spam.id, bec.id, clean.id]]


async def test_mailboxes_of_outgoing_mail_are_the_sender() -> None:
    async with running() as client:
        await client.etd.convict(
            [{"mailboxes": ["a@else.example"], "from": MINES[0], "receivedAt": "-20m", "direction": "outgoing"}]
        )
        [row] = (await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z")).messages
        assert row["mailboxes"] == MINES


async def test_the_switch_for_how_close_to_now_a_search_may_end() -> None:
    async with running(searchEndMinutes=2) as client:
        assert (await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:58:00Z")).status == 200
        assert (await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:58:01Z")).status == 400
