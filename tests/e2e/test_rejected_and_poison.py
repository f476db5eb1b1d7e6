"""Queue messages that are no failures, and those that every try failed on: each is kept, and none is tried for ever."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.e2e.service_client import Json, OwnTenant, Service, in_base64, instant

GOOD = {"mailbox": "a@rejected.example", "messageId": "1", "error": "Resource is Not Found"}
# What a message says, and why it is rejected; MARK stands for what tells it from every other.
REJECTED = {
    "plain text": ("no failure MARK", "not_json"),
    "broken JSON": ('{"mailbox": "MARK', "not_json"),
    "letters of many alphabets": ("Ü 請求書 🧾 \u202e MARK", "not_json"),
    "blanks and line ends": (" \n\tMARK \n ", "not_json"),
    "nearly all that a message holds": ("MARK" + "x" * 48_000, "not_json"),
    "a text in JSON": ('"MARK"', "not_a_failure"),
    "another object": ('{"a": "MARK"}', "not_a_failure"),
    "a bad one behind a good one": (json.dumps([GOOD, {"id": "MARK"}]), "not_a_failure"),
    "half a message of ours": ('{"kind": "triage.failure", "findingId": "MARK"}', "not_a_failure"),
    "a cloud event of nothing": ('{"specversion": "1.0", "id": "MARK"}', "not_a_failure"),
    "too many": ("[" + "{}," * 1000 + '{"a": "MARK"}]', "too_large"),
}
WAYS = ("in plain text", "in base64")


@pytest.fixture(scope="module")
def rejected(service: Service) -> dict[tuple[str, str], list[Json]]:
    """What was kept of each message."""
    texts = {(name, way): marked(REJECTED[name][0]) for name in REJECTED for way in WAYS}
    for (_, way), text in texts.items():
        service.send(in_base64(text) if way == "in base64" else text)
    service.drained()
    kept = service.all("rejected")
    return {case: [event for event in kept if event["body"] == text] for case, text in texts.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REJECTED)
def test_rejected(rejected: dict[tuple[str, str], list[Json]], name: str, way: str) -> None:
    (event,) = rejected[name, way]
    assert set(event) == {"id", "receivedAt", "reason", "detail", "body"}
    assert event["reason"] == REJECTED[name][1]
    assert event["detail"] and event["id"] and event["receivedAt"].endswith("Z")


def test_bytes_that_are_not_text_are_stored_unchanged(service: Service) -> None:
    text = in_base64(marked("Größe MARK").encode("latin-1"))
    service.send(text)
    service.drained()
    assert [event["reason"] for event in service.all("rejected") if event["body"] == text] == ["not_json"]


def test_a_message_with_one_invalid_failure_is_rejected_as_a_whole(
    service: Service, rejected: dict[tuple[str, str], list[Json]]
) -> None:
    assert rejected["a bad one behind a good one", "in base64"]
    assert service.all("findings", mailbox=GOOD["mailbox"]) == []


def test_rejected_events_come_in_pages_newest_first(
    service: Service, rejected: dict[tuple[str, str], list[Json]]
) -> None:
    everything = service.all("rejected")
    assert len(everything) >= len(rejected)
    pages = list(service.pages("rejected", top=5))
    assert [len(page) for page in pages[:-1]] == [5] * (len(pages) - 1)
    assert [event["id"] for page in pages for event in page] == [event["id"] for event in everything]
    times = [instant(event["receivedAt"]) for event in everything]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("parameters", [{"top": "0"}, {"top": "1001"}, {"top": "x"}, {"reason": "poison"}])
def test_parameters_of_rejected_that_are_wrong(service: Service, parameters: dict[str, str]) -> None:
    answer = service.get("rejected", **parameters)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == list(parameters)


def test_a_readable_message_leaves_a_finding_and_is_looked_at_again(service: Service, tenant: OwnTenant) -> None:
    failures = [tenant.failure(), tenant.failure("ines", errorCode="ErrorInvalidUser")]
    service.poison.send_message(in_base64(json.dumps(failures)))
    service.drained()
    first = service.all("findings", tenantId=tenant.id)
    assert {finding["failure"]["id"] for finding in first} == {failure["id"] for failure in failures}
    found = [service.settled(each["id"], lambda finding: finding["cause"] != "undetermined") for each in first]
    assert {finding["scenario"]: finding["cause"] for finding in found} == {
        "resource_not_found": "message_deleted",
        "invalid_user": "message_present",
    }
    assert {(finding["deliveries"], finding["looks"]) for finding in found} == {(1, 2)}
    # What is still open has a look in minutes, no longer in seconds.
    open_ones = [finding for finding in found if finding["state"] == "open"]
    assert all(finding["nextLookAt"] > finding["triagedAt"] for finding in open_ones)


def test_what_was_determined_is_not_lost_to_a_poison_message(service: Service, tenant: OwnTenant) -> None:
    failure = tenant.failure()
    before = service.triaged(failure)
    service.poison.send_message(json.dumps(failure))
    service.drained()
    after = service.finding(before["id"])
    assert after and (after["cause"], after["deliveries"], after["reasons"]) == ("message_deleted", 2, [])
    assert after["checks"] == before["checks"]


def test_a_poison_message_that_cannot_be_read_is_a_rejected_event(service: Service) -> None:
    text = marked("Ü no failure MARK")
    service.poison.send_message(in_base64(text))
    service.drained()
    (event,) = [event for event in service.all("rejected") if event["body"] == text]
    assert event["reason"] == "poison"


def marked(text: str) -> str:
    return text.replace("MARK", uuid.uuid4().hex)
