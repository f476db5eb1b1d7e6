"""One notification when a part of the service stays degraded, and one when it works again."""

from __future__ import annotations

from typing import Any

from tests.notifications.samples import MINUTE, NOW
from triage.notifications.degraded import LASTING, Degraded, follow
from triage.notifications.pending import Occasion

BAD: dict[str, Any] = {"status": "degraded", "reasons": ["unavailable"]}
GOOD: dict[str, Any] = {"status": "ok"}
UNKNOWN: dict[str, Any] = {"status": "unknown"}


def occasions(*checks: tuple[int, dict[str, Any]], part: str = "graph") -> list[tuple[int, Occasion]]:
    """The notifications about a part, and their minutes."""
    known: Degraded | None = None
    found: list[tuple[int, Occasion]] = []
    for minute, check in checks:
        known, occasion = follow(known, part, check, NOW + minute * MINUTE)
        if occasion is not None:
            found.append((minute, occasion))
    return found


def test_it_is_reported_once_it_has_lasted_and_when_it_is_over() -> None:
    found = occasions((0, BAD), (5, BAD), (10, BAD), (15, BAD), (20, GOOD), (25, GOOD))
    assert [(minute, one.ended) for minute, one in found] == [(10, False), (20, True)]
    (_, begun), (_, ended) = found
    assert (begun.document["lines"][1:], begun.severity) == (["unavailable"], "high")
    assert begun.document["alert"] == ended.document["alert"], "the end resolves the alert"
    assert begun.number != ended.number, "they are two events"


def test_what_passes_or_is_not_known_is_not_reported() -> None:
    assert occasions((0, BAD), (5, GOOD), (10, BAD), (15, GOOD)) == []
    assert [minute for minute, _ in occasions((0, BAD), (5, UNKNOWN), (10, UNKNOWN), (15, BAD))] == [15]
    assert [minute for minute, _ in occasions((0, BAD), (10, BAD), (15, UNKNOWN), (20, BAD))] == [10]


def test_a_repetition_is_the_same_event() -> None:
    known = Degraded("graph", NOW)
    one, other = (follow(known, "graph", BAD, NOW + LASTING + later)[1] for later in (0, MINUTE))
    assert one == other


def test_lacking_permissions_are_named() -> None:
    in_tenants = {"User.Read.All": 2, "Mail.ReadBasic.All": 1}
    rows = [{"permission": name, "tenants": number} for name, number in in_tenants.items()]
    lacking = {"status": "degraded", "lacking": rows}
    ((_, one),) = occasions((0, lacking), (10, lacking), part="permissions")
    assert one.document["lines"][1:] == ["User.Read.All: in 2 tenants", "Mail.ReadBasic.All: in 1 tenant"]
