"""Rows of ETD, with the names that each interface has for the same things."""

from __future__ import annotations

import json
from typing import Any

import pytest

from triage.feeds.lanes import Lane
from triage.feeds.rows import read_log_line, read_search_row, time_of

ACTED = 1_783_331_289_000_000_000  # 2026-07-06T09:48:09Z
SEARCH: dict[str, Any] = {
    "id": "5c0d", "internetMessageId": "<a@b>", "timestamp": "2026-07-06T09:40:00Z", "subject": "s", "direction": "incoming",
    "mailboxes": ["Ines <Ines@One.Example>", "no address", 7, "ines@one.example"],
    "action": {"type": "move", "folder": "Quarantine", "timestamp": "2026-07-06T09:48:09Z", "isAutoRemediated": True},
    "verdict": {"originalVerdict": "neutral", "latestVerdict": "phishing", "category": "bec"},
}  # fmt: skip
LOG: dict[str, Any] = {
    "eventType": "create", "id": "5c0d", "internetMessageId": "<a@b>", "timestamp": "2026-07-06T09:40:00.000Z",
    "mailboxes": ["ines@one.example"], "subject": "s", "direction": "incoming",
    "action": {"action": "move", "folder": "Quarantine", "timestamp": "2026-07-06 09:48:09", "remediatedBy": "Automatic"},
    "verdict": {"verdict": "phishing", "category": "bec"},
}  # fmt: skip


def log(**changes: Any) -> Any:
    return read_log_line(json.dumps({"logType": "message", "message": {**LOG, **changes}}).encode())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-06T09:48:09Z", ACTED),
        ("2026-07-06T09:48:09.5Z", ACTED + 500_000_000),
        ("2026-07-06T09:48:09.123Z", ACTED + 123_000_000),
        ("2026-07-06T09:48:09.123456Z", ACTED + 123_456_000),
        ("2026-07-06T09:48:09.123456789Z", ACTED + 123_456_789),
        ("2026-07-06 09:48:09", ACTED),
        ("2026-07-06T11:48:09+02:00", ACTED),
        ("yesterday", None),
        ("", None),
        (1783331289, None),
        (None, None),
    ],
)
def test_a_time_has_up_to_nine_digits_and_may_lack_its_zone(text: object, expected: int | None) -> None:
    assert time_of(text) == expected


def test_both_interfaces_say_the_same() -> None:
    found, logged = read_search_row(SEARCH, Lane.DAY), log()
    assert found is not None
    assert (found.lane, logged.lane) == (Lane.DAY, Lane.LEDGER)
    for name in ("etd_id", "internet_message_id", "mailboxes", "kind", "folder", "at", "message_at", "initiator", "verdict",
                 "subject", "direction"):  # fmt: skip
        assert getattr(found, name) == getattr(logged, name), name
    assert (found.mailboxes, found.folder, found.at, found.initiator) == (
        ("ines@one.example",), "Quarantine", ACTED, "automatic",
    )  # fmt: skip
    assert found.words["action"]["folder"] == "Quarantine"


@pytest.mark.parametrize(("action", "initiator"), [
    ({"isAutoRemediated": False, "publicApiClientId": ""}, "manual"),
    ({"isAutoRemediated": False, "publicApiClientId": "c"}, "api"),
    ({}, "manual"),
])  # fmt: skip
def test_who_acted(action: dict[str, Any], initiator: str) -> None:
    found = read_search_row({**SEARCH, "action": {"type": "move", "folder": "trash", **action}}, Lane.FAST)
    assert found is not None
    assert found.initiator == initiator


def test_a_row_without_an_action_only_names_the_mailboxes() -> None:
    row = {name: value for name, value in SEARCH.items() if name != "action"}
    found = read_search_row(row, Lane.FAST)
    assert found is not None
    assert (found.mailboxes, found.folder, found.at, found.initiator) == (("ines@one.example",), None, None, None)
    assert read_search_row({**row, "id": ""}, Lane.FAST) is None


def test_a_line_without_an_action_is_not_parsed() -> None:
    message = {name: value for name, value in LOG.items() if name != "action"}
    assert read_log_line(json.dumps({"message": message}).encode()) is None
    assert read_log_line(b'{"the word": action, no JSON}') is None
    assert log(action=None) is None
    assert log(action={}) is None
    assert log(id=5) is None
    assert read_log_line(b" ") is None


@pytest.mark.parametrize("line", [
    b'{"message":{"id":"x"', b"<html>", b'{"message": {"action"', b'["action"]', b'{"message":{"action":{"fold',
])  # fmt: skip
def test_a_line_that_is_cut_counts_as_unreadable(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_log_line(line)


def test_what_has_another_type_than_it_should_is_not_there() -> None:
    found = log(
        internetMessageId=["x"], mailboxes="ines@one.example", subject=None, action={"folder": "trash", "timestamp": 5}
    )
    assert (found.internet_message_id, found.mailboxes, found.subject, found.at, found.kind) == (
        None,
        (),
        None,
        None,
        None,
    )
    assert log(internetMessageId="x" * 3000).internet_message_id is None
    assert len(log(subject="x" * 3000).subject) == 1000


def test_a_deletion_may_have_no_folder() -> None:
    assert log(action={"action": "delete"}).folder == "delete"
    assert log(action={"action": "other"}) is None


def test_long_words_are_not_kept() -> None:
    verdict = {"verdict": "phishing", "techniques": [{"description": "x" * 5000}], "long": "x" * 500}
    assert log(verdict=verdict).words["verdict"] == {"verdict": "phishing"}


def test_lone_surrogates_are_replaced_because_they_cannot_be_stored() -> None:
    half = {"internetMessageId": "<a\ud800@b>", "subject": "s\udfff"}
    found = read_search_row({**SEARCH, **half, "verdict": {"techniques": [{"description": "\ud83d"}]}}, Lane.FAST)
    assert found is not None
    for one in (found, log(**half, mailboxes=["\ud83d@one.example", "ines@one.example"])):
        assert (one.internet_message_id, one.subject) == ("<a?@b>", "s?")
        assert one.mailboxes[-1:] == ("ines@one.example",)
        repr(one).encode()
    assert found.words["verdict"] == {"techniques": [{"description": "?"}]}
