"""Times have one spelling, are exact to the nanosecond, and are in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from triage.intake.failure import RemediationFailure
from triage.wire import Instant, as_datetime, epoch_ns, from_datetime, from_epoch_ns, now

SECOND = 1_000_000_000
MOMENTS = st.integers(0, 253402300799).flatmap(
    lambda seconds: st.integers(0, SECOND - 1).map(lambda fraction: seconds * SECOND + fraction)
)

SPELLINGS = [
    ("2026-11-20T10:11:12.123456789Z", "2026-11-20T10:11:12.123456789Z"),
    ("2026-11-20t10:11:12z", "2026-11-20T10:11:12Z"),
    ("2026-11-20 10:11:12+00:00", "2026-11-20T10:11:12Z"),
    ("  2026-11-20T10:11:12.500Z ", "2026-11-20T10:11:12.5Z"),
    ("2026-11-20T12:11:12+02:00", "2026-11-20T10:11:12Z"),
    ("2026-11-20T04:41:12-05:30", "2026-11-20T10:11:12Z"),
    ("2026-11-20T10:11:12-00:00", "2026-11-20T10:11:12Z"),
    ("2026-11-20T10:11:12.000000000Z", "2026-11-20T10:11:12Z"),
    ("2026-11-20T10:11:12.123456789999Z", "2026-11-20T10:11:12.123456789Z"),
    ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
]


@pytest.mark.parametrize(("text", "canonical"), SPELLINGS)
def test_spellings(text: str, canonical: str) -> None:
    assert from_epoch_ns(epoch_ns(text)) == canonical
    assert TypeAdapter(Instant).validate_python(text) == canonical


@pytest.mark.parametrize("text", [
    "", "now", "2026-11-20", "2026-11-20T10:11:12", "2026-11-20T10:11Z", "20261120T101112Z", "2026-11-20T10:11:12.Z",
    "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T10:60:00Z", "2026-11-20T10:11:61Z",
    "2026-11-20T10:11:12+24:00", "2026-11-20T10:11:12+0200", "2026-11-20T10:11:12+02:60", "2026-11-20T10:11:12 UTC",
    "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-00:01", "٢٠٢٦-11-20T10:11:12Z",
    "2026-11-20T10:11:12.1234567890123456789Z",
])  # fmt: skip
def test_other_texts_are_not_times(text: str) -> None:
    with pytest.raises(ValueError):
        epoch_ns(text)
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_python(text)


@given(MOMENTS)
def test_round_trip(moment: int) -> None:
    text = from_epoch_ns(moment)
    assert epoch_ns(text) == moment
    assert from_epoch_ns(epoch_ns(text)) == text
    assert as_datetime(text) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment // 1000)
    assert from_datetime(as_datetime(text)) == from_epoch_ns(moment // 10**9 * 10**9)


@given(st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1)), st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_an_offset_changes_the_spelling_but_not_the_time(moment: datetime, minutes: int) -> None:
    here = moment.replace(tzinfo=UTC)
    there = here.astimezone(timezone(timedelta(minutes=minutes)))
    assert epoch_ns(there.isoformat()) == epoch_ns(here.isoformat())
    assert as_datetime(there.isoformat()) == here


@given(MOMENTS, MOMENTS)
def test_times_are_in_order(one: int, other: int) -> None:
    """Within one second a longer fraction may sort wrongly as text, so keys are made from numbers."""
    assert (epoch_ns(from_epoch_ns(one)) < epoch_ns(from_epoch_ns(other))) == (one < other)


def test_now_is_to_the_millisecond() -> None:
    before, text = datetime.now(UTC) - timedelta(milliseconds=1), now()
    assert before <= as_datetime(text) <= datetime.now(UTC)
    assert epoch_ns(text) % 1_000_000 == 0


def test_models_write_camel_case_and_read_both() -> None:
    one = RemediationFailure.model_validate({"mailbox": "a@b.example", "messageId": "m", "occurredAt": SPELLINGS[4][0]})
    assert one == RemediationFailure(mailbox="a@b.example", message_id="m", occurred_at=SPELLINGS[4][1])
    assert one.wire()["messageId"] == "m"
    assert one.wire()["occurredAt"] == SPELLINGS[4][1]
