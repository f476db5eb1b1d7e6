"""Reading a body: every shape, every refusal with its place, and no other outcome for any input."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import TENANT_ID
from triage.intake.body import MAX_FAILURES, Accepted, read_body
from triage.intake.envelope import validation_code
from triage.intake.json_text import MAX_BODY_BYTES, IntakeError

FAILURE: dict[str, Any] = {"messageId": "m-1", "mailbox": "adele@contoso.com", "error": "Resource is Not Found"}
CLOUD = {"specversion": "1.0", "id": "e-1", "source": "/etd", "type": "com.cisco.failure"}
GRID = {
    **{"id": "e-1", "topic": "/t", "subject": "s", "eventType": "Etd.Failure"},
    **{"eventTime": "2026-11-20T10:11:12Z", "dataVersion": "1", "metadataVersion": "1"},
}


def read(value: Any, headers: dict[str, str] | None = None) -> list[Accepted]:
    return read_body(json.dumps(value).encode(), headers)


def refused(value: Any, headers: dict[str, str] | None = None) -> dict[str, str]:
    """The details of a refusal, by pointer."""
    with pytest.raises(IntakeError) as caught:
        read(value, headers)
    assert caught.value.reason == "not_a_failure"
    return {problem.pointer: problem.detail for problem in caught.value.problems}


def test_what_a_poller_found_has_no_error() -> None:
    bare = {name: value for name, value in FAILURE.items() if name != "error"}
    [accepted] = read({**CLOUD, "source": "etd-poller", "data": bare})
    assert (accepted.failure.source, accepted.failure.error) == ("etd-poller", None)
    assert refused({**CLOUD, "data": bare}) == {"/data/error": "is missing: give error or errorCode"}


def test_all_fields_are_read() -> None:
    given_ = {
        **FAILURE,
        "id": "b1f6",
        "tenantId": TENANT_ID.upper(),
        "internetMessageId": "<CA+x=…@mail>",
        "errorCode": "ErrorInvalidUser",
        "action": "move",
        "folder": "quarantine",
        "initiator": "automatic",
        "verdict": "phishing",
        "subject": "Invoice",
        "occurredAt": "2026-11-20T10:11:12.123456789Z",
    }
    (found,) = read(given_)
    assert (found.pointer, found.part) == ("", None)
    wire = found.failure.wire()
    assert {name: wire[name] for name in given_} == {**given_, "tenantId": TENANT_ID}
    assert (wire["raw"], wire["source"]) == ({}, None)


def test_unknown_fields_are_kept_in_raw() -> None:
    unknown = {"message_id": "x", "score": 1.5, "deep": {"list": [1, None, {"ü": "\u0000"}]}, "raw": 1, "source": "s"}
    assert read({**FAILURE, **unknown})[0].failure.raw == unknown


def test_several_mailboxes_are_several_failures() -> None:
    mailboxes = ["Adele@contoso.com", "alex@contoso.com", " adele@CONTOSO.com", "Dora <dora@contoso.com>"]
    found = read({"error": "x", "messageId": "m", "mailboxes": mailboxes})
    assert [one.failure.mailbox for one in found] == ["adele@contoso.com", "alex@contoso.com", "dora@contoso.com"]
    both = read({**FAILURE, "mailboxes": ["alex@contoso.com"]})
    assert [one.failure.mailbox for one in both] == ["adele@contoso.com", "alex@contoso.com"]
    blank = read({**FAILURE, "mailbox": " ", "mailboxes": ["alex@contoso.com"]})
    assert [one.failure.mailbox for one in blank] == ["alex@contoso.com"]


def test_an_array_keeps_its_order_and_gives_the_places() -> None:
    found = read([{**FAILURE, "messageId": str(number)} for number in range(1000)])
    assert [(one.pointer, one.failure.message_id) for one in found] == [(f"/{n}", str(n)) for n in range(1000)]


ENVELOPES = [
    ({**CLOUD, "data": FAILURE}, None, "/data"),
    ({**CLOUD, "data": json.dumps(FAILURE), "datacontenttype": "application/json"}, None, "/data"),
    ({**CLOUD, "data_base64": base64.b64encode(json.dumps(FAILURE).encode()).decode()}, None, "/data_base64"),
    ([{**CLOUD, "data": FAILURE}], None, "/0/data"),
    ({**GRID, "data": FAILURE}, None, "/data"),
    ([{**GRID, "data": FAILURE}], None, "/0/data"),
    (FAILURE, {"ce-specversion": "1.0", "ce-id": "e-1", "ce-source": "/etd", "ce-type": "t"}, ""),
]


@pytest.mark.parametrize(("body", "headers", "pointer"), ENVELOPES)
def test_every_envelope_is_opened(body: Any, headers: dict[str, str] | None, pointer: str) -> None:
    (found,) = read(body, headers)
    grid = "eventType" in json.dumps(body)
    assert (found.pointer, found.part) == (pointer, None)
    assert (found.failure.id, found.failure.source) == ("e-1", None if grid else "/etd")
    assert found.failure.mailbox == "adele@contoso.com"
    assert found.failure.raw == {}


def test_the_same_event_in_every_mode_of_cloudevents_is_one_failure() -> None:
    events = [(body, headers) for body, headers, _ in ENVELOPES if "eventType" not in json.dumps(body)]
    ids = {found.failure.finding_id(TENANT_ID, found.part) for event in events for found in read(*event)}
    assert len(events) == 5
    assert len(ids) == 1


def test_attributes_of_an_envelope_are_kept() -> None:
    (found,) = read({**CLOUD, "traceparent": "00-1", "data": {**FAILURE, "id": "inner", "x": 1}})
    assert found.failure.raw == {"x": 1, "envelope": {"traceparent": "00-1"}}
    headers = {"ce-specversion": "1.0", "ce-id": "e%20%E2%82%AC", "ce-source": "/s", "ce-type": "t", "ce-ext": "v"}
    (binary,) = read(FAILURE, {**headers, "content-type": "application/json"})
    assert (binary.failure.id, binary.failure.raw) == ("e €", {"envelope": {"ext": "v"}})


def test_headers_without_a_version_are_not_a_cloudevent() -> None:
    assert read(FAILURE, {"ce-id": "x", "ce-source": "y"})[0].failure.id is None


def test_failures_of_one_mailbox_in_one_event_are_different() -> None:
    event = {**CLOUD, "data": [{**FAILURE, "messageId": "1"}, {**FAILURE, "messageId": "2"}]}
    first, second = read(event)
    ids = [one.failure.finding_id(TENANT_ID, one.part) for one in (first, second)]
    assert ids[0] != ids[1]
    assert ids == [one.failure.finding_id(TENANT_ID, one.part) for one in read(event)]
    assert (first.pointer, second.pointer) == ("/data/0", "/data/1")


def test_an_envelope_can_hold_a_row_of_the_log_export() -> None:
    row = {"logType": "message", "message": {"id": "m", "mailboxes": ["adele@contoso.com"]}}
    (found,) = read({**CLOUD, "data": row})
    assert (found.failure.id, found.failure.message_id) == ("e-1", "m")


BARE = {"mailbox": "adele@contoso.com", "messageId": "m", "error": "x"}
REFUSED: list[tuple[Any, dict[str, str]]] = [
    ({}, {"/mailbox": "is missing: give mailbox or mailboxes", "/error": "is missing: give error or errorCode",
          "/messageId": "is missing: give messageId or internetMessageId"}),
    ({**BARE, "error": " ", "errorCode": ""}, {"/error": "is missing: give error or errorCode"}),
    ({**BARE, "messageId": None}, {"/messageId": "is missing: give messageId or internetMessageId"}),
    ({**BARE, "mailbox": None}, {"/mailbox": "is missing: give mailbox or mailboxes"}),
    ({**BARE, "mailbox": " "}, {"/mailbox": "is missing: give mailbox or mailboxes"}),
    ({**BARE, "mailbox": None, "mailboxes": []}, {"/mailboxes": "is missing: give mailbox or mailboxes"}),
    ({**BARE, "mailboxes": "a@b.example"}, {"/mailboxes": "must be an array of addresses"}),
    ({**BARE, "mailbox": "nobody"}, {"/mailbox": "must be one mailbox address, such as adele@contoso.com"}),
    ({**BARE, "mailbox": "a@b"}, {"/mailbox": "'b' is not a domain name"}),
    ({**BARE, "mailboxes": ["a@b.example", "x", 7]},
     {"/mailboxes/1": "must be one mailbox address, such as adele@contoso.com", "/mailboxes/2": "Input should be a valid string"}),
    ({**BARE, "tenantId": "contoso"}, {"/tenantId": "must be a GUID, such as 6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a77"}),
    ({**BARE, "occurredAt": "yesterday"},
     {"/occurredAt": "must be an RFC 3339 time with an offset, such as 2026-11-20T10:11:12Z"}),
    ({**BARE, "occurredAt": 5}, {"/occurredAt": "Input should be a valid string"}),
    ({**BARE, "error": 5}, {"/error": "Input should be a valid string"}),
    ({**BARE, "id": {}}, {"/id": "Input should be a valid string"}),
    (5, {"": "must be a failure: a JSON object"}),
    (None, {"": "must be a failure: a JSON object"}),
    ([], {"": "is an empty array; give 1 to 1,000 failures"}),
    ([BARE, 5, [BARE]], {"/1": "must be a failure: a JSON object", "/2": "is an array; a failure is an object"}),
    ([BARE, BARE, BARE, {**BARE, "mailbox": "x"}],
     {"/3/mailbox": "must be one mailbox address, such as adele@contoso.com"}),
    ({**CLOUD, "specversion": "0.3", "data": BARE}, {"/specversion": "must be 1.0: this is the only version of CloudEvents that is read"}),
    ({"specversion": "1.0", "data": BARE}, {f"/{name}": "is missing: the envelope needs it" for name in ("id", "source", "type")}),
    ({**CLOUD, "id": " ", "data": BARE}, {"/id": "is missing: the envelope needs it"}),
    ({**CLOUD, "id": 5, "data": BARE}, {"/id": "is missing: the envelope needs it"}),
    (CLOUD, {"/data": "is missing: it must hold the failure"}),
    ({**CLOUD, "data": "nonsense"}, {"/data": "must hold a failure in JSON"}),
    ({**CLOUD, "data_base64": "%"}, {"/data_base64": "must hold a failure in JSON"}),
    ({**CLOUD, "data_base64": "\x80"}, {"/data_base64": "must hold a failure in JSON"}),
    ({**CLOUD, "data_base64": "e30="}, {"/data_base64/mailbox": "is missing: give mailbox or mailboxes",
      "/data_base64/error": "is missing: give error or errorCode",
      "/data_base64/messageId": "is missing: give messageId or internetMessageId"}),
    ({**CLOUD, "data": {**CLOUD, "data": BARE}}, {"/data/mailbox": "is missing: give mailbox or mailboxes",
      "/data/error": "is missing: give error or errorCode",
      "/data/messageId": "is missing: give messageId or internetMessageId"}),
    ({**CLOUD, "data": []}, {"/data": "is an empty array; give 1 to 1,000 failures"}),
    ({**GRID, "id": "", "data": BARE}, {"/id": "is missing: the envelope needs it"}),
    ({**GRID, "data": [BARE, {**BARE, "tenantId": "x"}]},
     {"/data/1/tenantId": "must be a GUID, such as 6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a77"}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "problems"), REFUSED)
def test_a_wrong_body_is_refused_with_the_place(body: Any, problems: dict[str, str]) -> None:
    assert refused(body) == problems


def test_the_headers_of_an_event_are_checked() -> None:
    found = refused(FAILURE, {"ce-specversion": "2.0", "ce-source": " "})
    assert list(found) == [""]
    with pytest.raises(IntakeError) as caught:
        read(FAILURE, {"ce-specversion": "2.0", "ce-source": " "})
    assert [problem.detail for problem in caught.value.problems] == [
        "the header ce-specversion must be 1.0",
        *(f"the header ce-{name} is missing: a CloudEvent needs it" for name in ("id", "source", "type")),
    ]
    assert str(caught.value).startswith("(body): the header")


def test_a_body_is_refused_as_a_whole_with_at_most_100_errors() -> None:
    with pytest.raises(IntakeError) as caught:
        read([BARE, *[{}] * 200])
    assert len(caught.value.problems) == 100
    assert str(caught.value).count(";") == 2


@pytest.mark.parametrize("body", [
    b"", b" ", b"nonsense", b"{", b'{"a":1} x', b"NaN", b'{"a":Infinity}', b'{"a":-Infinity}', b"\xff\xfe\xfd",
    b'"\\ud800"', b'{"\\udfff":1}', b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"1" * 5000,
    b'{"x":' + b"[" * 150 + b"]" * 150 + b"}",
])  # fmt: skip
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(IntakeError) as caught:
        read_body(body)
    assert caught.value.reason == "not_json"
    assert [problem.pointer for problem in caught.value.problems] == [""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_encodings(encoding: str) -> None:
    body = json.dumps({**FAILURE, "subject": "ü€😀"}, ensure_ascii=False).encode(encoding)
    assert read_body(body)[0].failure.subject == "ü€😀"


def test_a_body_has_a_largest_size() -> None:
    rest = len(json.dumps({**FAILURE, "pad": ""}))
    assert read({**FAILURE, "pad": "x" * (MAX_BODY_BYTES - rest)})
    for body in (
        json.dumps({**FAILURE, "pad": "x" * (MAX_BODY_BYTES - rest + 1)}).encode(),
        json.dumps([FAILURE] * (MAX_FAILURES + 1)).encode(),
        json.dumps({**FAILURE, "mailboxes": [f"a{n}@b.example" for n in range(MAX_FAILURES)]}).encode(),
        json.dumps({**CLOUD, "data": [5] * (MAX_FAILURES + 1)}).encode(),
    ):
        with pytest.raises(IntakeError) as caught:
            read_body(body)
        assert caught.value.reason == "too_large"
    assert len(read({**BARE, "mailboxes": [f"a{n}@b.example" for n in range(MAX_FAILURES - 1)]})) == MAX_FAILURES


HANDSHAKE = {
    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
    "data": {"validationCode": "c-1"},
    "id": "1",
}


@pytest.mark.parametrize(("value", "code"), [
    ([HANDSHAKE], "c-1"), (HANDSHAKE, "c-1"), ([HANDSHAKE, HANDSHAKE], None), ({**HANDSHAKE, "data": "c-1"}, None),
    ({**HANDSHAKE, "data": {"validationCode": 5}}, None), ({**HANDSHAKE, "data": {}}, None), ([5], None), ([], None),
    ({**FAILURE, "error": "Microsoft.EventGrid.SubscriptionValidationEvent"}, None), (FAILURE, None),
    ("Microsoft.EventGrid.SubscriptionValidationEvent", None),
])  # fmt: skip
def test_the_handshake_of_event_grid_is_recognized(value: Any, code: str | None) -> None:
    assert validation_code(json.dumps(value).encode()) == code


def test_a_handshake_that_is_not_json_or_too_large() -> None:
    with pytest.raises(IntakeError):
        validation_code(b"SubscriptionValidationEvent")
    assert validation_code(b"SubscriptionValidationEvent" + b" " * MAX_BODY_BYTES) is None


MARKS = "\u0301" * 150_000 + "\u0323" * 150_000  # NFC takes quadratic time to put combining marks in order
COSTLY: dict[str, Any] = {
    "a mailbox of combining marks": {**BARE, "mailbox": f"{MARKS}@contoso.com"},
    "mailboxes of combining marks": {**BARE, "mailboxes": [f"{MARKS[149_500:150_500]}@contoso.com"] * 400},
    "a thousand wrong mailboxes": {**BARE, "mailboxes": [f"wrong {number}" for number in range(999)]},
    "wrong mailboxes in every failure": [{**BARE, "mailboxes": [5] * 300} for _ in range(1000)],
    "a thousand mailboxes of a failure with many unknown fields": {
        **BARE,
        "mailboxes": [f"a{number}@b.example" for number in range(999)],
        **{f"{number}": 1 for number in range(80_000)},
    },
}


@pytest.mark.parametrize("body", COSTLY.values(), ids=COSTLY)
def test_reading_takes_time_in_proportion_to_the_size_of_a_body(body: Any) -> None:
    encoded = json.dumps(body, ensure_ascii=False).encode()
    assert len(encoded) <= MAX_BODY_BYTES
    started = time.process_time()
    with contextlib.suppress(IntakeError):
        read_body(encoded)
    assert time.process_time() - started < 2  # seconds of CPU


def test_an_internet_message_id_has_at_most_2048_characters() -> None:
    """Each check of a finding repeats it, percent-encoded."""
    longest = f"<{'ü' * 2044}@b>"

    def bodies(message_id: str) -> dict[str, Any]:
        message = {"id": "1", "mailboxes": ["a@b.example"], "internetMessageId": message_id}
        return {
            "/internetMessageId": {**BARE, "internetMessageId": message_id},
            "/message/internetMessageId": {"logType": "message", "message": message},
        }

    assert {read(body)[0].failure.internet_message_id for body in bodies(longest).values()} == {longest}
    for pointer, body in bodies(f"{longest}x").items():
        assert refused(body) == {pointer: "is longer than 2,048 characters"}


def test_mailboxes_are_counted_before_any_of_them_is_validated() -> None:
    for body in (
        {**BARE, "mailboxes": ["wrong"] * MAX_FAILURES},
        [BARE, {**BARE, "mailboxes": ["wrong"] * (MAX_FAILURES - 1)}],
    ):
        with pytest.raises(IntakeError) as caught:
            read(body)
        assert caught.value.reason == "too_large"


# Any body is accepted, or refused with a place. Nothing else happens.

NAMES = st.sampled_from([
    *("id", "tenantId", "messageId", "internetMessageId", "mailbox", "mailboxes", "error", "errorCode", "occurredAt"),
    *("action", "folder", "subject", "specversion", "source", "type", "data", "data_base64", "eventType", "logType"),
    *("message", "verdict", "timestamp", "x"),
])  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8),
    st.sampled_from(["1.0", "message", "a@b.example", "A <a@b.example>", TENANT_ID, "2026-11-20T10:11:12Z", "e30="]),
)  # fmt: skip
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=8)),
    max_leaves=25,
)
LIKELY = st.fixed_dictionaries(
    {"mailbox": st.sampled_from(["a@b.example", "x", 5]), "messageId": SCALARS, "error": SCALARS},
    optional={
        "mailboxes": st.lists(SCALARS, max_size=3), "id": SCALARS, "occurredAt": SCALARS, "tenantId": SCALARS, "x": JSON_VALUES,
    },
)  # fmt: skip
WRAPPED = st.one_of(LIKELY, st.lists(LIKELY, max_size=3)).flatmap(
    lambda inner: st.sampled_from([inner, {**CLOUD, "data": inner}, {**GRID, "data": inner}, {**CLOUD, "data": json.dumps(inner)}])
)  # fmt: skip


def resolves(value: Any, pointer: str) -> bool:
    """Whether a pointer leads to a place in a value, or to a missing member. JSON in a string counts as its value."""
    parts = pointer.split("/")[1:]
    for index, part in enumerate(parts):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                value = json.loads(base64.b64decode(value))
        last = index == len(parts) - 1
        if isinstance(value, list):
            if not part.isdigit() or int(part) >= len(value):
                return False
            value = value[int(part)]
        elif isinstance(value, dict):
            if part not in value:
                return last or parts[index:] == ["message", "mailboxes"]
            value = value[part]
        else:
            return False
    return True


@given(
    value=st.one_of(JSON_VALUES, WRAPPED),
    headers=st.dictionaries(st.sampled_from(["ce-specversion", "ce-id"]), st.text(max_size=4)),
)
def test_any_json_is_accepted_or_refused_with_places_in_it(value: Any, headers: dict[str, str]) -> None:
    body = json.dumps(value).encode()
    try:
        accepted = read_body(body, headers)
    except IntakeError as error:
        assert error.reason in ("not_json", "not_a_failure")
        assert error.problems
        assert all(resolves(value, problem.pointer) and problem.detail for problem in error.problems)
        return
    assert accepted
    for one in accepted:
        assert resolves(value, one.pointer)
        assert one.failure.mailbox
        assert one.failure.message_id or one.failure.internet_message_id
        json.dumps(one.failure.wire(), allow_nan=False)
    assert [one.failure for one in read_body(body, headers)] == [one.failure for one in accepted]


@given(LIKELY, st.dictionaries(st.text(max_size=6), JSON_VALUES, max_size=4))
def test_an_accepted_failure_keeps_its_unknown_fields(failure: dict[str, Any], extra: dict[str, Any]) -> None:
    unknown = {f"x-{name}": value for name, value in extra.items()}
    try:
        accepted = read({**BARE, **failure, **unknown})
    except IntakeError:
        return
    for one in accepted:
        assert {name: one.failure.raw[name] for name in unknown} == unknown


@given(st.binary(max_size=60))
def test_any_bytes_raise_nothing_else(body: bytes) -> None:
    for act in (read_body, validation_code):
        try:
            act(body)
        except IntakeError as error:
            assert error.problems
