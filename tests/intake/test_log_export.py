"""A row of Email Threat Defense's Log Export, read as failures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories import TENANT_ID
from triage.intake.body import read_body
from triage.intake.failure import RemediationFailure
from triage.intake.json_text import IntakeError
from triage.intake.scenario import Scenario, classify

ROW: dict[str, Any] = {
    "logType": "message",
    "version": 3,
    "message": {
        "id": "c99f1f30",
        "internetMessageId": "<a@b>",
        "mailboxes": ["adele@contoso.com", "alex@contoso.com"],
        "subject": "Invoice",
        "timestamp": "2026-11-20T10:00:00Z",
        "direction": "incoming",
        "verdict": {"category": "phishing", "techniques": ["x"]},
        "action": {"action": "move", "folder": "quarantine", "remediatedBy": "automatic", "extra": 1,
                   "timestamp": "2026-11-20T10:11:12Z"},
    },
}  # fmt: skip


def row(**message: Any) -> dict[str, Any]:
    return {**ROW, "message": {**ROW["message"], **message}}


def read(value: dict[str, Any]) -> list[RemediationFailure]:
    return [one.failure for one in read_body(json.dumps(value).encode())]


def test_a_row_is_read_as_a_failure_for_each_mailbox() -> None:
    first, second = read(ROW)
    assert (first.mailbox, second.mailbox) == ("adele@contoso.com", "alex@contoso.com")
    assert (first.message_id, first.internet_message_id, first.subject) == ("c99f1f30", "<a@b>", "Invoice")
    assert (first.action, first.folder, first.initiator) == ("move", "quarantine", "automatic")
    assert (first.verdict, first.occurred_at) == ("phishing", "2026-11-20T10:11:12Z")
    assert (first.error, first.error_code, first.tenant_id) == (None, None, None)
    assert first.direction == "incoming"
    assert classify(first.error, first.error_code)[0] is Scenario.UNCLASSIFIED


def test_the_rest_of_a_row_is_kept() -> None:
    assert read(ROW)[0].raw == {
        "logType": "message",
        "version": 3,
        "message": {
            "timestamp": "2026-11-20T10:00:00Z",
            "verdict": {"techniques": ["x"]},
            "action": {"extra": 1},
        },
    }


@pytest.mark.parametrize("inside", [False, True])
def test_members_can_be_added_to_a_row(inside: bool) -> None:
    added = {"error": "The Requested User is Invalid", "errorCode": "ErrorInvalidUser", "tenantId": TENANT_ID}
    value = row(**added) if inside else {**ROW, **added}
    failure = read(value)[0]
    assert (failure.error, failure.error_code, failure.tenant_id) == tuple(added.values())
    assert not {*added} & {*failure.raw, *failure.raw["message"]}


def test_a_member_beside_logtype_wins_and_the_other_is_kept() -> None:
    failure = read({**row(error="inside"), "error": "beside", "id": "e-1", "occurredAt": "2026-01-01T00:00:00Z"})[0]
    assert (failure.error, failure.id, failure.occurred_at) == ("beside", "e-1", "2026-01-01T00:00:00Z")
    assert failure.raw["message"]["error"] == "inside"
    assert failure.raw["message"]["action"]["timestamp"] == "2026-11-20T10:11:12Z"


def test_other_members_for_time_and_verdict() -> None:
    failure = read(row(action={"action": "trash"}, verdict={"verdict": "bec"}))[0]
    assert (failure.occurred_at, failure.action, failure.folder) == ("2026-11-20T10:00:00Z", "trash", None)
    assert failure.verdict == "bec"
    bare = read(row(action=None, verdict="spam", timestamp=None))[0]
    assert (bare.occurred_at, bare.action, bare.verdict) == (None, None, None)
    assert bare.raw["message"]["verdict"] == "spam"


def test_one_mailbox() -> None:
    message = {"id": "m", "mailbox": "adele@contoso.com"}
    assert [one.mailbox for one in read({"logType": "message", "message": message})] == ["adele@contoso.com"]


@pytest.mark.parametrize("value", [
    {**ROW, "logType": "audit"}, {**ROW, "message": "text"}, {"message": ROW["message"]},
])  # fmt: skip
def test_other_objects_are_not_rows_of_the_message_log(value: dict[str, Any]) -> None:
    with pytest.raises(IntakeError) as caught:
        read(value)
    assert [problem.pointer for problem in caught.value.problems] == ["/mailbox", "/error", "/messageId"]


@pytest.mark.parametrize(("value", "pointers"), [
    (row(mailboxes=None), ["/message/mailboxes"]),
    (row(mailboxes=[]), ["/message/mailboxes"]),
    (row(mailboxes=["adele@contoso.com", "x"]), ["/message/mailboxes/1"]),
    (row(mailboxes={"a": 1}), ["/message/mailboxes"]),
    (row(id=None, internetMessageId=""), ["/message/id"]),
    (row(action={"timestamp": "now"}), ["/message/action/timestamp"]),
    (row(verdict={"category": 5}), ["/message/verdict/category"]),
    (row(action={"remediatedBy": 5}), ["/message/action/remediatedBy"]),
    ({**ROW, "tenantId": "x"}, ["/tenantId"]),
    (row(tenantId="x"), ["/message/tenantId"]),
])  # fmt: skip
def test_errors_point_into_the_row(value: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(IntakeError) as caught:
        read(value)
    assert [problem.pointer for problem in caught.value.problems] == pointers
    with pytest.raises(IntakeError) as caught:
        read_body(json.dumps([ROW, value]).encode())
    assert [problem.pointer for problem in caught.value.problems] == [f"/1{pointer}" for pointer in pointers]


def test_unusual_members_are_kept() -> None:
    value = row(headers={"verdict": {"category": "x"}}, empty={})
    kept = read(value)[0].raw["message"]
    assert (kept["headers"], kept["empty"]) == ({"verdict": {"category": "x"}}, {})


CREATED: dict[str, Any] = {"logType": "message", "message": {
    "eventType": "create", "id": "m-1", "internetMessageId": "<a@b>", "subject": "Invoice", "direction": "internal",
    "mailboxes": ["adele@contoso.com", "alex@contoso.com"], "verdict": {"category": "phishing"}}}  # fmt: skip
UPDATED: dict[str, Any] = {"logType": "message", "message": {
    "eventType": "update", "id": "m-1", "action": {"action": "move", "folder": "quarantine"}}}  # fmt: skip


def changed(value: dict[str, Any], **message: Any) -> dict[str, Any]:
    return {**value, "message": {**value["message"], **message}}


def read_all(value: Any) -> list[RemediationFailure]:
    return [one.failure for one in read_body(json.dumps(value).encode())]


EVENT = {"specversion": "1.0", "id": "e", "source": "/s", "type": "t"}


@pytest.mark.parametrize("body", [
    [CREATED, UPDATED], [UPDATED, CREATED], {**EVENT, "data": [UPDATED, CREATED]},
    [{**EVENT, "data": UPDATED}, {**EVENT, "id": "f", "data": CREATED}],
])  # fmt: skip
def test_what_was_done_is_joined_with_the_row_of_its_message(body: Any) -> None:
    first, second = read_all(body)
    assert (first.mailbox, second.mailbox) == ("adele@contoso.com", "alex@contoso.com")
    assert (first.subject, first.verdict, first.direction) == ("Invoice", "phishing", "internal")
    assert (first.internet_message_id, first.message_id, first.folder) == ("<a@b>", "m-1", "quarantine")


def test_what_a_row_says_itself_wins() -> None:
    own = changed(UPDATED, subject="New", verdict={"category": "bec"}, mailboxes=["new@contoso.com"])
    (failure,) = read_all([CREATED, own])
    assert (failure.mailbox, failure.subject, failure.verdict) == ("new@contoso.com", "New", "bec")
    (added,) = read_all([CREATED, {**UPDATED, "mailbox": "added@contoso.com"}])
    assert (added.mailbox, added.subject) == ("added@contoso.com", "Invoice")


def test_what_is_blank_in_a_row_says_nothing() -> None:
    blank = {"subject": "", "verdict": {"category": " "}, "error": ""}
    for own in (changed(UPDATED, **blank), {**changed(UPDATED, **blank), "mailbox": "", "error": " "}):
        first, second = read_all([CREATED, own])
        assert (first.mailbox, second.mailbox) == ("adele@contoso.com", "alex@contoso.com")
        assert (first.subject, first.verdict, first.error) == ("Invoice", "phishing", None)
        assert first.raw == {"logType": "message", "message": {"eventType": "update"}}
    assert read_all({**changed(ROW, error="inside"), "error": " "})[0].error == "inside"


def test_a_create_row_with_an_action_or_an_error_is_a_failure_of_its_own() -> None:
    for own in (changed(CREATED, action={"action": "move", "folder": "junkemail"}), {**CREATED, "error": "?"}):
        assert len(read_all([own, UPDATED])) == 4
    assert (
        len(read_all([CREATED])) == len(read_all([CREATED, changed(UPDATED, id="m-2", mailboxes=["x@y.example"])])) - 1
    )


@pytest.mark.parametrize("body", [
    UPDATED, [UPDATED], [changed(CREATED, id="m-2"), UPDATED], [changed(CREATED, mailboxes=[]), UPDATED],
    [changed(CREATED, id=["m-1"]), changed(UPDATED, id=["m-1"])],
])  # fmt: skip
def test_a_row_without_any_mailbox_says_what_may_be_added(body: Any) -> None:
    with pytest.raises(IntakeError) as caught:
        read_all(body)
    found = [one for one in caught.value.problems if one.pointer.endswith("/message/mailboxes")]
    assert found
    assert "Add mailbox beside logType" in found[0].detail
