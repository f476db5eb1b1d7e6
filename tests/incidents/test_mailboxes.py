"""How many mailboxes an incident has."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.incidents.mailboxes import MOST_EXACT, Mailboxes, mailbox_hash


def hashes(count: int, first: int = 0) -> dict[str, int]:
    return {mailbox_hash(f"person{number}@contoso.com"): 1 for number in range(first, first + count)}


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([1, -1]))))
def test_few_are_counted_exactly_and_can_leave(steps: list[tuple[str, int]]) -> None:
    kept, by_hand = Mailboxes(), Counter[str]()
    for name, number in steps:
        if by_hand[name] + number >= 0:
            by_hand[name] += number
            kept = kept.changed({mailbox_hash(name): number})
    assert kept.count == len(+by_hand)
    assert not kept.estimated
    assert Mailboxes.model_validate(kept.wire()) == kept


def test_it_is_exact_up_to_the_limit() -> None:
    kept = Mailboxes().changed(hashes(MOST_EXACT))
    assert (kept.count, kept.estimated) == (MOST_EXACT, False)
    more = kept.changed(hashes(1, MOST_EXACT))
    assert more.estimated
    assert more.findings == {}


@pytest.mark.parametrize("count", [1001, 3_000, 12_000, 100_000])
def test_many_are_estimated(count: int) -> None:
    kept = Mailboxes()
    for first in range(0, count, 25_000):
        kept = kept.changed(hashes(min(25_000, count - first), first))
    assert kept.estimated
    assert kept.count == pytest.approx(count, rel=0.05)  # three standard errors
    assert kept.changed(hashes(count // 2)) == kept, "none of them is new"
    assert kept.changed(dict.fromkeys(hashes(5), -1)) == kept, "an estimate only grows"
    assert len(kept.model_dump_json()) < 6_000
