"""Errors reach the host and the log without what they quote."""

from __future__ import annotations

import pytest

from triage.telemetry.errors import PlainError, hide_error_text

SUBJECT = "Your invoice 4711 is overdue"


def test_an_unexpected_error_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(PlainError) as raised, hide_error_text():
        raise KeyError(SUBJECT)
    assert str(raised.value) == "KeyError. See the service's log for where it was raised."
    assert raised.value.__suppress_context__
    assert "in test_an_unexpected_error_is_logged" in caplog.text
    assert SUBJECT not in caplog.text


def test_an_error_in_the_service_s_own_words_stays_as_it_is() -> None:
    with pytest.raises(PlainError, match="in our own words"), hide_error_text():
        raise PlainError("in our own words")
