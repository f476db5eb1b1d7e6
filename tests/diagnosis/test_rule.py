"""Rules: one for each cause, with complete sentences."""

from __future__ import annotations

import re

import pytest

from triage.diagnosis.causes import Cause, Confidence
from triage.diagnosis.precedence import RULES
from triage.diagnosis.rule import rule


def test_every_cause_has_a_rule() -> None:
    assert RULES.keys() == set(Cause)


def test_a_cause_has_no_second_rule() -> None:
    there = RULES[Cause.GUEST_USER]
    again = rule(
        there.cause, there.subject, there.confidence, there.severity,
        title="", meaning="", recognized_by="", remedy=(),
    )  # fmt: skip
    with pytest.raises(ValueError, match="guest_user has two rules"):
        again(there.find)
    assert RULES[Cause.GUEST_USER] is there


@pytest.mark.parametrize("cause", Cause)
def test_what_a_rule_says(cause: Cause) -> None:
    one = RULES[cause]
    assert re.fullmatch(r"[A-Z][^.]{9,79}[^.]", one.title)
    for text in (one.meaning, one.recognized_by, *(step.detail for step in one.remedy)):
        assert re.fullmatch(r"[A-Z{].+\.", text), text
    assert one.remedy
    assert not any(step.title.endswith(".") for step in one.remedy)
    assert cause not in one.alternatives


def test_what_is_not_sure_says_what_else_it_could_be() -> None:
    unsure = {cause for cause, one in RULES.items() if one.confidence in (Confidence.PROBABLE, Confidence.POSSIBLE)}
    assert unsure <= {cause for cause, one in RULES.items() if one.could_also_be}
    assert all(RULES[cause].alternatives for cause in unsure if RULES[cause].confidence is Confidence.POSSIBLE)
