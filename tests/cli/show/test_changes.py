"""The differences between two triages: what changed, in words."""

from __future__ import annotations

from typing import Any

import pytest

from triage.cli.show.changes import changes
from triage.cli.show.layout import seen


def finding(**message: Any) -> dict[str, Any]:
    return {"cause": "message_present", "message": message, "checks": []}


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("copies", 1, 0, ("1", "0")),
        ("copies", 2, 1, ("2", "1")),
        ("isRead", False, True, ("no", "yes")),
        ("isRead", None, False, ("unknown", "no")),
        ("folder", None, "Invoices", ("unknown", "Invoices")),
    ],
)
def test_a_number_is_not_a_yes_or_no(name: str, old: Any, new: Any, words: tuple[str, str]) -> None:
    assert changes(finding(**{name: old}), finding(**{name: new})) == [(f"message {name}", *words)]


def test_checks_are_compared_by_their_outcomes() -> None:
    def checked(*outcomes: str) -> dict[str, Any]:
        return {"checks": [{"id": "user", "outcome": outcome} for outcome in outcomes]}

    assert changes(checked("pass"), checked("fail", "pass")) == [("check user", "pass", "fail, pass")]
    assert changes(checked(), checked("pass")) == [("check user", "not asked", "pass")]
    assert changes({"alternatives": ["guest_user"]}, {"alternatives": []}) == [("alternatives", "guest_user", "none")]
    assert changes(checked("pass"), checked("pass")) == []


def test_a_check_that_saw_zero_says_so() -> None:
    assert seen({"copies": 0, "hidden": False, "plans": [], "id": "x"}) == "copies 0"
