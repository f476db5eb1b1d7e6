"""Which folders are asked about in the search for a message, and where it stops."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from tests.factories import TENANT_ID
from tests.graph.test_collect import collected, organization
from triage.graph.evidence import Answer, Reason, State
from triage.graph.message_search import MAX_FOLDERS
from triage.graph.message_trace import own_refusal, trace_window
from triage.graph.replies import Reply

TENANT = organization(TENANT_ID)
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(("occurred", "expected"), [
    ("2026-11-19T23:00:00Z", ("2026-11-10T01:00:00Z", "2026-11-20T00:00:00Z")),
    ("2026-11-01T00:00:00Z", ("2026-10-23T01:00:00Z", "2026-11-02T00:00:00Z")),
    ("2026-08-23T00:00:00Z", ("2026-08-22T01:00:00Z", "2026-08-24T00:00:00Z")),
    ("2026-08-20T00:00:00Z", None), ("2027-01-01T00:00:00Z", ("2026-11-10T01:00:00Z", "2026-11-20T00:00:00Z")),
    (None, ("2026-11-10T01:00:00Z", "2026-11-20T00:00:00Z")),
])  # fmt: skip
def test_the_trace_asks_within_what_exchange_answers(occurred: str | None, expected: tuple[str, str] | None) -> None:
    assert trace_window(occurred, NOW) == expected


def test_a_401_of_the_trace_is_not_a_failed_sign_in() -> None:
    refused: Answer[Any] = Answer("message_trace", State.UNREAD, status=401, reason=Reason.UNAUTHENTICATED)
    assert (own_refusal(refused).reason, own_refusal(refused).permission) == (
        Reason.FORBIDDEN, "ExchangeMessageTrace.Read.All",
    )  # fmt: skip
    other: Answer[Any] = Answer("user", State.UNREAD, status=401, reason=Reason.UNAUTHENTICATED)
    assert own_refusal(other) == other


MISSING = Reply(404, {"error": {"code": "ErrorItemNotFound"}})


class Mailbox:
    """A mailbox that answers, with folders by id or well-known name, and the copies that each search finds."""

    def __init__(self, folders: dict[str, str], **copies: list[str]) -> None:
        self.parents = {"inbox": "root", "deleteditems": "root", "junkemail": "root"} | folders
        self.copies = copies  # the folders of the copies that a search of `all`, or of a folder, finds
        self.asked: list[str] = []

    def __call__(self, url: str) -> Reply:
        path = unquote(url.partition("?")[0])
        if "/mailFolders" not in path and not path.endswith("/messages"):
            return TENANT(url) or Reply()
        place = path.partition("/mailFolders/")[2]
        self.asked.append(place or path.rpartition("/")[2])
        if path.endswith("/messages"):
            name = place.partition("/")[0] or "all"
            if name not in ("all", "recoverableitemsdeletions") and name not in self.parents:
                return MISSING
            found = self.copies.get(name, [])
            return _list([{"id": f"copy-{name}-{one}", "parentFolderId": one, "isRead": False} for one in found])
        if not place:
            hidden = [name for name in self.parents if name.startswith("hidden")]
            return _list([self._folder(name) | {"totalItemCount": 1} for name in hidden])
        return Reply(200, self._folder(place)) if place in self.parents else MISSING

    def _folder(self, name: str) -> dict[str, Any]:
        return {"id": name, "displayName": name, "parentFolderId": self.parents[name],
                "isHidden": name.startswith("hidden")}  # fmt: skip


def _list(rows: list[dict[str, Any]]) -> Reply:
    return Reply(200, {"value": rows})


async def test_the_folders_above_a_copy_are_followed_to_one_that_is_known() -> None:
    mailbox = Mailbox({"2024": "old", "old": "older", "older": "deleteditems"}, all=["2024"])
    evidence = await collected(mailbox)
    assert list(evidence.folders) == ["2024", "old", "older"]
    assert "root" not in mailbox.asked


async def test_a_folder_below_the_inbox_or_the_root_needs_no_other() -> None:
    for parent in ("inbox", "root"):
        assert list((await collected(Mailbox({"bills": parent}, all=["bills"]))).folders) == ["bills"]


async def test_folders_without_an_end_are_followed_to_a_limit() -> None:
    endless = {f"f{number}": f"f{number + 1}" for number in range(100)}
    evidence = await collected(Mailbox(endless, all=["f0"]))
    *read, last = evidence.folders.values()
    assert {one.state for one in read} == {State.READ}
    assert (len(read), last.reason) == (MAX_FOLDERS + 1, Reason.TOO_MANY)
    assert str(MAX_FOLDERS) in (last.detail or "")


async def test_snoozed_and_hidden_messages_are_looked_for_only_if_nothing_else_is_found() -> None:
    nowhere = Mailbox({"hidden-quarantine": "root", "scheduled": "root"})
    evidence = await collected(nowhere)
    assert (evidence.snoozed.value, evidence.hidden_messages["hidden-quarantine"].value) == ([], [])
    found = Mailbox({"hidden-quarantine": "root", "scheduled": "root"}, all=["junkemail"])
    evidence = await collected(found)
    assert (evidence.snoozed.state, evidence.hidden_folders.state) == (State.NOT_ASKED, State.NOT_ASKED)
    deleted = Mailbox({"scheduled": "root"}, recoverableitemsdeletions=["dumpster"], scheduled=["scheduled"])
    evidence = await collected(deleted)
    assert [len(one.value or []) for one in (evidence.recoverable_items, evidence.snoozed)] == [1, 1]
    assert evidence.well_known["scheduled"].value is not None


async def test_a_mailbox_without_a_folder_of_snoozed_mail_has_none() -> None:
    assert (await collected(Mailbox({}))).snoozed.state is State.ABSENT
