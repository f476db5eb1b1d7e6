"""One thing has several names and times in ETD's interfaces, and a failure has none in any of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.etd.switches import NAMES
from tests.sandbox.etd.client import Client, running

MAILBOXES = ["ines@one.example", "otto@one.example"]
MANUAL = {"mailboxes": MAILBOXES, "receivedAt": "-50m", "verdictAt": "-30m", "action": "quarantine", "by": "manual"}


async def one_action(client: Client, **changes: Any) -> dict[str, Any]:
    """The action on one message as each interface has it; None where it does not show."""
    [mail] = await client.etd.convict([MANUAL | changes])
    await client.etd.advance(minutes=40)
    [row] = (await client.search("2026-11-20T09:00:00Z", "2026-11-20T09:55:00Z")).messages
    exported = [row["message"] for row in await client.rows("2026-11-20T09", "2026-11-20T09")]
    status = await client.status_of(mail.id)
    return {
        "search": row.get("action"),
        "export": next((each["action"] for each in exported if "action" in each), None),
        "status": next(iter(status["actions"]), None),
        "texts": json.dumps([row, exported, status]),
    }


async def test_the_names_of_an_action_differ_between_the_interfaces() -> None:
    async with running() as client:
        found = await one_action(client)
        search, export, status = found["search"], found["export"], found["status"]
        assert [search["type"], export["action"], status["action"]] == ["move"] * 3
        assert [search["isAutoRemediated"], export["remediatedBy"], status["initiator"]] == [False, "manual", "manual"]
        assert export["user"] == status["userId"]
        assert {one["folder"] for one in (search, export, status)} == {"quarantine"}


@pytest.mark.parametrize(
    ("how", "search", "export", "status"),
    [
        ("equal", "09:30:00Z", "09:30:00.000Z", "09:30:00.000000000Z"),
        ("truncated", "09:29:59Z", "09:29:59.987Z", "09:29:59.987654321Z"),
        ("rounded", "09:30:00Z", "09:29:59.988Z", "09:29:59.987654321Z"),
    ],
)
async def test_the_switch_for_action_times(how: str, search: str, export: str, status: str) -> None:
    async with running(actionTimes=how) as client:
        found = await one_action(client)
        times = [found[name]["timestamp"].partition("T")[2] for name in ("search", "export", "status")]
        assert times == [search, export, status]


@pytest.mark.parametrize("shown", [True, False])
async def test_the_switch_for_an_action_that_failed(shown: bool) -> None:
    async with running(failedShowsAction=shown) as client:
        found = await one_action(client, fails=MAILBOXES)
        assert (found["search"] is not None, found["export"] is not None) == (shown, shown)


async def test_an_action_that_worked_for_one_of_two_shows() -> None:
    async with running(failedShowsAction=False) as client:
        found = await one_action(client, fails=MAILBOXES[:1])
        assert found["search"]
        assert found["export"]


async def test_an_automatic_action_that_does_not_show_is_not_in_the_create_row_either() -> None:
    async with running(failedShowsAction=False) as client:
        found = await one_action(client, fails=MAILBOXES, by="automatic", verdictAt="-50m")
        assert found["export"] is None


@pytest.mark.parametrize("word", ["failed", "failure", "error", "partially_succeeded", "halfway"])
async def test_the_switch_for_the_word_of_status_for_a_failure(word: str) -> None:
    async with running(statusFailure=word) as client:
        assert (await one_action(client, fails=MAILBOXES[:1]))["status"]["status"] == word


async def test_status_says_succeeded_where_every_mailbox_was_cleaned() -> None:
    async with running(statusFailure="error", statusReason=True) as client:
        status = (await one_action(client))["status"]
        assert status["status"] == "succeeded"
        assert "reason" not in status


@pytest.mark.parametrize("there", [True, False])
async def test_the_switch_for_a_reason_in_status(there: bool) -> None:
    async with running(statusReason=there) as client:
        assert ("reason" in (await one_action(client, fails=MAILBOXES))["status"]) is there


@pytest.mark.parametrize("there", [True, False])
async def test_the_switch_for_automatic_actions_in_status(there: bool) -> None:
    async with running(statusAutomatic=there) as client:
        found = await one_action(client, by="automatic")
        assert (found["status"] is not None) is there


async def test_status_has_five_states_at_most_the_newest_first() -> None:
    async with running() as client:
        [mail] = await client.etd.convict([{"mailboxes": MAILBOXES}])
        for folder in ("junkemail", "trash", "quarantine", "inbox", "trash", "delete"):
            await client.etd.judge(mail.id, {"action": folder, "verdict": "spam", "by": "api"})
        found = await client.status_of(mail.id)
        assert [one["folder"] for one in found["actions"]] == ["delete", "trash", "inbox", "quarantine", "trash"]
        assert len(found["verdicts"]) == 5
        assert found["verdicts"][0]["reclassifiedBy"] == "api"


@pytest.mark.parametrize(
    ("body", "status"),
    [({"id": "5f0d6a2e-0000-4c7e-9b1f-1d0c3a5b7e91"}, 404), ({"id": "x"}, 400), ({}, 400), ({"id": 7}, 400)],
)
async def test_status_of_an_unknown_or_invalid_id_is_refused(body: Any, status: int) -> None:
    async with running() as client:
        assert (await client.call("messages/status", body)).status == status


@pytest.mark.parametrize("reason", [True, False])
async def test_no_answer_names_a_cause(reason: bool) -> None:
    async with running(statusReason=reason) as client:
        found = await one_action(client, fails=MAILBOXES)
        for word in ("Error", "Mailbox is", "REST", "Invalid", "NotFound", "license", "moved", "fails"):
            assert word not in found["texts"]


async def test_every_switch_has_its_test() -> None:
    """Each test that turns one names it, in JSON's form."""
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in NAMES if f"{name}=" not in tests and f'"{name}"' not in tests] == []
