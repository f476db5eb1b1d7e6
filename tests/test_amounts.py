"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from triage.amounts import amount


@pytest.mark.parametrize(("number", "text"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (1200, "1,200 days")])
def test_amounts(number: int, text: str) -> None:
    assert amount(number, "day") == text


@pytest.mark.parametrize(("number", "text"), [(1, "1 mailbox"), (3, "3 mailboxes")])
def test_a_plural_that_is_given(number: int, text: str) -> None:
    assert amount(number, "mailbox", "mailboxes") == text
